import type { ExplanationArrays } from '../batch/arrays.ts';
import type { BatchOptions } from '../batch/batch.ts';
import type { BackgroundFacts, CoverSource, FeatureRow } from '../model/tree-model.ts';
import type { OutputSpace, Perturbation } from '../shapley/explanation.ts';

/** What anybody needs to compute attributions again, by whatever method they were. */
export interface AttributionFacts {
  /** the value function; lime has none, its numbers are coefficients of a line nearby */
  readonly method: Perturbation | 'lime';
  readonly kernel: string;
  readonly version: string;
  readonly modelHash: string | null;
  readonly outputSpace: OutputSpace | 'prediction';
  readonly coverSource: CoverSource;
  readonly background: BackgroundFacts | null;
}

/** Many rows with their attributions. */
export interface ExplainedRows
  extends
    AttributionFacts,
    Pick<ExplanationArrays, 'rows' | 'outputs' | 'features' | 'attributions' | 'scores'> {}

/** Whatever explains many rows: an exact explainer, or `batchOf` a sampled one. */
export interface RowsExplainer {
  readonly explainBatch: (
    rows: readonly FeatureRow[],
    options?: Pick<BatchOptions, 'signal' | 'onProgress'>,
  ) => Promise<ExplainedRows>;
}

/** The facts alone. */
export function attributionFacts(of: AttributionFacts): AttributionFacts {
  const { method, kernel, version, modelHash, outputSpace, coverSource, background } = of;
  return { method, kernel, version, modelHash, outputSpace, coverSource, background };
}

/** One row with its attributions, whoever computed them. */
export interface RowAttributions extends AttributionFacts {
  readonly score: readonly number[];
  readonly baseValue: readonly number[];
  /** [output][feature] */
  readonly attributions: readonly Float64Array[];
  readonly probability?: readonly number[] | null;
}
