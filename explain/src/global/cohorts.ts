import type { ExplanationArrays } from '../batch/arrays.ts';
import { ExplainError } from '../errors.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { meanDifference, momentsOf, shareDifference, wilson } from './intervals.ts';
import type { Estimate } from './intervals.ts';

export interface CohortQuestion {
  readonly explained: Pick<
    ExplanationArrays,
    'rows' | 'outputs' | 'features' | 'attributions' | 'scores'
  >;
  readonly featureNames: readonly string[];
  /** which cohort each row is of, by name; null: of none, and only among the others */
  readonly cohortOf: readonly (string | null)[];
  /** cohorts to compare, in this order; those that there are by default, in order of their names */
  readonly cohorts?: readonly string[];
  /** whether each row is approved; left out where nothing is decided */
  readonly approved?: readonly boolean[];
  /** whose score and attributions; 0 by default */
  readonly output?: number;
}

/** One cohort against all other rows. */
export interface Cohort {
  readonly name: string;
  readonly rows: number;
  readonly others: number;
  readonly meanScore: number;
  readonly scoreDifference: Estimate;
  readonly attributions: readonly {
    readonly feature: string;
    readonly mean: number;
    readonly meanAbsolute: number;
    /** of the mean, cohort less others */
    readonly difference: Estimate;
  }[];
  /** null where nothing is decided */
  readonly approval: {
    readonly approved: number;
    readonly rate: Estimate;
    readonly difference: Estimate;
    /** rate of the cohort by rate of the others; null where no other is approved */
    readonly ratio: number | null;
  } | null;
}

const MOST_COHORTS = 1000;

/**
 * What a model says of cohorts: scores, attributions and approvals of each against all other rows, with 95 % intervals
 * of the differences (Newcombe for rates, normal with unequal variances for means). A difference is no proof of
 * discrimination, nor its absence of fairness: cohorts differ in their features.
 *
 * @throws ExplainError GLOBAL_COHORT when a cohort is empty or has every row, or there are none or over 1,000;
 * GLOBAL_ROWS when labels or approvals are not one for each row, EXPLAIN_OUTPUT
 */
export function compareCohorts(question: CohortQuestion): Cohort[] {
  const { explained, cohortOf, approved, output = 0 } = question;
  for (const [what, list] of Object.entries({ cohortOf, approved }))
    if (list !== undefined && list.length !== explained.rows)
      throw new ExplainError('GLOBAL_ROWS', {
        got: `${list.length} entries of ${what}`,
        want: `one for each of ${explained.rows} rows`,
      });
  if (!Number.isInteger(output) || output < 0 || output >= explained.outputs)
    throw new ExplainError('EXPLAIN_OUTPUT', {
      got: String(output).slice(0, 40),
      want: `0 to ${explained.outputs - 1}`,
    });
  const names = question.cohorts ?? present(cohortOf);
  if (names.length === 0 || names.length > MOST_COHORTS)
    throw new ExplainError('GLOBAL_COHORT', {
      got: `${names.length} cohorts`,
      want: `1 to ${MOST_COHORTS}`,
    });
  return names.map((name) => cohort(question, name, output));
}

/** Labels for a predicate over rows: `name` where it holds, null elsewhere. */
export function cohortWhere(
  rows: readonly FeatureRow[],
  name: string,
  holds: (row: FeatureRow, index: number) => boolean,
): (string | null)[] {
  return rows.map((row, index) => (holds(row, index) ? name : null));
}

function present(cohortOf: readonly (string | null)[]): string[] {
  const names = new Set(cohortOf.filter((name) => name !== null));
  return [...names].sort((a, b) => (a < b ? -1 : 1));
}

function cohort(question: CohortQuestion, name: string, output: number): Cohort {
  const { explained, featureNames, cohortOf, approved } = question;
  const inside: number[] = [];
  const outside: number[] = [];
  cohortOf.forEach((one, row) => (one === name ? inside : outside).push(row));
  if (inside.length === 0 || outside.length === 0)
    throw new ExplainError('GLOBAL_COHORT', {
      got: `${JSON.stringify(name.slice(0, 80))} with ${inside.length} of ${cohortOf.length} rows`,
      want: 'rows in the cohort and beside it',
    });
  const { outputs, features, scores, attributions } = explained;
  const pick = (rows: readonly number[], at: (row: number) => number) =>
    Float64Array.from(rows, at);
  const score = (row: number) => scores[row * outputs + output] as number;
  const ours = momentsOf(pick(inside, score));
  return {
    name,
    rows: inside.length,
    others: outside.length,
    meanScore: ours.mean,
    scoreDifference: meanDifference(ours, momentsOf(pick(outside, score))),
    attributions: featureNames.map((feature, index) => {
      const at = (row: number) =>
        attributions[(row * outputs + output) * features + index] as number;
      const values = pick(inside, at);
      const moments = momentsOf(values);
      return {
        feature,
        mean: moments.mean,
        meanAbsolute: values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length,
        difference: meanDifference(moments, momentsOf(pick(outside, at))),
      };
    }),
    approval: approved === undefined ? null : approvals(approved, inside, outside),
  };
}

function approvals(
  approved: readonly boolean[],
  inside: readonly number[],
  outside: readonly number[],
): Cohort['approval'] {
  const count = (rows: readonly number[]) => rows.filter((row) => approved[row] === true).length;
  const [ours, theirs] = [count(inside), count(outside)];
  return {
    approved: ours,
    rate: { value: ours / inside.length, interval: wilson(ours, inside.length) },
    difference: shareDifference(ours, inside.length, theirs, outside.length),
    ratio: theirs === 0 ? null : ours / inside.length / (theirs / outside.length),
  };
}
