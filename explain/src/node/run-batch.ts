import { batchOf, checkedBatchOptions, chunkOf, outFor } from '../batch/batch.ts';
import type { BatchExplanation, BatchOptions, BatchRows } from '../batch/batch.ts';
import type { ExplanationArrays } from '../batch/arrays.ts';
import { rowSource } from '../batch/rows.ts';
import type { RowSource } from '../batch/rows.ts';
import { ExplainError } from '../errors.ts';
import type { ExplainerThread } from './thread.ts';
import type { WorkerFacts } from './wire.ts';

/** Chunks under way per thread: one is computed while the next one waits. */
const LANES = 2;

/**
 * Deals the rows out in chunks, in order. A refusal or the signal stops the dealing; what is under way is waited for, so that
 * of several refusals the first row's is told and the threads are idle behind it.
 */
export async function runBatch(
  threads: readonly ExplainerThread[],
  facts: WorkerFacts,
  given: BatchRows,
  options: BatchOptions,
): Promise<BatchExplanation> {
  const { signal, onProgress } = checkedBatchOptions(options);
  const chunk = chunkOf(options.chunk);
  const source = rowSource(given, facts.features);
  const out = outFor(facts, source.rows, options.out);
  const failures: unknown[] = [];
  let next = 0;
  let done = 0;
  const lane = async (thread: ExplainerThread): Promise<void> => {
    while (next < source.rows && failures.length === 0 && signal?.aborted !== true) {
      const first = next;
      next = Math.min(source.rows, first + chunk);
      const rows = rowsBetween(source, facts.features, first, next);
      const count = next - first;
      store(await thread.explain(rows, first), out, first);
      done += count;
      onProgress?.({ done, total: source.rows });
    }
  };
  signal?.throwIfAborted();
  for (const thread of threads) thread.hold(true);
  await Promise.all(
    threads.flatMap((thread) =>
      Array.from({ length: LANES }, () => lane(thread).catch((error) => failures.push(error))),
    ),
  );
  for (const thread of threads) thread.hold(false);
  if (failures.length > 0) throw firstOf(failures);
  signal?.throwIfAborted();
  return batchOf(facts, facts.baseValue, out);
}

/** A copy of the rows, to be handed over. @throws ExplainError FEATURE_COUNT that names the row */
function rowsBetween(source: RowSource, features: number, from: number, to: number): Float64Array {
  const rows = new Float64Array((to - from) * features);
  for (let index = from; index < to; index++) {
    const row = source.at(index);
    if (row.length !== features)
      throw new ExplainError('FEATURE_COUNT', {
        got: `${row.length} values`,
        want: `${features}`,
        row: index,
      });
    const start = (index - from) * features;
    for (let i = 0; i < features; i++) rows[start + i] = row[i] ?? NaN;
  }
  return rows;
}

function store(from: ExplanationArrays, out: ExplanationArrays, first: number): void {
  const { outputs, features } = out;
  out.attributions.set(from.attributions, first * outputs * features);
  out.scores.set(from.scores, first * outputs);
  out.margins.set(from.margins, first * outputs);
  out.additivityErrors.set(from.additivityErrors, first);
}

/** Of refusals about rows the first row's; a thread that ended comes before them. */
function firstOf(failures: readonly unknown[]): unknown {
  const place = (error: unknown): number =>
    error instanceof ExplainError ? (error.row ?? -1) : -2;
  return failures.reduce((first, error) => (place(error) < place(first) ? error : first));
}
