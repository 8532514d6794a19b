import { ExplainError } from '../errors.ts';
import type { Explainer } from '../shapley/explanation.ts';

/** Explanations of many rows, row-major: what shap calls `values`, one array for all. */
export interface ExplanationArrays {
  readonly rows: number;
  readonly outputs: number;
  readonly features: number;
  /** [rows × outputs × features], in the output space of the explainer */
  readonly attributions: Float64Array;
  /** [rows × outputs]: what base value and attributions add up to */
  readonly scores: Float64Array;
  /** [rows × outputs]: what the model's own library serves */
  readonly margins: Float64Array;
  /** [rows]: largest error of additivity over the outputs */
  readonly additivityErrors: Float64Array;
}

/** Room for the explanations of `rows` rows, to be used again and again. @throws ExplainError EXPLAIN_ARRAYS */
export function explanationArrays(
  { outputs, features }: Pick<Explainer, 'outputs' | 'features'>,
  rows: number,
): ExplanationArrays {
  const numbers = rows * outputs * Math.max(features, 1);
  if (!Number.isSafeInteger(rows) || rows < 0 || numbers > MAX_NUMBERS)
    throw new ExplainError('EXPLAIN_ARRAYS', {
      got: `${rows} rows of ${outputs} × ${features}`,
      want: `at most ${MAX_NUMBERS} numbers`,
    });
  return {
    rows,
    outputs,
    features,
    attributions: new Float64Array(rows * outputs * features),
    scores: new Float64Array(rows * outputs),
    margins: new Float64Array(rows * outputs),
    additivityErrors: new Float64Array(rows),
  };
}

/** Most numbers of one array: 4 GiB of them. */
const MAX_NUMBERS = 2 ** 29;

/** Refuses arrays of another model, and an index that they have no place for. */
export function checkPlace(
  out: ExplanationArrays,
  { outputs, features }: Pick<Explainer, 'outputs' | 'features'>,
  index: number,
): void {
  const { rows } = out;
  if (
    index >= 0 &&
    index < rows &&
    Number.isInteger(index) &&
    out.outputs === outputs &&
    out.features === features &&
    out.attributions.length === rows * outputs * features &&
    out.scores.length === rows * outputs &&
    out.margins.length === rows * outputs &&
    out.additivityErrors.length === rows
  )
    return;
  throw new ExplainError('EXPLAIN_ARRAYS', {
    got: `place ${index} in arrays of ${rows} × ${out.outputs} × ${out.features}`,
    want: `room for ${outputs} × ${features}`,
  });
}
