import { ExplainError } from '../errors.ts';
import type { PredictOptions } from './predict.ts';

const MAX_SEED = 2 ** 32 - 1;

/** @throws ExplainError EXPLAIN_OPTION when `value` is no whole number within the bounds */
export function wholeOption(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most)
    return value;
  throw new ExplainError('EXPLAIN_OPTION', {
    got: `${name} ${said(value)}`,
    want: `a whole number from ${least} to ${most}`,
  });
}

/** The same of an option that may be left out: null. */
export function wholeOrNull(
  name: string,
  value: unknown,
  least: number,
  most: number,
): number | null {
  return value === undefined ? null : wholeOption(name, value, least, most);
}

/** @throws ExplainError EXPLAIN_OPTION when `value` is no finite number above 0 */
export function positiveOption(name: string, value: unknown): number {
  if (typeof value === 'number' && value > 0 && value < Infinity) return value;
  throw new ExplainError('EXPLAIN_OPTION', {
    got: `${name} ${said(value)}`,
    want: 'a number above 0',
  });
}

export function seedOption(seed: unknown = 0): number {
  return wholeOption('seed', seed, 0, MAX_SEED);
}

export type PredictLimits = Required<PredictOptions>;

export function predictLimits({
  batchRows = 1024,
  timeoutMs = 30_000,
  maxPredictions = 10_000_000,
}: PredictOptions): PredictLimits {
  return {
    batchRows: wholeOption('batchRows', batchRows, 1, 65_536),
    timeoutMs: wholeOption('timeoutMs', timeoutMs, 1, 3_600_000),
    maxPredictions: wholeOption('maxPredictions', maxPredictions, 1, 1e9),
  };
}

function said(value: unknown): string {
  return ['string', 'number'].includes(typeof value) ? String(value).slice(0, 40) : typeof value;
}
