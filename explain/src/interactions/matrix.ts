/**
 * Interaction values of one output while they are summed: `pairs[i * features + j]` for i < j, and the attributions
 * whose rest, after its pairs, is the main effect of a feature.
 */
export interface PairSums {
  readonly features: number;
  readonly pairs: Float64Array;
  readonly attributions: Float64Array;
}

export function newPairSums(features: number): PairSums {
  return {
    features,
    pairs: new Float64Array(features * features),
    attributions: new Float64Array(features),
  };
}

/** Adds to the value that the features `i` and `j`, which differ, share on each side of the diagonal. */
export function addPair({ features, pairs }: PairSums, i: number, j: number, amount: number): void {
  const at = i < j ? i * features + j : j * features + i;
  pairs[at] = (pairs[at] ?? NaN) + amount;
}

export function addAttribution({ attributions }: PairSums, i: number, amount: number): void {
  attributions[i] = (attributions[i] ?? NaN) + amount;
}

/** The symmetric matrix [feature × feature], row-major, whose row sums are the attributions. */
export function matrixOf({ features, pairs, attributions }: PairSums): Float64Array {
  const matrix = new Float64Array(features * features);
  for (let i = 0; i < features; i++) {
    let others = 0;
    for (let j = 0; j < features; j++) {
      if (j === i) continue;
      const value = pairs[i < j ? i * features + j : j * features + i] ?? NaN;
      matrix[i * features + j] = value;
      others += value;
    }
    matrix[i * features + i] = (attributions[i] ?? NaN) - others;
  }
  return matrix;
}
