/**
 * Shapley weights w(s, k) = s! (k - s - 1)! / k! for k = 1..size, 0 <= s < k, at [k * size + s] of the result
 * (length (size + 1) * size): the share of the orders in which exactly `s` of the other k - 1 players come before.
 */
export function shapleyWeights(size: number): Float64Array {
  const weights = new Float64Array((size + 1) * size);
  for (let k = 1; k <= size; k++) {
    let weight = 1 / k;
    weights[k * size] = weight;
    for (let s = 1; s < k; s++) {
      weight = (weight * s) / (k - s);
      weights[k * size + s] = weight;
    }
  }
  return weights;
}
