import { ExplainError } from '../errors.ts';
import { assertCallable, assertObject, assertOptions, said, wrongKind } from '../kinds.ts';
import { explanationFacts } from '../shapley/explanation.ts';
import type { ExplanationFacts, Explainer } from '../shapley/explanation.ts';
import { checkPlace, explanationArrays } from './arrays.ts';
import type { ExplanationArrays } from './arrays.ts';
import { checkAdditivity } from './engine.ts';
import type { RowEngine } from './engine.ts';
import { rowSource } from './rows.ts';
import type { BatchRows, RowSource } from './rows.ts';
import { nextTurn } from './turn.ts';

export type { BatchRows } from './rows.ts';

export interface Progress {
  /** rows explained */
  readonly done: number;
  readonly total: number;
}

export interface BatchOptions {
  /** told after each chunk, in order */
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
  /** rows between two turns of the event loop, 1 to 65,536; 256 by default, as many as go through a tree together */
  readonly chunk?: number;
  /** arrays to write to, of exactly as many rows; new ones by default */
  readonly out?: ExplanationArrays;
}

/** Explanations of many rows and what they have in common. */
export interface BatchExplanation extends ExplanationArrays, ExplanationFacts {
  /** expected score, one per output */
  readonly baseValue: Float64Array;
}

const DEFAULT_CHUNK = 256;
const MAX_CHUNK = 65_536;

export async function explainBatch(
  engine: RowEngine,
  given: BatchRows,
  options: BatchOptions = {},
): Promise<BatchExplanation> {
  const { signal, onProgress } = checkedBatchOptions(options);
  const chunk = chunkOf(options.chunk);
  const source = rowSource(given, engine.features);
  const out = outFor(engine, source.rows, options.out);
  const total = source.rows;
  for (let done = 0; done < total;) {
    signal?.throwIfAborted();
    const end = Math.min(total, done + chunk);
    explainRange(engine, source, out, done, end);
    done = end;
    onProgress?.({ done, total });
    if (done < total) await nextTurn();
  }
  return batchOf(engine.facts, engine.baseValue, out);
}

/** @throws ExplainError EXPLAIN_OPTION */
export function checkedBatchOptions(options: BatchOptions): BatchOptions {
  assertOptions(options);
  assertCallable(options.onProgress, 'onProgress');
  const { signal } = options;
  if (signal !== undefined && typeof (signal as AbortSignal | null)?.throwIfAborted !== 'function')
    throw wrongKind('signal', signal, 'an AbortSignal', 'EXPLAIN_OPTION');
  return options;
}

/** Rows `from` to `to` into the same places of `out`. @throws ExplainError that names the row */
function explainRange(
  engine: RowEngine,
  source: RowSource,
  out: ExplanationArrays,
  from: number,
  to: number,
): void {
  let index = from;
  try {
    if (engine.computeRange === undefined)
      for (; index < to; index++) engine.compute(source.at(index), out, index);
    else engine.computeRange(source, out, from, to);
    for (index = from; index < to; index++) checkAdditivity(engine, out, index);
  } catch (cause) {
    throw cause instanceof ExplainError && cause.row === undefined ? cause.inRow(index) : cause;
  }
}

/** @throws ExplainError EXPLAIN_ARRAYS when `given` has another shape */
export function outFor(
  explainer: Pick<Explainer, 'outputs' | 'features'>,
  rows: number,
  given: ExplanationArrays | undefined,
): ExplanationArrays {
  if (given === undefined) return explanationArrays(explainer, rows);
  assertObject(given, 'out', 'arrays of explanationArrays', 'EXPLAIN_ARRAYS');
  if (given.rows !== rows)
    throw new ExplainError('EXPLAIN_ARRAYS', {
      got: `arrays of ${said(given.rows)} rows`,
      want: `${rows}`,
    });
  if (rows > 0) checkPlace(given, explainer, rows - 1);
  return given;
}

export function batchOf(
  facts: ExplanationFacts,
  baseValue: Float64Array,
  arrays: ExplanationArrays,
): BatchExplanation {
  return { ...arrays, ...explanationFacts(facts), baseValue: Float64Array.from(baseValue) };
}

/** @throws ExplainError EXPLAIN_ROWS */
export function chunkOf(given = DEFAULT_CHUNK): number {
  if (!Number.isInteger(given) || given < 1 || given > MAX_CHUNK)
    throw new ExplainError('EXPLAIN_ROWS', {
      got: `chunks of ${said(given)} rows`,
      want: `1 to ${MAX_CHUNK}`,
    });
  return given;
}
