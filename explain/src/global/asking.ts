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

/** The same number of rows again and again, each time changed in another way. */
export interface Passes {
  /** rows of one pass */
  readonly rows: number;
  readonly passes: number;
  /** numbers a row */
  readonly width: number;
  /** fills the memory of row `index` of a pass, all of it */
  readonly write: (row: Float64Array, index: number, pass: number) => void;
  /** told in order; the memory of the answers is used again */
  readonly done: (answers: PassAnswers, pass: number) => void;
}

/**
 * Asks for all passes as one piece of work, so that progress, time-outs and batches are of the whole.
 *
 * @returns rows asked for
 */
export async function askPasses(
  source: Predict | PredictSource,
  { rows, passes, width, write, done }: Passes,
  options: AskOptions,
): Promise<number> {
  const session = openSession(asSource(source).predict, predictLimits(options), options);
  let values = new Float64Array();
  await session.ask({
    rows: rows * passes,
    width,
    write: (row, index) => {
      const pass = Math.floor(index / rows);
      write(row, index - pass * rows, pass);
    },
    read: (answers, first, count) => {
      const { outputs } = answers;
      if (values.length === 0) values = new Float64Array(rows * outputs);
      for (let i = 0, pass = Math.floor(first / rows), at = first - pass * rows; i < count; i++) {
        for (let output = 0; output < outputs; output++)
          values[at * outputs + output] = answers.values[i * outputs + output] as number;
        if (++at < rows) continue;
        done({ outputs, values }, pass++);
        at = 0;
      }
    },
  });
  return session.counts().predictions;
}

/** Rows side by side in one memory, to copy from row by row. */
export interface Matrix {
  readonly copy: (to: Float64Array, row: number) => void;
}

export function matrixOfRows(rows: readonly FeatureRow[], width: number): Matrix {
  const flat = new Float64Array(rows.length * width);
  rows.forEach((row, index) => flat.set(row, index * width));
  return {
    copy: (to, row) => {
      const start = row * width;
      for (let feature = 0; feature < width; feature++)
        to[feature] = flat[start + feature] as number;
    },
  };
}
