import { ExplainError } from '../errors.ts';
import { assertNumbers, assertObject, isObject, wrongKind } from '../kinds.ts';
import type {
  BackgroundFacts,
  CoverSource,
  FeatureRow,
  Link,
  Prediction,
} from '../model/tree-model.ts';
import type { BatchExplanation, BatchOptions, BatchRows } from '../batch/batch.ts';
import type { ExplanationArrays } from '../batch/arrays.ts';

/**
 * Which game the attributions divide (explained in the README of this package): `tree-path-dependent` averages over the
 * training covers of the tree, `interventional` over background rows, `correlation-dependent` over what the known
 * features of a linear model let expect.
 */
export type Perturbation = 'tree-path-dependent' | 'interventional' | 'correlation-dependent';

/** Unit of score, base value and attributions; `margin` is the model's own sum, before its link. */
export type OutputSpace = 'log-odds' | 'log' | 'probability' | 'margin';

/** What anybody needs to know to compute the same numbers again: part of every explanation. */
export interface ExplanationFacts {
  /** the value function */
  readonly method: Perturbation;
  /** name and version of the algorithm; the same kernel gives the same bytes everywhere */
  readonly kernel: string;
  /** version of this package */
  readonly version: string;
  /** SHA-256 of the model file, in lower-case hexadecimal */
  readonly modelHash: string;
  readonly outputSpace: OutputSpace;
  /** what weighs the branches of a split outside the coalition; `none` where no covers are used */
  readonly coverSource: CoverSource;
  /** the rows that stand for the population; null where the covers of the file do */
  readonly background: BackgroundFacts | null;
}

/** The facts alone, of whatever has them. */
export function explanationFacts(of: ExplanationFacts): ExplanationFacts {
  assertObject(of, 'explanation', 'an explanation or explainer');
  const { method, kernel, version, modelHash, outputSpace, coverSource, background } = of;
  return { method, kernel, version, modelHash, outputSpace, coverSource, background };
}

/** One row explained. */
export interface Explanation extends Prediction, ExplanationFacts {
  /** expected score, one per output */
  readonly baseValue: number[];
  /** [output][feature] */
  readonly attributions: Float64Array[];
  /** largest |baseValue + sum of attributions - score| over the outputs */
  readonly additivityError: number;
}

/** Attributions of one model. Holds scratch memory, so one call at a time: one explainer per worker. */
export interface Explainer extends ExplanationFacts {
  /** numbers in a row and in its attributions per output */
  readonly features: number;
  readonly outputs: number;
  /** expected score over the training covers or the background, one per output */
  readonly baseValue: Float64Array;
  /** bytes of the tables built in advance */
  readonly tableBytes: number;
  /** @throws ExplainError FEATURE_COUNT, FEATURE_MISSING (linear models), EXPLAIN_ADDITIVITY */
  readonly explain: (row: FeatureRow) => Explanation;
  /**
   * The same numbers into place `index` (0 by default) of arrays made by `explanationArrays`, without allocating memory.
   *
   * @throws ExplainError as `explain`, and EXPLAIN_ARRAYS when `out` has no such place or is of another shape
   */
  readonly explainInto: (row: FeatureRow, out: ExplanationArrays, index?: number) => void;
  /**
   * The same numbers for many rows. Lets the event loop turn between chunks; `options.signal` ends it between two chunks,
   * and the promise then rejects with the signal's reason.
   *
   * @throws ExplainError as `explain`, with `row` the index of the row; EXPLAIN_ARRAYS
   */
  readonly explainBatch: (rows: BatchRows, options?: BatchOptions) => Promise<BatchExplanation>;
}

/** Refuse above this times max(1, |baseValue| + Σ|attribution|): what the sum can lose grows with what was summed. */
export const ADDITIVITY_BOUND = 1e-9;

const SPACES: Readonly<Record<Link, OutputSpace>> = {
  logit: 'log-odds',
  log: 'log',
  probability: 'probability',
  identity: 'margin',
  softmax: 'margin',
};

export function outputSpaceOf({ link }: { readonly link: Link }): OutputSpace {
  return SPACES[link];
}

/**
 * How far base value and attributions are from the score, at worst over the outputs.
 *
 * @param attributions [output][feature]
 * @throws ExplainError EXPLAIN_ADDITIVITY above 1e-9·max(1, |baseValue| + Σ|attribution|) of an output, or when anything is no
 * finite number; EXPLAIN_ARGUMENT
 */
export function assertAdditive(
  baseValue: ArrayLike<number>,
  attributions: readonly ArrayLike<number>[],
  score: ArrayLike<number>,
): number {
  assertNumbers(baseValue, 'baseValue');
  assertNumbers(score, 'score');
  assertOutputs(attributions, 'attributions');
  let worst = 0;
  for (let output = 0; output < score.length; output++) {
    const values = attributions[output];
    const base = values === undefined ? NaN : (baseValue[output] ?? NaN);
    const wanted = score[output] ?? NaN;
    let sum = base;
    let size = Math.abs(base);
    for (let feature = 0; feature < (values?.length ?? 0); feature++) {
      sum += values?.[feature] ?? NaN;
      size += Math.abs(values?.[feature] ?? NaN);
    }
    const error = Math.abs(sum - wanted);
    if (!(error <= ADDITIVITY_BOUND * Math.max(1, size) && error < Infinity))
      throw notAdditive(error, size);
    if (error > worst) worst = error;
  }
  return worst;
}

/** @param size  |baseValue| + Σ|attribution| */
export function notAdditive(error: number, size: number): ExplainError {
  return new ExplainError('EXPLAIN_ADDITIVITY', {
    got: `an error of ${error}`,
    want: `${ADDITIVITY_BOUND * Math.max(1, size)} or less`,
  });
}

function assertOutputs(attributions: unknown, what: string): void {
  if (!Array.isArray(attributions)) throw wrongKind(what, attributions, '[output][feature]');
  for (const values of attributions as unknown[]) assertNumbers(values, what);
}

/** @throws ExplainError EXPLAIN_ARGUMENT for what no explainer gave */
export function assertExplanation(explanation: unknown): asserts explanation is Explanation {
  const what = 'explanation';
  assertObject(explanation, what, 'what explain gives');
  const { attributions, background, probability } = explanation;
  for (const name of ['margin', 'score', 'response', 'baseValue'])
    assertNumbers(explanation[name], `${name} of the ${what}`);
  if (probability !== null) assertNumbers(probability, `probability of the ${what}`);
  assertOutputs(attributions, `attributions of the ${what}`);
  if (background !== null && !isObject(background))
    throw wrongKind(`background of the ${what}`, background, '{ id, hash, rows }, or null');
}
