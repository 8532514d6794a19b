import { ExplainError, explanationAt, explainerOf } from '@showcause/explain';
import type { AnyExplainerOptions, Explainer, Explanation, Model } from '@showcause/explain';
import { explainerPool } from '@showcause/explain/node';
import type { ExplainerPool } from '@showcause/explain/node';
import { inRow } from './in-row.ts';

/** Rows that are read, explained and printed together. */
const BLOCK = 1024;
const TURN_MS = 50;

export interface ExplainedRow {
  /** from 0 */
  readonly index: number;
  readonly row: Float64Array;
  readonly explanation: Explanation;
}

/** Explains on this thread, or on `workers` of them with the same bytes. */
export async function openExplainer(
  model: Model,
  bytes: Uint8Array,
  options: AnyExplainerOptions,
  workers: number | undefined,
): Promise<Pick<Explainer, 'explainBatch'> & Partial<Pick<ExplainerPool, 'close'>>> {
  return workers === undefined
    ? explainerOf(model, options)
    : explainerPool({ ...options, model: bytes, workers });
}

/**
 * Explanations of rows, in order, a block at a time, so that memory does not grow with the file. Ends early when the
 * signal is given.
 *
 * @throws ExplainError that says which row, counted from 1
 */
export async function* explainedRows(
  model: Model,
  explainer: Pick<Explainer, 'explainBatch'>,
  rows: AsyncIterable<Float64Array>,
  signal: AbortSignal,
): AsyncGenerator<ExplainedRow> {
  let first = 0;
  const breath = breathing();
  for await (const block of blocks(rows)) {
    if (signal.aborted) return;
    const batch = await explainer.explainBatch(block, { signal }).catch((error: unknown) => {
      if (signal.aborted) return null;
      if (!(error instanceof ExplainError) || error.row === undefined) throw error;
      return inRow(first + error.row, () => {
        throw withoutRow(error);
      });
    });
    if (batch === null) return;
    for (const [i, row] of block.entries()) {
      await breath();
      if (signal.aborted) return;
      yield { index: first + i, row, explanation: explanationAt(model, batch, i) };
    }
    first += block.length;
  }
}

/** Lets the event loop turn now and then: what is asked of a row may take long, and a signal has to be heard. */
function breathing(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < TURN_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    last = performance.now();
  };
}

async function* blocks(rows: AsyncIterable<Float64Array>): AsyncGenerator<Float64Array[]> {
  let block: Float64Array[] = [];
  for await (const row of rows) {
    block.push(row);
    if (block.length < BLOCK) continue;
    yield block;
    block = [];
  }
  if (block.length > 0) yield block;
}

/** The refusal without its place in the block: the file's row is named instead. */
function withoutRow({ code, got, want }: ExplainError): ExplainError {
  return new ExplainError(code, { got, ...(want === undefined ? {} : { want }) });
}
