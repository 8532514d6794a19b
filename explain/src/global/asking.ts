import { predictLimits } from '../agnostic/options.ts';
import { asSource } from '../agnostic/predict-of.ts';
import type { PredictSource } from '../agnostic/predict-of.ts';
import type { Predict, PredictOptions, RunOptions } from '../agnostic/predict.ts';
import { openSession } from '../agnostic/session.ts';
import type { FeatureRow } from '../model/tree-model.ts';

export interface AskOptions extends PredictOptions, RunOptions {}

/** Answers to all rows of one pass, row-major [rows × outputs]. */
export interface PassAnswers {
  readonly outputs: number;
  readonly values: Float64Array;
}

/** The same rows again and again, each time changed in another way. */
export interface Passes {
  /** the rows as they are, side by side */
  readonly rows: Float64Array;
  /** numbers a row */
  readonly width: number;
  readonly passes: number;
  /** changes a copy of the rows `from` to `to` that begins at place `at` of `memory` */
  readonly change: (memory: Float64Array, at: number, span: Span) => void;
  /** told in order; the memory of the answers is used again */
  readonly done: (answers: PassAnswers, pass: number) => void;
}

/** Some rows of one pass. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly pass: number;
}

/**
 * Asks for all passes as one piece of work, so that progress, time-outs and batches are of the whole.
 *
 * @returns rows asked for
 */
export async function askPasses(
  source: Predict | PredictSource,
  { rows, width, passes, change, done }: Passes,
  options: AskOptions,
): Promise<number> {
  const session = openSession(asSource(source).predict, predictLimits(options), options);
  const count = rows.length / width;
  let values = new Float64Array();
  await session.ask({
    rows: count * passes,
    width,
    fill: (memory, first, most) => {
      for (const span of spansOf(first, most, count)) {
        const at = (span.pass * count + span.from - first) * width;
        memory.set(rows.subarray(span.from * width, span.to * width), at);
        change(memory, at, span);
      }
    },
    read: (answers, first, most) => {
      const { outputs } = answers;
      if (most === count && answers.values instanceof Float64Array)
        return done({ outputs, values: answers.values }, first / count);
      if (values.length === 0) values = new Float64Array(count * outputs);
      for (const { from, to, pass } of spansOf(first, most, count)) {
        const begin = (pass * count + from - first) * outputs;
        for (let i = 0; i < (to - from) * outputs; i++)
          values[from * outputs + i] = answers.values[begin + i] as number;
        if (to === count) done({ outputs, values }, pass);
      }
    },
  });
  return session.counts().predictions;
}

/** Rows `first` and on of all passes together, pass by pass. */
function spansOf(first: number, most: number, count: number): Span[] {
  const spans: Span[] = [];
  for (let row = first; row < first + most;) {
    const pass = Math.floor(row / count);
    const from = row - pass * count;
    const to = Math.min(count, from + first + most - row);
    spans.push({ from, to, pass });
    row += to - from;
  }
  return spans;
}

/** Rows side by side in one memory. */
export function flatRows(rows: readonly FeatureRow[], width: number): Float64Array {
  const flat = new Float64Array(rows.length * width);
  rows.forEach((row, index) => flat.set(row, index * width));
  return flat;
}
