import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  hierarchyOfClustering,
  kernelExplainer,
  partitionExplainer,
  permutationExplainer,
} from '../src/index.ts';
import { binsOf } from '../src/agnostic/lime/bins.ts';
import { localFit } from '../src/agnostic/lime/local-fit.ts';
import { limeWeight } from '../src/agnostic/lime/weights.ts';
import { wordsOf } from '../src/agnostic/lime/words.ts';
import { predictBy } from './agnostic-support.ts';
import type { Score } from './agnostic-support.ts';
import { largestDifference } from './support.ts';

function read<T>(name: string): T {
  const path = new URL(`./fixtures/${name}.golden.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

/** Twin of the function of the same name in generate_agnostic.py. */
const tangled: Score = (row) => {
  let [total, product] = [0, 1];
  for (let i = 0; i < row.length; i++) {
    const value = row[i] ?? NaN;
    total += ((i % 3) + 0.5) * value;
    if (i > 0) total += value * Math.max(0, (row[i - 1] ?? NaN) - 0.2);
    product *= 1 + value / 4;
  }
  return total + product;
};

const pairs: Score = (row) => {
  let total = 0;
  for (let i = 0; i < row.length; i++)
    for (let j = 0; j <= i; j++) total += ((i + 2 * j) % 5) * (row[i] ?? NaN) * (row[j] ?? NaN);
  return total;
};

interface ShapCase {
  readonly background: number[][];
  readonly rows: number[][];
  readonly base: number;
  readonly kernel: number[][];
  readonly permutation: number[][];
  readonly linkage: number[][];
  readonly partition: number[][];
}

describe.each(read<{ cases: ShapCase[] }>('agnostic-shap-0.54.1').cases)(
  'shap 0.54.1, case %#',
  ({ background, rows, base, linkage, ...wanted }) => {
    const explained = [
      ['kernel', () => kernelExplainer(predictBy(tangled), { background })],
      ['permutation', () => permutationExplainer(predictBy(pairs), { background })],
      [
        'partition',
        () =>
          partitionExplainer(predictBy(tangled), {
            background,
            hierarchy: hierarchyOfClustering(linkage),
          }),
      ],
    ] as const;
    test.each(explained)(
      'the %s explainer is within 1e-12 of the score, or of 1',
      async (name, open) => {
        const explainer = await open();
        for (const [i, row] of rows.entries()) {
          const { attributions } = await explainer.explain(row);
          expect(
            largestDifference(attributions[0] ?? [], wanted[name][i] ?? []),
          ).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(tangled(row)), Math.abs(pairs(row))));
        }
        if (name === 'kernel') expect(explainer.baseValue[0]).toBeCloseTo(base, 12);
      },
    );
  },
);

interface Near {
  readonly data: number[][];
  readonly targets: number[];
  readonly weights: number[];
  readonly coefficients: [number, number][];
  readonly intercept: number;
  readonly fidelity: number;
  readonly local: number;
}

interface LimeGolden {
  readonly training: number[][];
  readonly row: number[];
  readonly cases: (Near & { selection: 'none' | 'highest_weights'; discretize: boolean })[];
  readonly bins: Record<'quartile' | 'decile', { borders: number[]; means: number[] }[]>;
  readonly text: Near & { text: string };
  readonly words: string[];
  readonly places: number[][];
}

const lime = read<LimeGolden>('agnostic-lime-0.2.0.1');

/** The linear model of lime's own perturbations. */
async function refit(
  { data, targets }: Near,
  width: number,
  most: number | null,
  distance: (row: number[]) => number,
) {
  const weights = Float64Array.from(data, (row) => limeWeight(distance(row), width));
  const near = {
    rows: data.length,
    features: data[0]?.length ?? 0,
    data: Float64Array.from(data.flat()),
    weights,
    targets: [Float64Array.from(targets)],
  };
  return { weights, fit: await localFit(near, most) };
}

function checkFit(near: Near, { weights, fit }: Awaited<ReturnType<typeof refit>>): void {
  expect(largestDifference(weights, near.weights)).toBeLessThanOrEqual(1e-14);
  for (const [feature, wanted] of near.coefficients)
    expect(fit.coefficients[0]?.[feature]).toBeCloseTo(wanted, 10);
  expect([...(fit.chosen[0] ?? [])].sort((a, b) => a - b)).toEqual(
    near.coefficients.map(([feature]) => feature),
  );
  expect(fit.intercept[0]).toBeCloseTo(near.intercept, 10);
  expect(fit.localFidelity[0]).toBeCloseTo(near.fidelity, 10);
  expect(fit.localPrediction[0]).toBeCloseTo(near.local, 10);
}

describe('lime 0.2.0.1, its own perturbations', () => {
  test.each(lime.cases)('$selection, discretized: $discretize', async (near) => {
    const own = near.data[0] ?? [];
    const distance = (row: number[]): number =>
      Math.sqrt(row.reduce((sum, value, i) => sum + (value - (own[i] ?? NaN)) ** 2, 0));
    const most = near.selection === 'none' ? null : 4;
    checkFit(near, await refit(near, 0.75 * Math.sqrt(own.length), most, distance));
  });

  test('texts', async () => {
    const distance = (row: number[]): number => {
      const kept = row.reduce((sum, value) => sum + value, 0);
      return 100 * (1 - Math.sqrt(kept / row.length));
    };
    checkFit(lime.text, await refit(lime.text, 25, null, distance));
  });

  test('words and their places', () => {
    const { words } = wordsOf(lime.text.text, true);
    expect(words.map(({ text }) => text)).toEqual(lime.words);
    expect(words.map(({ at }) => at)).toEqual(lime.places);
  });

  test.each([
    ['quartile', 4],
    ['decile', 10],
  ] as const)('borders of %ss', (name, parts) => {
    lime.bins[name].forEach(({ borders }, feature) => {
      const values = lime.training.map((row) => row[feature] ?? NaN);
      const bins = binsOf(values, parts);
      const inner = bins.slice(0, -1).map(({ atMost }) => atMost);
      expect(largestDifference(inner, borders)).toBeLessThanOrEqual(1e-12);
    });
  });
});
