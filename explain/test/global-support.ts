import { readFileSync } from 'node:fs';

interface Permuted {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly importances: readonly (readonly number[])[];
}

interface GridAnswer {
  readonly grid: readonly number[];
  readonly average: readonly number[];
  readonly individual: readonly (readonly number[])[];
}

interface TreeAnswer {
  readonly train: number;
  readonly test: number;
  readonly leaves: number;
  readonly predictions: readonly number[];
}

/** What generate_global.py wrote. */
export interface GlobalGolden {
  readonly rows: readonly (readonly number[])[];
  readonly y: readonly number[];
  readonly classes: readonly number[];
  readonly permutations: readonly (readonly number[])[];
  readonly permutation: Readonly<Record<string, Permuted>>;
  readonly scores: Readonly<Record<string, number>>;
  readonly partialDependence: Readonly<Record<'fine' | 'narrow' | 'discrete', GridAnswer>>;
  readonly ale: Readonly<
    Record<
      'x0' | 'x2',
      {
        readonly edges: readonly number[];
        readonly effect: readonly number[];
        readonly size: readonly number[];
      }
    >
  >;
  readonly trees: Readonly<Record<string, TreeAnswer>>;
  readonly treeWithMissing: { readonly train: number };
  readonly treeOfTwo: { readonly test: number };
  readonly classifier: { readonly test: number };
  readonly attributions: readonly (readonly number[])[];
  readonly strongest: readonly number[];
  readonly ks: {
    readonly statistic: number;
    readonly tail: readonly (readonly [x: number, p: number])[];
  };
}

export const globalGolden = JSON.parse(
  readFileSync(new URL('./fixtures/global/answers.golden.json', import.meta.url), 'utf8'),
) as GlobalGolden;

export const goldenRows = globalGolden.rows.map((row) => Float64Array.from(row));

/** The generator's functions, in the same order of operations. */
export function margin([a = NaN, b = NaN, c = NaN, , e = NaN]: ArrayLike<number> &
  Iterable<number>): number {
  return a * c + 0.5 * b - 0.25 * a + 0.125 * e;
}

export function share(row: ArrayLike<number> & Iterable<number>): number {
  const m = margin(row);
  return 0.5 + (0.5 * m) / (1 + Math.abs(m));
}
