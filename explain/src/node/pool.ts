import { availableParallelism } from 'node:os';
import { checkedBatchOptions } from '../batch/batch.ts';
import type { BatchExplanation, BatchOptions, BatchRows } from '../batch/batch.ts';
import { ExplainError } from '../errors.ts';
import type { AnyExplainerOptions } from '../explainer.ts';
import { assertObject, said } from '../kinds.ts';
import { asBackground, backgroundFacts } from '../model/hash.ts';
import { bytesOf } from '../readers/container.ts';
import type { LoadOptions } from '../readers/options.ts';
import { explanationFacts } from '../shapley/explanation.ts';
import type { ExplanationFacts } from '../shapley/explanation.ts';
import { runBatch } from './run-batch.ts';
import { ExplainerThread } from './thread.ts';
import type { WorkerFacts, WorkerStart } from './wire.ts';

export interface PoolOptions extends AnyExplainerOptions {
  /** the model file's bytes: every thread reads them itself */
  readonly model: Uint8Array;
  readonly load?: LoadOptions;
  /** threads, 1 to 64; as many as the machine runs at once by default. Each holds the tables of the model. */
  readonly workers?: number;
}

/** Threads that explain the rows of one model. The process may end while they are idle. */
export interface ExplainerPool extends ExplanationFacts {
  readonly workers: number;
  readonly features: number;
  readonly outputs: number;
  readonly baseValue: Float64Array;
  /**
   * The same bytes as `explainBatch` of one explainer, whatever the number of threads. Chunks are of 256 rows by default, two under
   * way per thread, so that memory beside rows and result stays bounded. Batches run one after the other.
   *
   * @throws ExplainError as `explainBatch`, about the first row that is refused; EXPLAIN_WORKER when a thread ends
   */
  readonly explainBatch: (rows: BatchRows, options?: BatchOptions) => Promise<BatchExplanation>;
  /** Ends the threads; a batch under way is refused with EXPLAIN_WORKER. */
  readonly close: () => Promise<void>;
}

const MAX_WORKERS = 64;

/** @throws ExplainError as `loadModel` and `explainerOf`, EXPLAIN_WORKER */
export function explainerPool(options: PoolOptions): Promise<ExplainerPool> {
  return startPool(options, new URL('./worker.js', import.meta.url));
}

export async function startPool(options: PoolOptions, script: URL): Promise<ExplainerPool> {
  assertObject(options, 'options', '{ model, perturbation, background }', 'EXPLAIN_OPTION');
  const count = workersOf(options.workers);
  const start = startOf(options);
  const threads = Array.from({ length: count }, () => new ExplainerThread(script, start));
  const close = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.end()));
  };
  let facts: WorkerFacts;
  try {
    [facts] = (await Promise.all(threads.map(({ ready }) => ready))) as [WorkerFacts];
  } catch (error) {
    await close();
    throw error;
  }
  for (const thread of threads) thread.hold(false);
  return poolOf(threads, facts, close);
}

function poolOf(
  threads: readonly ExplainerThread[],
  facts: WorkerFacts,
  close: () => Promise<void>,
): ExplainerPool {
  let last: Promise<unknown> = Promise.resolve();
  const explainBatch = async (
    rows: BatchRows,
    options: BatchOptions,
  ): Promise<BatchExplanation> => {
    const turn = turnAfter(last, checkedBatchOptions(options).signal);
    const next = turn.then(() => runBatch(threads, facts, rows, options));
    last = Promise.allSettled([last, next]).then(() => undefined);
    return next;
  };
  const { features, outputs, baseValue } = facts;
  return Object.freeze({
    ...explanationFacts(facts),
    ...{ workers: threads.length, features, outputs, baseValue, close },
    explainBatch: (rows: BatchRows, options: BatchOptions = {}) => explainBatch(rows, options),
  });
}

/** Resolves when the batches before are through; a signal that comes first is told at once. */
function turnAfter(last: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal?.reason as Error);
    if (signal?.aborted === true) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    void last.then(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
  });
}

/** The background is hashed once, here, and its rows sent as they are. */
function startOf(options: PoolOptions): WorkerStart {
  const { model, load = {}, background, engine, maxTableBytes, perturbation } = options;
  const kernel = {
    perturbation,
    ...(engine === undefined ? {} : { engine }),
    ...(maxTableBytes === undefined ? {} : { maxTableBytes }),
  };
  const explainer =
    background === undefined
      ? kernel
      : {
          ...kernel,
          background: {
            ...backgroundFacts(background),
            rows: asBackground(background).rows.map((row) =>
              Float64Array.from(row, (value) => value ?? NaN),
            ),
          },
        };
  return { model: Uint8Array.from(bytesOf(model)), load, explainer };
}

function workersOf(given = Math.min(availableParallelism(), MAX_WORKERS)): number {
  if (!Number.isInteger(given) || given < 1 || given > MAX_WORKERS)
    throw new ExplainError('EXPLAIN_WORKER', {
      got: `${said(given)} threads`,
      want: `1 to ${MAX_WORKERS}`,
    });
  return given;
}
