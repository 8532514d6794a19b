import { ExplainError } from '../../errors.ts';

/** Pairs of a coalition and its complement, of sizes `size` and players - size. */
export interface Stratum {
  /** the smaller of the two sizes */
  readonly size: number;
  /** how many such pairs there are */
  readonly all: number;
  /** how many are tried */
  readonly tried: number;
  /** what the Shapley kernel gives all of them together */
  readonly weight: number;
}

/** Fewer would not say how much they differ. */
const LEAST = 2;

/**
 * How many pairs of each size are tried: in proportion to the weight of the size in the Shapley kernel; sizes that then
 * have no more pairs than that are tried whole, as shap does for the smallest and largest coalitions. Players >= 2.
 *
 * @param samples coalitions, their complements included
 * @throws ExplainError EXPLAIN_SAMPLES when a size would get fewer than two pairs
 */
export function strataOf(players: number, samples: number): Stratum[] {
  const sizes = sizesOf(players);
  let left = Math.floor(samples / 2);
  // By counting, since shares are rounded: the last size could lack a pair.
  if (left >= sizes.reduce((sum, { all }) => sum + all, 0))
    return sizes.map((one) => ({ ...one, tried: one.all }));
  const whole = new Set<number>();
  for (let before = -1; before !== whole.size;) {
    before = whole.size;
    const share = shareOf(sizes, whole, left);
    for (const { size, all, weight } of sizes)
      if (!whole.has(size) && weight * share >= all && all <= left) {
        whole.add(size);
        left -= all;
        break;
      }
  }
  const share = shareOf(sizes, whole, left);
  const strata = sizes.map((one) => ({
    ...one,
    tried: whole.has(one.size) ? one.all : Math.floor(one.weight * share),
  }));
  if (strata.some(({ tried, all }) => tried < Math.min(LEAST, all)) || !whole.has(1))
    throw new ExplainError('EXPLAIN_SAMPLES', {
      got: `${samples} samples for ${players} features`,
      want: `at least ${leastSamples(players)}`,
    });
  return strata;
}

function sizesOf(players: number): Omit<Stratum, 'tried'>[] {
  return Array.from({ length: Math.floor(players / 2) }, (_, i) => sizeOf(players, i + 1));
}

function sizeOf(players: number, size: number): Omit<Stratum, 'tried'> {
  const isMiddle = 2 * size === players;
  let all = 1;
  for (let i = 0; i < size; i++) all = (all * (players - i)) / (i + 1);
  return {
    size,
    all: isMiddle ? Math.round(all) / 2 : Math.round(all),
    weight: ((isMiddle ? 1 : 2) * (players - 1)) / (size * (players - size)),
  };
}

/** Pairs per unit of weight for the sizes that are not tried whole. */
function shareOf(
  sizes: readonly Omit<Stratum, 'tried'>[],
  whole: ReadonlySet<number>,
  left: number,
): number {
  const rest = sizes.filter(({ size }) => !whole.has(size));
  const weight = rest.reduce((sum, one) => sum + one.weight, 0);
  return weight === 0 ? 0 : left / weight;
}

/** Coalitions that are enough for every size to get two pairs. Players >= 2. */
export function leastSamples(players: number): number {
  const sizes = sizesOf(players);
  const rest = sizes.slice(1);
  const total = rest.reduce((sum, { weight }) => sum + weight, 0);
  const lightest = rest.reduce((least, { weight }) => Math.min(least, weight), Infinity);
  const firstShare = (players * (total + (sizes[0]?.weight ?? 0))) / (sizes[0]?.weight ?? 1);
  const others = rest.length === 0 ? 0 : (LEAST * total) / lightest;
  return 2 * Math.ceil(Math.max(firstShare, players + others)) + 2;
}
