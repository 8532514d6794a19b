import { ExplainError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import type { FeatureRow } from '../model/tree-model.ts';

/** What is known of the features of rows: a loaded model has it all. */
export type FeatureFacts = Pick<Model, 'featureNames' | 'featureTypes' | 'categories'>;

export function isCategorical({ featureTypes }: FeatureFacts, feature: number): boolean {
  return featureTypes[feature] === 'categorical';
}

/** Names as `FeatureFacts` for rows of numbers without categories. */
export function numericFeatures(featureNames: readonly string[]): FeatureFacts {
  return {
    featureNames,
    featureTypes: featureNames.map(() => 'float' as const),
    categories: featureNames.map(() => null),
  };
}

/** Place of a feature, by name or by number. @throws ExplainError FEATURE_UNKNOWN */
export function featureAt({ featureNames }: FeatureFacts, feature: string | number): number {
  const index = typeof feature === 'string' ? featureNames.indexOf(feature) : feature;
  if (!Number.isInteger(index) || index < 0 || index >= featureNames.length)
    throw new ExplainError('FEATURE_UNKNOWN', {
      got: typeof feature === 'string' ? JSON.stringify(feature.slice(0, 80)) : `${feature}`,
    });
  return index;
}

/** Most numbers of one table: 1 GiB of them. */
const MOST_NUMBERS = 2 ** 27;

/** @throws ExplainError GLOBAL_ROWS with fewer rows than `least` or too many numbers, FEATURE_COUNT */
export function checkRows(
  rows: readonly FeatureRow[],
  features: number,
  least = 1,
  what = 'rows',
): void {
  if (rows.length < least || rows.length * Math.max(features, 1) > MOST_NUMBERS)
    throw new ExplainError('GLOBAL_ROWS', {
      got: `${rows.length} ${what} of ${features} features`,
      want: `at least ${least}, at most ${MOST_NUMBERS} numbers`,
    });
  const wrong = rows.findIndex((row) => row.length !== features);
  if (wrong >= 0)
    throw new ExplainError('FEATURE_COUNT', {
      got: `${rows[wrong]?.length ?? 0} values`,
      want: `${features}`,
      row: wrong,
    });
}

/** The values of one feature, in the order of the rows. */
export function columnOf(rows: readonly FeatureRow[], feature: number): Float64Array {
  const column = new Float64Array(rows.length);
  for (let row = 0; row < rows.length; row++) column[row] = rows[row]?.[feature] ?? NaN;
  return column;
}

/** The same with what is not finite as missing, of a feature that has a value. @throws ExplainError GLOBAL_ROWS */
export function presentColumnOf(
  facts: FeatureFacts,
  rows: readonly FeatureRow[],
  feature: number,
): Float64Array {
  const column = columnOf(rows, feature).map((value) => (Number.isFinite(value) ? value : NaN));
  if (column.every(Number.isNaN))
    throw new ExplainError('GLOBAL_ROWS', {
      got: `feature ${JSON.stringify(facts.featureNames[feature]?.slice(0, 80))} always missing or infinite`,
      want: 'a value',
    });
  return column;
}

/** Order of two places by value; missing values come last, equal ones keep their order. */
export function byValue(values: Float64Array, a: number, b: number): number {
  const [x, y] = [values[a] as number, values[b] as number];
  if (Number.isNaN(x) || Number.isNaN(y))
    return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
  return x - y || a - b;
}

/** Values that are there, ascending. */
export function sortedPresent(column: Float64Array): Float64Array {
  return column.filter((value) => !Number.isNaN(value)).sort();
}

/** Each value of an ascending array once. */
export function distinct(sorted: Float64Array): Float64Array {
  return sorted.filter((value, index) => index === 0 || value !== sorted[index - 1]);
}
