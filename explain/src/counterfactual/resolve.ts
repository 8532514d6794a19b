import { ExplainError } from '../errors.ts';
import type { FeatureType } from '../model/tree-model.ts';
import type { CausalConstraint, MutableFeature, MutableFeatures } from './mutable.ts';

/** What the options are checked against. */
export interface FeatureSpace {
  readonly featureNames: readonly string[];
  readonly featureTypes: readonly FeatureType[];
  /** names of the codes of a categorical feature; null otherwise */
  readonly categories: readonly (readonly string[] | null)[];
}

/** A changeable feature of the model. */
export interface ResolvedFeature {
  readonly index: number;
  readonly mutable: MutableFeature;
  readonly step: number | null;
  readonly scale: number;
  /** codes that it may become; null for a number */
  readonly categories: readonly number[] | null;
  /** whether a constraint may ask for a move that the model does not notice */
  readonly movesAtHome: boolean;
}

/** The same with the features' places. */
export interface ResolvedConstraint {
  readonly cause: number;
  readonly moves: CausalConstraint['if']['moves'];
  readonly effect: number;
  readonly required: CausalConstraint['then']['moves'];
}

/**
 * The features in the order of the model.
 *
 * @param spanOf  what one unit of distance is where the options do not say: the range of a feature's values
 * @throws ExplainError COUNTERFACTUAL_OPTIONS: a feature that the model does not have, a category without a list of its
 * codes, a code that it does not have, a direction of a category
 */
export function resolveFeatures(
  space: FeatureSpace,
  { features, constraints }: MutableFeatures,
  spanOf: (index: number) => number,
): ResolvedFeature[] {
  return features
    .map((mutable) => {
      const index = space.featureNames.indexOf(mutable.name);
      if (index < 0) throw refused(mutable.name, 'a feature of the model');
      const type = space.featureTypes[index] ?? 'float';
      if (type === 'categorical' && mutable.categories === null)
        throw refused(mutable.name, 'the list of categories that it may become');
      const bounded = withTypeBounds(mutable, type);
      return {
        index,
        mutable: bounded,
        step: bounded.categories === null ? stepOf(bounded, type) : null,
        scale: bounded.categories === null ? scaleOf(bounded, spanOf(index)) : 1,
        categories: codesOf(space, index, mutable),
        movesAtHome: constraints.some(
          ({ then }) =>
            then.feature === mutable.name && (then.moves === 'up' || then.moves === 'down'),
        ),
      };
    })
    .sort((a, b) => a.index - b.index);
}

/** @throws ExplainError COUNTERFACTUAL_OPTIONS when a category is said to go up or down */
export function resolveConstraints(
  features: readonly ResolvedFeature[],
  constraints: readonly CausalConstraint[],
): ResolvedConstraint[] {
  const indexOf = (name: string, isDirected: boolean): number => {
    const feature = features.find(({ mutable }) => mutable.name === name);
    if (feature === undefined) throw refused(name, 'a changeable feature');
    if (isDirected && feature.categories !== null)
      throw refused(name, 'a number where a constraint says up or down');
    return feature.index;
  };
  return constraints.map(({ if: cause, then }) => ({
    cause: indexOf(cause.feature, cause.moves !== 'any'),
    moves: cause.moves,
    effect: indexOf(then.feature, then.moves !== 'stays'),
    required: then.moves,
  }));
}

function withTypeBounds(mutable: MutableFeature, type: FeatureType): MutableFeature {
  if (type !== 'indicator' || mutable.categories !== null) return mutable;
  return { ...mutable, min: Math.max(mutable.min ?? 0, 0), max: Math.min(mutable.max ?? 1, 1) };
}

function stepOf({ name, step }: MutableFeature, type: FeatureType): number | null {
  if (type === 'float') return step;
  if (step !== null && !Number.isInteger(step)) throw refused(name, 'a whole step: it is counted');
  return step ?? 1;
}

function scaleOf({ scale, min, max }: MutableFeature, span: number): number {
  if (scale !== null) return scale;
  if (min !== null && max !== null && max > min) return max - min;
  return span > 0 ? span : 1;
}

function codesOf(
  space: FeatureSpace,
  index: number,
  { name, categories }: MutableFeature,
): number[] | null {
  if (categories === null) return null;
  const names = space.categories[index] ?? null;
  const codes = categories.map((category) => {
    const code = typeof category === 'number' ? category : (names?.indexOf(category) ?? -1);
    if (code < 0 || (names !== null && code >= names.length))
      throw refused(name, 'categories of the model');
    return code;
  });
  return [...new Set(codes)].sort((a, b) => a - b);
}

function refused(name: string, want: string): ExplainError {
  const shown = JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
  return new ExplainError('COUNTERFACTUAL_OPTIONS', { got: `something else for ${shown}`, want });
}
