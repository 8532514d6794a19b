import { ExplainError } from '../errors.ts';
import { MAX_ENUMERATED, shapleyValues } from '../shapley/enumerate.ts';

/** Below this share of its variance a feature counts as told by those already known. */
const DEPENDENT = 1e-10;

/**
 * Shapley values of `w · x` when what is unknown is expected given what is known, as for a normal distribution
 * (Štrumbelj and Kononenko 2014; shap's `correlation_dependent`, there sampled). They are linear in x: row j of the
 * result T gives φ_j = Σ_i T[j][i] · (x_i − mean_i), row-major M × M. Every coalition of a group of features that are
 * correlated with each other is tried, so a group may hold at most 15.
 *
 * @param covariance row-major M × M, symmetric
 * @throws ExplainError EXPLAIN_TOO_WIDE
 */
export function conditionalTransform(
  weights: Float64Array,
  covariance: Float64Array,
): Float64Array {
  const features = weights.length;
  const transform = new Float64Array(features * features);
  for (const group of correlatedGroups(covariance, features)) {
    if (group.length > MAX_ENUMERATED)
      throw new ExplainError('EXPLAIN_TOO_WIDE', {
        got: `${group.length} features that are correlated with each other`,
        want: `at most ${MAX_ENUMERATED}`,
      });
    const expected = expectations(group, weights, covariance, features);
    group.forEach((input, column) => {
      const values = shapleyValues(group.length, (mask) => expected[mask]?.[column] ?? NaN);
      group.forEach((feature, player) => {
        transform[feature * features + input] = values[player] ?? NaN;
      });
    });
  }
  return transform;
}

/** Features in groups such that no covariance joins two groups. */
function correlatedGroups(covariance: Float64Array, features: number): number[][] {
  const groups: number[][] = [];
  const seen = new Uint8Array(features);
  for (let first = 0; first < features; first++) {
    if (seen[first] === 1) continue;
    const group = [first];
    seen[first] = 1;
    for (const feature of group)
      for (let other = 0; other < features; other++)
        if (seen[other] === 0 && covariance[feature * features + other] !== 0) {
          seen[other] = 1;
          group.push(other);
        }
    groups.push(group.sort((a, b) => a - b));
  }
  return groups;
}

/** By coalition: what one unit of each known feature of the group adds to the expected w · x. */
function expectations(
  group: readonly number[],
  weights: Float64Array,
  covariance: Float64Array,
  features: number,
): Float64Array[] {
  const size = group.length;
  const own = Float64Array.from({ length: size * size }, (_, at) => {
    const [row, column] = [group[Math.floor(at / size)] ?? 0, group[at % size] ?? 0];
    return covariance[row * features + column] ?? NaN;
  });
  return Array.from({ length: 2 ** size }, (_, mask) => {
    const swept = sweep(own, size, mask);
    return Float64Array.from({ length: size }, (_, known) => {
      if (((mask >> known) & 1) === 0) return 0;
      let total = weights[group[known] ?? 0] ?? NaN;
      for (let unknown = 0; unknown < size; unknown++)
        if (((mask >> unknown) & 1) === 0)
          total += (weights[group[unknown] ?? 0] ?? NaN) * (swept[unknown * size + known] ?? NaN);
      return total;
    });
  });
}

/**
 * The sweep operator (Goodnight 1979) on the features of `mask`: entry [unknown][known] of the result is the
 * regression coefficient of the unknown feature on the known one. A known feature that the others already determine is
 * passed over.
 */
function sweep(covariance: Float64Array, size: number, mask: number): Float64Array {
  const a = Float64Array.from(covariance);
  const passed = new Uint8Array(size);
  for (let k = 0; k < size; k++) {
    if (((mask >> k) & 1) === 0) continue;
    const pivot = a[k * size + k] ?? NaN;
    if (!(pivot > DEPENDENT * (covariance[k * size + k] ?? NaN))) {
      passed[k] = 1;
      continue;
    }
    sweepOne(a, size, k, pivot);
  }
  for (let k = 0; k < size; k++)
    if (passed[k] === 1) for (let row = 0; row < size; row++) a[row * size + k] = 0;
  return a;
}

function sweepOne(a: Float64Array, size: number, k: number, pivot: number): void {
  const row = a.slice(k * size, (k + 1) * size).map((value) => value / pivot);
  for (let i = 0; i < size; i++) {
    if (i === k) continue;
    const factor = a[i * size + k] ?? NaN;
    for (let j = 0; j < size; j++)
      a[i * size + j] = (a[i * size + j] ?? NaN) - factor * (row[j] ?? NaN);
    a[i * size + k] = factor / pivot;
  }
  for (let j = 0; j < size; j++) a[k * size + j] = row[j] ?? NaN;
  a[k * size + k] = 1 / pivot;
}
