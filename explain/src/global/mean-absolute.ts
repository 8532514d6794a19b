import type { ExplanationArrays } from '../batch/arrays.ts';
import { ExplainError } from '../errors.ts';
import { featureAt, numericFeatures } from './features.ts';

/** Names of groups, each with the features whose attributions are summed before they are counted. */
export type FeatureGroups = Readonly<Record<string, readonly string[]>>;

/** How much one feature, or group of them, counts over many rows. */
export interface Importance {
  readonly name: string;
  /** names of the features: one of its own, or those of the group */
  readonly features: readonly string[];
  /** mean |attribution| per output: what shap's bar plot draws */
  readonly meanAbsolute: readonly number[];
  /** mean attribution per output: 0 where pushes to both sides cancel */
  readonly mean: readonly number[];
  /** rows in which it counts at all, per output */
  readonly nonzero: readonly number[];
}

/**
 * Mean absolute attribution of each feature in the order of the model. With `groups` the features of a group stand
 * together: their attributions are summed per row first, so that pushes against each other cancel, as they do for the
 * person; features that no group names stand for themselves.
 *
 * @throws ExplainError GLOBAL_ROWS without rows, FEATURE_COUNT when names and attributions differ in number,
 * FEATURE_UNKNOWN, EXPLAIN_OPTION for a feature in two groups
 */
export function meanAbsoluteAttributions(
  given: Pick<ExplanationArrays, 'rows' | 'outputs' | 'features' | 'attributions'>,
  featureNames: readonly string[],
  groups: FeatureGroups = {},
): Importance[] {
  if (given.rows < 1)
    throw new ExplainError('GLOBAL_ROWS', { got: '0 explained rows', want: 'at least one' });
  if (featureNames.length !== given.features)
    throw new ExplainError('FEATURE_COUNT', {
      got: `${featureNames.length} names`,
      want: `${given.features}`,
    });
  return membersOf(featureNames, groups).map(([name, members]) => ({
    name,
    features: members.map((feature) => featureNames[feature] as string),
    ...countsOf(given, members),
  }));
}

function membersOf(
  featureNames: readonly string[],
  groups: FeatureGroups,
): (readonly [name: string, members: readonly number[]])[] {
  const facts = numericFeatures(featureNames);
  const grouped = Object.entries(groups).map(
    ([name, features]) => [name, features.map((one) => featureAt(facts, one))] as const,
  );
  const taken = grouped.flatMap(([, members]) => members);
  const twice = taken.find((feature, index) => taken.indexOf(feature) !== index);
  if (twice !== undefined)
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `${JSON.stringify(featureNames[twice])} in groups twice`,
      want: 'each feature in one group',
    });
  const alone = featureNames.flatMap((name, feature) =>
    taken.includes(feature) ? [] : [[name, [feature]] as const],
  );
  return [...grouped, ...alone];
}

function countsOf(
  { rows, outputs, features, attributions }: Parameters<typeof meanAbsoluteAttributions>[0],
  members: readonly number[],
): Omit<Importance, 'name' | 'features'> {
  const absolute = new Float64Array(outputs);
  const signed = new Float64Array(outputs);
  const nonzero = new Float64Array(outputs);
  for (let row = 0; row < rows; row++)
    for (let output = 0; output < outputs; output++) {
      const first = (row * outputs + output) * features;
      let sum = 0;
      for (const feature of members) sum += attributions[first + feature] as number;
      absolute[output] = (absolute[output] as number) + Math.abs(sum);
      signed[output] = (signed[output] as number) + sum;
      if (sum !== 0) nonzero[output] = (nonzero[output] as number) + 1;
    }
  return {
    meanAbsolute: Array.from(absolute, (sum) => sum / rows),
    mean: Array.from(signed, (sum) => sum / rows),
    nonzero: Array.from(nonzero),
  };
}
