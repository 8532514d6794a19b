import { ExplainError } from '../errors.ts';
import { asBackground, backgroundFacts } from '../model/hash.ts';
import type { Background } from '../model/hash.ts';
import type { BackgroundFacts, FeatureRow } from '../model/tree-model.ts';

/** Rows that stand for the population, with how much each counts. */
export interface Population {
  /** all of one length */
  readonly rows: readonly Float64Array[];
  /** the same side by side */
  readonly flat: Float64Array;
  /** one per row, their sum is 1 */
  readonly weights: Float64Array;
  readonly features: number;
  readonly facts: BackgroundFacts;
}

const MAX_ROWS = 100_000;
const MAX_FEATURES = 100_000;

/**
 * @param weights one per row, not negative; equal by default. Where given, the hash is that of rows with their weight as
 * one number more.
 * @throws ExplainError EXPLAIN_BACKGROUND, FEATURE_COUNT
 */
export function populationOf(
  given: Background | readonly FeatureRow[],
  weights?: ArrayLike<number>,
): Population {
  const background = asBackground(given);
  const features = background.rows[0]?.length ?? 0;
  if (background.rows.length === 0 || background.rows.length > MAX_ROWS)
    throw refused(`${background.rows.length} rows`, `1 to ${MAX_ROWS}`);
  if (features > MAX_FEATURES) throw refused(`${features} features`, `at most ${MAX_FEATURES}`);
  background.rows.forEach((row, index) => checkWidth(row, features, index));
  const flat = new Float64Array(background.rows.length * features);
  background.rows.forEach((row, index) => flat.set(row, index * features));
  return {
    rows: background.rows.map((_, i) => flat.subarray(i * features, (i + 1) * features)),
    flat,
    weights: shares(background.rows.length, weights),
    features,
    facts: backgroundFacts(weights === undefined ? background : weighted(background, weights)),
  };
}

/** @throws ExplainError FEATURE_COUNT */
export function checkWidth(row: FeatureRow, features: number, index?: number): void {
  if (row.length !== features)
    throw new ExplainError('FEATURE_COUNT', {
      got: `${row.length} values`,
      want: `${features}`,
      ...(index === undefined ? {} : { row: index }),
    });
}

function weighted({ rows, ...rest }: Background, weights: ArrayLike<number>): Background {
  return { ...rest, rows: rows.map((row, i) => [...Array.from(row), weights[i] ?? NaN]) };
}

function shares(rows: number, given?: ArrayLike<number>): Float64Array {
  if (given === undefined) return new Float64Array(rows).fill(1 / rows);
  const weights = Float64Array.from(given);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const isUsable = weights.every((weight) => weight >= 0 && weight < Infinity);
  if (weights.length !== rows || !isUsable || !(total > 0 && total < Infinity))
    throw refused(`${weights.length} weights`, `${rows} of them, none negative, not all 0`);
  return weights.map((weight) => weight / total);
}

function refused(got: string, want: string): ExplainError {
  return new ExplainError('EXPLAIN_BACKGROUND', { got, want });
}
