import type { Random } from '../../numeric/random.ts';
import { places, shuffle } from '../../numeric/shuffle.ts';
import { standardNormal } from '../../numeric/normal.ts';
import { binOf, binsOf, valueAt } from './bins.ts';
import type { Bin } from './bins.ts';

export type Discretizer = 'quartile' | 'decile' | 'none';

/** What a coefficient of a feature is about. */
export type LimeCondition =
  /** the value lies in the row's bin: above the one, at most the other */
  | { readonly above: number; readonly atMost: number }
  /** the category is the row's */
  | { readonly equals: number }
  /** one standard deviation more of the value */
  | { readonly perDeviation: number };

/** How values of one feature are drawn around a row, and what the linear model sees of them. */
export interface Drawer {
  readonly condition: LimeCondition;
  /** what the linear model sees of the row's own value */
  readonly seen: number;
  /** `many` values, and what is seen of each */
  readonly draw: (random: Random, many: number) => Drawn;
}

/** Place i has value values[order[i]], of which seen[order[i]] is seen. */
export interface Drawn {
  readonly order: Int32Array;
  readonly values: Float64Array;
  readonly seen: Float64Array;
}

/** One feature as the training rows have it, for a row's own value. */
export type Column = (own: number) => Drawer;

/** Bins or categories whose own values are kept: all of a usual feature. */
const MOST_KEPT = 16;

/** Values at equal steps of their shares of [0, 1), and which bin or category each is of. */
interface Ranks {
  readonly values: Float64Array;
  readonly kinds: Int32Array;
  /** by the bin or category of the explained row: 1 for each value that is of it too */
  readonly seen: Map<number, Float64Array>;
}

/** The same for each number of rows that is asked for: nearly always one. */
function ranksBy(
  find: (share: number) => { readonly value: number; readonly kind: number },
): (many: number) => Ranks {
  let kept = ranksOfLength(0);
  return (many) => {
    if (kept.values.length === many) return kept;
    kept = ranksOfLength(many);
    for (let rank = 0; rank < many; rank++) {
      const { value, kind } = find((rank + 0.5) / many);
      kept.values[rank] = value;
      kept.kinds[rank] = kind;
    }
    return kept;
  };
}

function ranksOfLength(many: number): Ranks {
  return { values: new Float64Array(many), kinds: new Int32Array(many), seen: new Map() };
}

/**
 * Each value once, in random order: every bin and category as often as its share says (Latin hypercube sampling, McKay et
 * al. 1979), which leaves less to chance than independent draws.
 */
function drawRanks({ values, kinds, seen }: Ranks, home: number, random: Random): Drawn {
  const order = shuffle(places(kinds.length), random);
  const own = seen.get(home) ?? Float64Array.from(kinds, (kind) => Number(kind === home));
  if (seen.size < MOST_KEPT) seen.set(home, own);
  return { order, values, seen: own };
}

/** In bins of the training values: as often as they have rows. */
export function binnedColumn(values: ArrayLike<number>, parts: number): Column {
  const bins = binsOf(values, parts);
  const ranksOf = ranksBy((share) => {
    const found = bins.findIndex(({ upTo }) => share < upTo);
    const kind = found < 0 ? bins.length - 1 : found;
    const low = bins[kind - 1]?.upTo ?? 0;
    const bin = bins[kind] as Bin;
    return { kind, value: valueAt(bin, (share - low) / (bin.upTo - low)) };
  });
  return (own) => {
    const home = binOf(bins, own);
    const { above, atMost } = bins[home] as Bin;
    return {
      condition: { above, atMost },
      seen: 1,
      draw: (random, many) => drawRanks(ranksOf(many), home, random),
    };
  };
}

/** Categories as often as in the training rows. */
export function categoricalColumn(values: ArrayLike<number>): Column {
  const counts = new Map<number, number>();
  for (const value of Array.from(values).sort((a, b) => a - b))
    counts.set(value, (counts.get(value) ?? 0) + 1);
  const categories = [...counts.keys()];
  let below = 0;
  const upTo = categories.map((one) => (below += counts.get(one) ?? 0) / values.length);
  const ranksOf = ranksBy((share) => {
    const found = upTo.findIndex((limit) => share < limit);
    const kind = found < 0 ? categories.length - 1 : found;
    return { kind, value: categories[kind] as number };
  });
  return (own) => ({
    condition: { equals: own },
    seen: 1,
    draw: (random, many) => drawRanks(ranksOf(many), categories.indexOf(own), random),
  });
}

/** From a normal distribution about the mean of the training rows, seen in its standard deviations. */
export function normalColumn(values: ArrayLike<number>): Column {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const squares = all.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  // The mean of equal numbers is rounded: what is left of them is no deviation (scikit-learn's StandardScaler, as lime's).
  const isConstant =
    Math.sqrt(squares / all.length) <= all.length * Math.abs(mean) * Number.EPSILON;
  const deviation = isConstant ? 1 : Math.sqrt(squares / all.length);
  return (own) => ({
    condition: { perDeviation: deviation },
    seen: (own - mean) / deviation,
    draw: (random, many) => {
      const seen = Float64Array.from({ length: many }, () =>
        isConstant ? 0 : standardNormal(random),
      );
      return { order: places(many), seen, values: seen.map((z) => mean + z * deviation) };
    },
  });
}
