import { Turns } from '../batch/turn.ts';
import { ExplainError } from '../errors.ts';
import { checkedAnswers } from './answers.ts';
import type { Answers } from './answers.ts';
import { withinTime } from './within-time.ts';
import type { PredictLimits } from './options.ts';
import type { Predict, RunOptions } from './predict.ts';

/** Many rows to be answered: written a batch at a time, read in order. */
export type Questions = {
  readonly rows: number;
  /** numbers a row */
  readonly width: number;
  /** answers of rows `first` and on */
  readonly read: (answers: Answers, first: number, count: number) => void;
} & (
  | { readonly write: (row: Float64Array, index: number) => void; readonly fill?: never }
  | {
      /** writes `count` rows side by side, from row `first` on */
      readonly fill: (memory: Float64Array, first: number, count: number) => void;
      readonly write?: never;
    }
);

/** Rows of a synchronous predict function between two turns of the event loop: one costs as much as hundreds of rows. */
const ROWS_A_TURN = 8192;

/** A batch of long rows is no larger than 128 MiB, or one row. */
const NUMBERS_A_CALL = 2 ** 24;

/** One piece of work with a predict function: keeps count, and holds it to the number of outputs it first had. */
export interface Session {
  readonly ask: (questions: Questions) => Promise<void>;
  /** @throws ExplainError EXPLAIN_OPTION where so many more rows are too many: before memory is taken for them */
  readonly afford: (rows: number) => void;
  /** calls, and rows in all of them */
  readonly counts: () => { readonly calls: number; readonly predictions: number };
}

/** @param outputs of the model where that is known */
export function openSession(
  predict: Predict,
  limits: PredictLimits,
  { signal, onProgress }: RunOptions,
  outputs: number | null = null,
): Session {
  const controller = new AbortController();
  let [known, calls, predictions] = [outputs, 0, 0];
  const call = async (rows: readonly Float64Array[]): Promise<Answers> => {
    signal?.throwIfAborted();
    calls++;
    predictions += rows.length;
    const answer = await answerOf(predict, rows, { limits, controller, signal });
    const answers = checkedAnswers(answer, rows.length, known);
    known = answers.outputs;
    return answers;
  };
  return {
    counts: () => ({ calls, predictions }),
    afford: (rows) => checkBudget(predictions + rows, limits),
    ask: async ({ rows, width, write, fill, read }) => {
      checkBudget(predictions + rows, limits);
      const { memory, batch } = batchOf(Math.min(batchRows(limits, width), rows), width);
      const turns = new Turns();
      let untilTurn = ROWS_A_TURN;
      try {
        for (let first = 0; first < rows; first += batch.length) {
          const count = Math.min(batch.length, rows - first);
          fill?.(memory, first, count);
          if (write !== undefined)
            for (let i = 0; i < count; i++) write(batch[i] as Float64Array, first + i);
          read(await call(count === batch.length ? batch : batch.slice(0, count)), first, count);
          onProgress?.({ done: first + count, total: rows });
          untilTurn -= count;
          if (untilTurn > 0 || first + count === rows) continue;
          untilTurn = ROWS_A_TURN;
          await turns.next();
        }
      } finally {
        turns.end();
      }
    },
  };
}

/** Rows of one call: as many as are allowed, fewer of long rows. */
function batchRows({ batchRows: most }: PredictLimits, width: number): number {
  return Math.min(most, Math.max(1, Math.floor(NUMBERS_A_CALL / width)));
}

/** Rows side by side in one memory. */
function batchOf(rows: number, width: number): { memory: Float64Array; batch: Float64Array[] } {
  const memory = new Float64Array(rows * width);
  const batch = Array.from({ length: rows }, (_, i) => memory.subarray(i * width, (i + 1) * width));
  return { memory, batch };
}

interface Calling {
  readonly limits: PredictLimits;
  readonly controller: AbortController;
  readonly signal: AbortSignal | undefined;
}

async function answerOf(
  predict: Predict,
  rows: readonly Float64Array[],
  calling: Calling,
): Promise<unknown> {
  try {
    const answer = predict(rows, { signal: calling.controller.signal });
    if (!isPromise(answer)) return answer;
    return await withinTime(answer, calling.limits.timeoutMs, calling.controller, calling.signal);
  } catch (cause) {
    // What stopped the work, and what a model of this package refuses, already say what they are.
    calling.signal?.throwIfAborted();
    if (cause instanceof ExplainError) throw cause;
    throw new ExplainError('PREDICT_FAILED', {
      got: cause instanceof Error ? cause.name : typeof cause,
      cause,
    });
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

function checkBudget(predictions: number, { maxPredictions }: PredictLimits): void {
  if (predictions > maxPredictions)
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `${predictions} predictions for one explanation`,
      want: `at most maxPredictions, ${maxPredictions}: fewer samples or background rows`,
    });
}
