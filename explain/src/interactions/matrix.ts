import type { Tree } from '../model/tree.ts';

/** Features that any tree of an output asks, in their order: others share nothing with anybody. */
export interface UsedFeatures {
  readonly list: readonly number[];
  /** per feature of the model its place in the list; 0 where no tree asks it */
  readonly place: Int32Array;
}

export function usedFeatures(trees: readonly Tree[], features: number): UsedFeatures {
  const isUsed = new Uint8Array(features);
  for (const tree of trees)
    for (let node = 0; node < tree.nodes; node++)
      if (tree.leftChild[node] !== 0) isUsed[tree.feature[node] ?? 0] = 1;
  const list = Array.from(isUsed.keys()).filter((feature) => isUsed[feature] === 1);
  const place = new Int32Array(features);
  list.forEach((feature, index) => (place[feature] = index));
  return { list, place };
}

/**
 * Interaction values of one output while they are summed, by place among the used features: `pairs[i * used + j]` for i < j, and
 * the attributions whose rest, after its pairs, is the main effect of a feature.
 */
export interface PairSums {
  /** of the model */
  readonly features: number;
  readonly used: UsedFeatures;
  readonly pairs: Float64Array;
  readonly attributions: Float64Array;
}

export function newPairSums(features: number, used: UsedFeatures): PairSums {
  const { length } = used.list;
  return {
    features,
    used,
    pairs: new Float64Array(length * length),
    attributions: new Float64Array(length),
  };
}

/** Adds to the value that the features `i` and `j`, which differ, share on each side of the diagonal. */
export function addPair({ used, pairs }: PairSums, i: number, j: number, amount: number): void {
  const { list, place } = used;
  const [one, two] = [place[i] ?? 0, place[j] ?? 0];
  const at = one < two ? one * list.length + two : two * list.length + one;
  pairs[at] = (pairs[at] ?? NaN) + amount;
}

export function addAttribution(
  { used, attributions }: PairSums,
  feature: number,
  amount: number,
): void {
  const at = used.place[feature] ?? 0;
  attributions[at] = (attributions[at] ?? NaN) + amount;
}

/** The symmetric matrix [feature × feature], row-major, whose row sums are the attributions. */
export function matrixOf({ features, used, pairs, attributions }: PairSums): Float64Array {
  const matrix = new Float64Array(features * features);
  const { list } = used;
  list.forEach((feature, i) => {
    let others = 0;
    list.forEach((other, j) => {
      if (j === i) return;
      const value = pairs[i < j ? i * list.length + j : j * list.length + i] ?? NaN;
      matrix[feature * features + other] = value;
      others += value;
    });
    matrix[feature * features + feature] = (attributions[i] ?? NaN) - others;
  });
  return matrix;
}
