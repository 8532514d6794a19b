import { ExplainError } from '../errors.ts';
import { wholeOption } from '../agnostic/options.ts';
import { distinct, sortedPresent } from './features.ts';

export interface GridOptions {
  /** points of the grid, 2 to 1,000; 100 by default, as scikit-learn. A feature of fewer values, or of categories, is asked at each */
  readonly resolution?: number;
  /** where the grid begins and ends, of the values that are there; [0.05, 0.95] by default */
  readonly percentiles?: readonly [from: number, to: number];
}

/**
 * Values to ask a model at, ascending: those of scikit-learn's `partial_dependence`, with missing values left out. A
 * constant feature has a grid of its one value.
 *
 * @throws ExplainError EXPLAIN_OPTION, also when the percentiles are one value; GLOBAL_ROWS when no value is there
 */
export function gridOf(
  column: Float64Array,
  isCategorical: boolean,
  { resolution = 100, percentiles = [0.05, 0.95] }: GridOptions,
): Float64Array {
  wholeOption('resolution', resolution, 2, 1000);
  const [from, to] = percentiles;
  if (!(from >= 0 && from < to && to <= 1))
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `percentiles ${from} and ${to}`.slice(0, 60),
      want: 'two shares from 0 to 1, the lower first',
    });
  const sorted = sortedPresent(column);
  const values = distinct(sorted);
  if (values.length === 0)
    throw new ExplainError('GLOBAL_ROWS', {
      got: 'a feature that is always missing',
      want: 'a value',
    });
  if (isCategorical || values.length < resolution) return values;
  const [low, high] = [plottingQuantile(sorted, from), plottingQuantile(sorted, to)];
  if (Math.abs(low - high) <= 1e-8 + 1e-5 * Math.abs(high))
    throw new ExplainError('EXPLAIN_OPTION', {
      got: 'percentiles at one value',
      want: 'percentiles further apart',
    });
  const step = (high - low) / (resolution - 1);
  return Float64Array.from({ length: resolution }, (_, i) =>
    i === resolution - 1 ? high : i * step + low,
  );
}

/** scipy's `mquantiles` by default: alphap = betap = 0.4. */
function plottingQuantile(sorted: Float64Array, share: number): number {
  const n = sorted.length;
  const place = n * share + 0.4 + share * (1 - 0.4 - 0.4);
  const whole = Math.floor(Math.min(Math.max(place, 1), n - 1));
  const part = Math.min(Math.max(place - whole, 0), 1);
  const low = sorted[whole - 1] as number;
  const high = sorted[whole] as number;
  return (1 - part) * low + part * high;
}
