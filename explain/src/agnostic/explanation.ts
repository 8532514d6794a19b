import type { BackgroundFacts, FeatureRow } from '../model/tree-model.ts';
import type { OutputSpace } from '../shapley/explanation.ts';
import type { RunOptions } from './predict.ts';

/** What anybody needs to compute the same numbers again: the facts of an `Explanation`, and how it was sampled. */
export interface SampledFacts {
  /** the value function: mean prediction over the background for values outside a coalition */
  readonly method: 'interventional';
  /** name and version of the algorithm */
  readonly kernel: string;
  /** version of this package */
  readonly version: string;
  /** SHA-256 of the model file; null where a bare predict function was given */
  readonly modelHash: string | null;
  readonly outputSpace: OutputSpace | 'prediction';
  readonly coverSource: 'none';
  readonly background: BackgroundFacts;
  /** the same seed gives the same bytes, whatever the order of the rows */
  readonly seed: number;
}

/**
 * One row explained with a predict function. It has what plots and tables take of an exact `Explanation`, and how far it
 * may be from the Shapley values that it estimates.
 */
export interface SampledExplanation extends SampledFacts {
  /** the prediction, one per output */
  readonly score: number[];
  /** mean prediction over the background, one per output */
  readonly baseValue: number[];
  /** [output][feature] */
  readonly attributions: Float64Array[];
  /** largest |baseValue + sum of attributions - score| over the outputs: says nothing of the error of each */
  readonly additivityError: number;
  /** every coalition or order was tried: the errors are 0 but for rounding */
  readonly isExact: boolean;
  /** [output][feature]: estimated standard deviation of each attribution over other seeds */
  readonly standardErrors: Float64Array[];
  /** [output][feature]: half of a 95 % interval around each attribution */
  readonly bounds95: Float64Array[];
  /** calls of the predict function for this row, and rows in all of them */
  readonly calls: number;
  readonly predictions: number;
}

/** Attributions of one predict function. */
export interface SampledExplainer extends SampledFacts {
  readonly features: number;
  readonly outputs: number;
  /** mean prediction over the background, one per output */
  readonly baseValue: Float64Array;
  /**
   * @throws ExplainError FEATURE_COUNT, EXPLAIN_SAMPLES, EXPLAIN_OPTION (more predictions than allowed), EXPLAIN_ADDITIVITY
   * (the predict function answers the same row differently), and the PREDICT_ codes
   */
  readonly explain: (row: FeatureRow, options?: RunOptions) => Promise<SampledExplanation>;
}
