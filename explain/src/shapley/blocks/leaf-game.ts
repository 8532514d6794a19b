/*
 * The game of one leaf with value v and k features on its path: a coalition S of features of the row reaches it when the
 * row meets the conditions of S and the background row those of the others. For a row with mask m (the features whose
 * conditions it meets) that is v·share(S) for S ⊆ m and 0 otherwise, where share(S) counts the background rows
 * that meet all of the path outside S. With the Shapley weights w(s) = s!(k-s-1)!/k! the attribution of feature j is
 *
 *   j ∈ m:   v Σ_{S ⊆ m∖j} w(|S|) (share(S∪j) - share(S))
 *   j ∉ m:  -v Σ_{S ⊆ m} w(|S|) share(S)
 *
 * so that every mask is answered by sums over subsets, which k·2^k additions give for all masks at once.
 */

/** Weights w(s, k) at [k * stride + s]. */
export interface Weights {
  readonly weights: Float64Array;
  readonly stride: number;
}

/** How many background rows meet all of the path outside S, for each S: exact, as the counts are whole. */
export function shares(counts: Float64Array): Float64Array {
  const sums = Float64Array.from(counts);
  const full = counts.length - 1;
  for (let bit = 1; bit <= full; bit <<= 1)
    for (let set = 0; set <= full; set++)
      if ((set & bit) === 0) sums[set] = (sums[set] as number) + (sums[set | bit] as number);
  return sums.map((_, coalition) => sums[full & ~coalition] as number);
}

/** Replaces each number by the sum over the subsets of its index, `without` bit left out. */
function sumSubsets(numbers: Float64Array, without: number): void {
  for (let bit = 1; bit < numbers.length; bit <<= 1) {
    if (bit === without) continue;
    for (let set = 0; set < numbers.length; set++)
      if ((set & bit) !== 0)
        numbers[set] = (numbers[set] as number) + (numbers[set ^ bit] as number);
  }
}

/** Attributions of a leaf for every mask of the row: [mask][feature of the path]; `scale` is v by background rows. */
export function attributionsByMask(
  share: Float64Array,
  features: number,
  scale: number,
  { weights, stride }: Weights,
): Float64Array {
  const out = new Float64Array(share.length * features);
  const weight = (set: number): number => weights[features * stride + countBits(set)] as number;
  const full = share.length - 1;
  const lost = share.map((worth, set) => (set === full ? 0 : weight(set) * worth));
  sumSubsets(lost, 0);
  for (let j = 0; j < features; j++) {
    const bit = 1 << j;
    const gained = share.map((worth, set) =>
      (set & bit) === 0 ? weight(set) * ((share[set | bit] as number) - worth) : 0,
    );
    sumSubsets(gained, bit);
    for (let mask = 0; mask <= full; mask++)
      out[mask * features + j] =
        scale * ((mask & bit) === 0 ? -(lost[mask] as number) : (gained[mask ^ bit] as number));
  }
  return out;
}

/**
 * The same attributions in one number per mask. With E(m) = Σ_{S ⊆ m} e(S) and
 * e(S) = share(S) (w(|S|-1) where S is not empty + w(|S|) where S is not the whole path) they are D(m) - E(m∖j) for all
 * j, and as attributions add up to the leaf's change, D(m) = (Σ_j E(m∖j))/k + c(m), c(m) = (v·[m full] - v·share(∅))/k.
 * Written to `out` from `start`: c of masks that are not full, E of those masks, c of the full mask.
 */
export function writeMaskSums(
  share: Float64Array,
  features: number,
  value: number,
  rows: number,
  { weights, stride }: Weights,
  out: Float64Array,
  start: number,
): void {
  const full = share.length - 1;
  const row = features * stride;
  const sums = share.map((worth, set) => {
    const members = countBits(set);
    const before = members === 0 ? 0 : (weights[row + members - 1] as number);
    const after = set === full ? 0 : (weights[row + members] as number);
    return worth * (before + after);
  });
  sumSubsets(sums, 0);
  for (let mask = 0; mask < full; mask++)
    out[start + 1 + mask] = (value / rows) * (sums[mask] as number);
  const atNone = share[0] as number;
  out[start] = (-value * (atNone / rows)) / features;
  out[start + 1 + full] = (value * ((rows - atNone) / rows)) / features;
}

function countBits(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
