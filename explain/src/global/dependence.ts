import type { ExplanationArrays } from '../batch/arrays.ts';
import { ExplainError } from '../errors.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { byValue, checkRows, columnOf, featureAt } from './features.ts';
import type { FeatureFacts } from './features.ts';

/** What shap's `scatter` draws: one feature's values against its attributions, coloured by another feature. */
export interface Dependence {
  readonly feature: string;
  /** value of the feature in each row; NaN is missing */
  readonly values: Float64Array;
  /** its attribution in each row */
  readonly attributions: Float64Array;
  /** the feature whose values go along most with what the feature's own value leaves open; null where none does */
  readonly interaction: { readonly feature: string; readonly values: Float64Array } | null;
  /** strength of each other feature, by which `interaction` is chosen: shap's `approximate_interactions` */
  readonly strengths: Float64Array;
}

/**
 * Dependence of one output's attributions on a feature. The strongest interaction is found as shap does: correlation of
 * attribution and other feature within small runs of rows of like value, summed; all rows are used, where shap samples
 * 10,000. It is a heuristic; `treeInteractions` gives the exact values.
 *
 * @throws ExplainError GLOBAL_ROWS without rows, FEATURE_COUNT, FEATURE_UNKNOWN, EXPLAIN_OUTPUT, EXPLAIN_ARRAYS
 */
export function shapDependence(
  features: FeatureFacts,
  rows: readonly FeatureRow[],
  explained: Pick<ExplanationArrays, 'rows' | 'outputs' | 'features' | 'attributions'>,
  feature: string | number,
  output = 0,
): Dependence {
  const { featureNames } = features;
  checkRows(rows, featureNames.length);
  const index = featureAt(features, feature);
  if (explained.rows !== rows.length || explained.features !== featureNames.length)
    throw new ExplainError('EXPLAIN_ARRAYS', {
      got: `explanations of ${explained.rows} × ${explained.features}`,
      want: `${rows.length} rows of ${featureNames.length} features`,
    });
  if (!Number.isInteger(output) || output < 0 || output >= explained.outputs)
    throw new ExplainError('EXPLAIN_OUTPUT', {
      got: String(output).slice(0, 40),
      want: `0 to ${explained.outputs - 1}`,
    });
  const attributions = Float64Array.from(
    rows,
    (_, row) =>
      explained.attributions[
        (row * explained.outputs + output) * explained.features + index
      ] as number,
  );
  const strengths = interactionStrengths(rows, index, attributions, featureNames.length);
  const best = strengths.reduce(
    (most, strength, other) => (strength > (strengths[most] as number) ? other : most),
    0,
  );
  return {
    feature: featureNames[index] as string,
    values: columnOf(rows, index),
    attributions,
    interaction:
      strengths[best] === 0
        ? null
        : { feature: featureNames[best] as string, values: columnOf(rows, best) },
    strengths,
  };
}

function interactionStrengths(
  rows: readonly FeatureRow[],
  feature: number,
  attributions: Float64Array,
  features: number,
): Float64Array {
  const values = columnOf(rows, feature);
  const order = Array.from(rows.keys()).sort((a, b) => byValue(values, a, b));
  const sorted = Float64Array.from(order, (row) => attributions[row] as number);
  const run = Math.max(Math.min(Math.floor(rows.length / 10), 50), 1);
  return Float64Array.from({ length: features }, (_, other) => {
    if (other === feature) return 0;
    const column = columnOf(rows, other);
    const there = Float64Array.from(order, (row) => column[row] as number);
    const missing = there.map((value) => Number(Number.isNaN(value)));
    return Math.max(strength(sorted, there, run), strength(sorted, missing, run));
  });
}

/** Σ |correlation| over runs; a run with a missing value or without spread says nothing. */
function strength(a: Float64Array, b: Float64Array, run: number): number {
  let sum = 0;
  for (let from = 0; from < a.length; from += run) {
    const one = Math.abs(correlation(a.subarray(from, from + run), b.subarray(from, from + run)));
    if (!Number.isNaN(one)) sum += one;
  }
  return sum;
}

/** Pearson's; NaN without spread. */
function correlation(a: Float64Array, b: Float64Array): number {
  if (isFlat(a) || isFlat(b)) return NaN;
  const n = a.length;
  const meanA = a.reduce((sum, x) => sum + x, 0) / n;
  const meanB = b.reduce((sum, x) => sum + x, 0) / n;
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y] = [(a[i] as number) - meanA, (b[i] as number) - meanB];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

function isFlat(values: Float64Array): boolean {
  return values.every((value) => value === values[0]);
}
