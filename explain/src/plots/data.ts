import { ExplainError } from '../errors.ts';

/** One explained row of one output. */
export interface RowData {
  readonly features: readonly string[];
  /** [feature] */
  readonly attributions: ArrayLike<number>;
  readonly baseValue: number;
  /** the row's own values in words, [feature] */
  readonly values?: readonly string[];
}

/** Many explained rows of one output. */
export interface RowsData {
  readonly features: readonly string[];
  /** [rows × features], row-major */
  readonly attributions: ArrayLike<number>;
  /** the rows, [rows × features], row-major; NaN is missing */
  readonly values: ArrayLike<number>;
  readonly baseValue: number;
}

const MOST_FEATURES = 10_000;
/** Numbers of one plot at most: 10,000 rows of 200 features. */
export const MOST_NUMBERS = 2_000_000;

export function refuse(got: string, want: string): never {
  throw new ExplainError('PLOT_DATA', { got, want });
}

/** @throws ExplainError PLOT_DATA */
export function checkCount(what: string, count: number, least: number, most: number): void {
  if (count < least || count > most) refuse(`${count} ${what}`, `${least} to ${most}`);
}

/** @throws ExplainError PLOT_DATA unless there are `count` numbers, each finite or, where allowed, NaN */
export function checkNumbers(
  what: string,
  values: ArrayLike<number>,
  count: number,
  missing: 'missing allowed' | 'none missing' = 'none missing',
): void {
  if (values.length !== count) refuse(`${values.length} ${what}`, `${count}`);
  for (let at = 0; at < count; at++) {
    const value = values[at];
    if (typeof value !== 'number') refuse(`${what} with something that is no number`, 'numbers');
    if (Number.isFinite(value) || (missing === 'missing allowed' && Number.isNaN(value))) continue;
    refuse(
      `${what} with ${Number.isNaN(value) ? 'NaN' : 'an infinity'} at ${at}`,
      'finite numbers',
    );
  }
}

/** @throws ExplainError PLOT_DATA */
export function checkFeatures(features: readonly string[]): void {
  checkCount('features', features.length, 1, MOST_FEATURES);
  checkWords('features', features);
}

/** @throws ExplainError PLOT_DATA unless each is a text */
export function checkWords(what: string, words: readonly unknown[]): void {
  const stray = words.findIndex((word) => typeof word !== 'string');
  if (stray >= 0) refuse(`${what} with a ${typeof words[stray]} at ${stray}`, 'texts');
}

/** Names of a feature's categories, where it has any. @throws ExplainError PLOT_DATA */
export function checkCategories(categories: readonly string[] | null | undefined): void {
  if (categories === undefined || categories === null) return;
  checkCount('categories', categories.length, 1, MOST_FEATURES);
  checkWords('categories', categories);
}

/** The row's own values in words, where they are given. @throws ExplainError PLOT_DATA */
export function checkValueWords(values: readonly string[] | undefined, count: number): void {
  if (values === undefined) return;
  if (values.length !== count) refuse(`${values.length} values`, `${count}`);
  checkWords('values', values);
}

/** @throws ExplainError PLOT_DATA */
export function checkRow({ features, attributions, baseValue, values }: RowData): void {
  checkFeatures(features);
  checkNumbers('attributions', attributions, features.length);
  checkNumbers('base values', [baseValue], 1);
  checkValueWords(values, features.length);
}

/** How many rows. @throws ExplainError PLOT_DATA */
export function checkRows({ features, attributions, baseValue, values }: RowsData): number {
  checkFeatures(features);
  checkNumbers('base values', [baseValue], 1);
  checkCount('attributions', attributions.length, features.length, MOST_NUMBERS);
  const rows = attributions.length / features.length;
  if (!Number.isInteger(rows))
    refuse(`${attributions.length} attributions`, `a multiple of ${features.length}`);
  checkNumbers('attributions', attributions, attributions.length);
  checkNumbers('values', values, attributions.length, 'missing allowed');
  return rows;
}

/** Mean of |attribution| over the rows, [feature]: what shap calls global importance. */
export function meanSizes({ features, attributions }: RowsData): Float64Array {
  const means = new Float64Array(features.length);
  const rows = attributions.length / features.length;
  for (let at = 0; at < attributions.length; at++) {
    const feature = at % features.length;
    means[feature] = (means[feature] ?? 0) + Math.abs(attributions[at] ?? NaN) / rows;
  }
  return means;
}
