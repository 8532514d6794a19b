import { ExplainError } from '../errors.ts';
import { assertObject, isDoubles, said } from '../kinds.ts';
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
  explainer: Pick<Explainer, 'outputs' | 'features'>,
  rows: number,
): ExplanationArrays {
  assertObject(explainer, 'explainer', 'what treeExplainer gives', 'EXPLAIN_ARRAYS');
  const { outputs, features } = explainer;
  const sizes = [rows, outputs, features];
  if (
    !sizes.every((size) => Number.isSafeInteger(size) && size >= 0) ||
    rows * outputs * Math.max(features, 1) > MAX_NUMBERS
  )
    throw new ExplainError('EXPLAIN_ARRAYS', {
      got: `${said(rows)} rows of ${said(outputs)} × ${said(features)}`,
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
  assertObject(out, 'out', 'arrays of explanationArrays', 'EXPLAIN_ARRAYS');
  const { rows } = out;
  if (
    Number.isSafeInteger(rows) &&
    Number.isInteger(index) &&
    index >= 0 &&
    index < rows &&
    out.outputs === outputs &&
    out.features === features &&
    isDoubles(out.attributions, rows * outputs * features) &&
    isDoubles(out.scores, rows * outputs) &&
    isDoubles(out.margins, rows * outputs) &&
    isDoubles(out.additivityErrors, rows)
  )
    return;
  throw new ExplainError('EXPLAIN_ARRAYS', {
    got: `place ${said(index)} in arrays of ${said(rows)} × ${said(out.outputs)} × ${said(out.features)}`,
    want: `Float64Arrays with room for ${outputs} × ${features}`,
  });
}
