import { ExplainError } from '../errors.ts';
import type { CoverSource, FeatureRow, Prediction } from '../model/tree-model.ts';

/**
 * Which game the attributions divide (explained in the README of this package): `tree-path-dependent` averages over the
 * training covers of the tree, `interventional` over background rows, `correlation-dependent` over what the known
 * features of a linear model let expect.
 */
export type Perturbation = 'tree-path-dependent' | 'interventional' | 'correlation-dependent';

/** One row explained. Unit of base value and attributions: the margin (log-odds for logistic models). */
export interface Explanation extends Prediction {
  readonly method: Perturbation;
  /** name and version of the algorithm; the same kernel gives the same bytes everywhere */
  readonly kernel: string;
  /** version of this package */
  readonly version: string;
  readonly outputSpace: 'margin';
  readonly coverSource: CoverSource;
  /** expected score, one per output */
  readonly baseValue: number[];
  /** [output][feature] */
  readonly attributions: Float64Array[];
  /** largest |baseValue + sum of attributions - score| over the outputs */
  readonly additivityError: number;
}

/** Attributions of one model. Holds scratch memory, so one call at a time: one explainer per worker. */
export interface Explainer {
  readonly method: Perturbation;
  readonly kernel: string;
  readonly version: string;
  readonly outputSpace: 'margin';
  readonly coverSource: CoverSource;
  /** expected score over the training covers or the background, one per output */
  readonly baseValue: Float64Array;
  /** bytes of the tables built in advance */
  readonly tableBytes: number;
  /** @throws ExplainError FEATURE_COUNT, EXPLAIN_ADDITIVITY */
  readonly explain: (row: FeatureRow) => Explanation;
}

/** Refuse above this times max(1, |score|). */
export const ADDITIVITY_BOUND = 1e-9;

/**
 * How far base value and attributions are from the score, at worst over the outputs.
 *
 * @throws ExplainError EXPLAIN_ADDITIVITY above 1e-9·max(1, |score|), or when anything is NaN.
 */
export function assertAdditive(
  baseValue: readonly number[],
  attributions: readonly Float64Array[],
  score: readonly number[],
): number {
  let worst = 0;
  score.forEach((wanted, output) => {
    let sum = baseValue[output] ?? NaN;
    for (const attribution of attributions[output] ?? [NaN]) sum += attribution;
    const error = Math.abs(sum - wanted);
    if (!(error <= ADDITIVITY_BOUND * Math.max(1, Math.abs(wanted))))
      throw new ExplainError('EXPLAIN_ADDITIVITY', {
        got: `an error of ${error}`,
        want: `${ADDITIVITY_BOUND} or less`,
      });
    worst = Math.max(worst, error);
  });
  return worst;
}
