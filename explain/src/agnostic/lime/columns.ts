import type { Random } from '../../numeric/random.ts';
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
  /** writes a value, and what is seen of it, to the first two places */
  readonly draw: (random: Random, out: Float64Array) => void;
}

/** One feature as the training rows have it, for a row's own value. */
export type Column = (own: number) => Drawer;

/** In bins of the training values: as often as they have rows. */
export function binnedColumn(values: ArrayLike<number>, parts: number): Column {
  const bins = binsOf(values, parts);
  const last = bins.length - 1;
  const upTo = Float64Array.from(bins, (bin) => bin.upTo);
  return (own) => {
    const home = binOf(bins, own);
    const { above, atMost } = bins[home] as Bin;
    return {
      condition: { above, atMost },
      seen: 1,
      draw: (random, out) => {
        const share = random();
        let bin = 0;
        while (bin < last && share >= (upTo[bin] as number)) bin++;
        out[0] = valueAt(bins[bin] as Bin, random());
        out[1] = bin === home ? 1 : 0;
      },
    };
  };
}

/** Categories as often as in the training rows. */
export function categoricalColumn(values: ArrayLike<number>): Column {
  const counts = new Map<number, number>();
  for (const value of Array.from(values).sort((a, b) => a - b))
    counts.set(value, (counts.get(value) ?? 0) + 1);
  const kinds = [...counts.keys()];
  let below = 0;
  const upTo = kinds.map((kind) => (below += counts.get(kind) ?? 0) / values.length);
  return (own) => ({
    condition: { equals: own },
    seen: 1,
    draw: (random, out) => {
      const share = random();
      const place = upTo.findIndex((limit) => share < limit);
      const value = kinds[place < 0 ? kinds.length - 1 : place] as number;
      out[0] = value;
      out[1] = value === own ? 1 : 0;
    },
  });
}

/** From a normal distribution about the mean of the training rows, seen in its standard deviations. */
export function normalColumn(values: ArrayLike<number>): Column {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const squares = all.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  const deviation = Math.sqrt(squares / all.length) || 1;
  const isConstant = squares === 0;
  return (own) => ({
    condition: { perDeviation: deviation },
    seen: (own - mean) / deviation,
    draw: (random, out) => {
      const z = isConstant ? 0 : standardNormal(random);
      out[0] = mean + z * deviation;
      out[1] = z;
    },
  });
}
