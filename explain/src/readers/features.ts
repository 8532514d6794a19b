import { ExplainError } from '../errors.ts';
import type { FeatureType } from '../model/tree-model.ts';
import type { Tree } from '../model/tree.ts';

/** Per feature, whether any tree splits on it by number or by category: 1 or 0. */
export interface SplitKinds {
  readonly numeric: Uint8Array;
  readonly categorical: Uint8Array;
}

export function splitKinds(trees: readonly Tree[], features: number): SplitKinds {
  const numeric = new Uint8Array(features);
  const categorical = new Uint8Array(features);
  for (const tree of trees)
    for (let node = 0; node < tree.nodes; node++) {
      if (tree.leftChild[node] === 0) continue;
      const kinds = tree.categories[node] === null ? numeric : categorical;
      kinds[tree.feature[node] ?? 0] = 1;
    }
  return { numeric, categorical };
}

export interface LabelledFeatures {
  readonly names: readonly string[];
  readonly types: readonly FeatureType[];
  readonly given: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Names of category codes: the caller's before the file's; FEATURE_UNKNOWN when the caller names another feature. */
export function categoryLabels(
  { names, types, given = {} }: LabelledFeatures,
  stored: readonly (readonly string[] | null)[],
): (readonly string[] | null)[] {
  const stray = Object.keys(given).find((name) => types[names.indexOf(name)] !== 'categorical');
  if (stray !== undefined)
    throw new ExplainError('FEATURE_UNKNOWN', {
      got: 'category names for it',
      want: 'a categorical feature of the model',
    });
  return names.map((name, index) => {
    if (types[index] !== 'categorical') return null;
    return (Object.hasOwn(given, name) ? given[name] : undefined) ?? stored[index] ?? null;
  });
}
