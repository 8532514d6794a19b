import { describe, expect, test } from '@jest/globals';
import { inverse, Matrix } from 'ml-matrix';
import {
  kernelExplainer,
  limeTabular,
  occlusion,
  permutationExplainer,
  samplingExplainer,
} from '../src/index.ts';
import type { Predict } from '../src/index.ts';
import { leastSamples, strataOf } from '../src/agnostic/kernel/strata.ts';
import { fitRidge } from '../src/agnostic/lime/ridge.ts';
import { seededRandom } from '../src/numeric/random.ts';
import { largestDifference } from './support.ts';
import type { Opener } from './agnostic-support.ts';

/** 1 where the first `deciding` features are 1: most draws see no feature change anything. */
const and =
  (deciding: number): Predict =>
  (rows) =>
    rows.map((row) => (row.subarray(0, deciding).every((value) => value === 1) ? 1 : 0));

describe('what no draw has shown', () => {
  test.each<[string, Opener, number]>([
    ['permutation', permutationExplainer, 15],
    ['permutation', permutationExplainer, 4],
    ['sampling', samplingExplainer, 15],
  ])(
    'is in the bounds of the %s explainer: %# holds at least 92 %% of an AND',
    async (name, open, deciding) => {
      const [features, seeds] = [20, 40];
      let inside = 0;
      for (let seed = 0; seed < seeds; seed++) {
        const samples = name === 'sampling' ? { samples: 2000 } : {};
        const background = [new Array<number>(features).fill(0)];
        const explainer = await open(and(deciding), { background, seed, ...samples });
        const found = await explainer.explain(new Array<number>(features).fill(1));
        found.attributions[0]?.forEach((value, i) => {
          const want = i < deciding ? 1 / deciding : 0;
          if (Math.abs(value - want) <= (found.bounds95[0]?.[i] ?? NaN)) inside++;
        });
      }
      expect(inside / seeds / features).toBeGreaterThanOrEqual(0.92);
    },
  );

  test.each([
    ['two', 2],
    ['four', 4],
  ])('is in the bounds of %s orders that agree', async (_name, orders) => {
    const [features, deciding, seeds] = [5, 3, 120];
    let [inside, agreed] = [0, 0];
    for (let seed = 0; seed < seeds; seed++) {
      const explainer = await permutationExplainer(and(deciding), {
        background: [new Array<number>(features).fill(0)],
        samples: 2 * (features - 1) * orders,
        seed,
      });
      const found = await explainer.explain(new Array<number>(features).fill(1));
      const values = Array.from(found.attributions[0] ?? []);
      if (values.every((value) => [0, 0.5].includes(value))) agreed++;
      values.forEach((value, i) => {
        const want = i < deciding ? 1 / deciding : 0;
        if (Math.abs(value - want) <= (found.bounds95[0]?.[i] ?? NaN)) inside++;
      });
    }
    expect(agreed).toBeGreaterThan(0);
    expect(inside / seeds / features).toBeGreaterThanOrEqual(0.95);
  });

  test('two orders of features that act alone are exact, and say so', async () => {
    const sum: Predict = (rows) => rows.map(([a = NaN, b = NaN, c = NaN]) => a + 2 * b + 4 * c);
    const explainer = await permutationExplainer(sum, { background: [[0, 0, 0]], samples: 8 });
    const { bounds95 } = await explainer.explain([1, 1, 1]);
    expect(Array.from(bounds95[0] ?? [])).toEqual([0, 0, 0]);
  });

  test.each([
    [10, 4],
    [12, 3],
  ])(
    'KernelSHAP of 500 coalitions: bounds hold 95 %% of an AND of %i features, %i deciding',
    async (features, deciding) => {
      const seeds = 400;
      let inside = 0;
      for (let seed = 0; seed < seeds; seed++) {
        const background = [new Array<number>(features).fill(0)];
        const options = { background, samples: 500, seed };
        const explainer = await kernelExplainer(and(deciding), options);
        const found = await explainer.explain(new Array<number>(features).fill(1));
        found.attributions[0]?.forEach((value, i) => {
          const want = i < deciding ? 1 / deciding : 0;
          if (Math.abs(value - want) <= (found.bounds95[0]?.[i] ?? NaN) + 1e-12) inside++;
        });
      }
      // A seed's features err together: 400 of them are known to about one in a hundred.
      expect(inside / seeds / features).toBeGreaterThanOrEqual(0.94);
    },
  );

  test('of a rare row of the background is in the bounds of every feature that it was spread over', async () => {
    const background = Array.from({ length: 400 }, (_, i) => [
      i === 0 ? 1 : 0,
      i % 2,
      i % 3,
      i % 5,
    ]);
    const rare: Predict = (rows) => rows.map(([a = NaN]) => -400 * a);
    for (let seed = 0; seed < 20; seed++) {
      const explainer = await samplingExplainer(rare, { background, seed, samples: 400 });
      const { attributions, bounds95, isExact } = await explainer.explain([0, 0.5, 7, 9]);
      expect(isExact).toBe(false);
      [1, 0, 0, 0].forEach((want, i) =>
        expect(Math.abs((attributions[0]?.[i] ?? NaN) - want)).toBeLessThanOrEqual(
          (bounds95[0]?.[i] ?? NaN) + 1e-9,
        ),
      );
    }
  });
});

describe('sizes', () => {
  const none: Predict = (rows) => new Float64Array(rows.length);

  test.each<[string, Opener, number]>([
    ['kernel', kernelExplainer, 1_000_000],
    ['permutation', permutationExplainer, 100_000_000],
    ['sampling', samplingExplainer, 1_000_000_000],
  ])(
    '%s: more samples than predictions are refused before memory is taken',
    async (_n, open, samples) => {
      const background = Array.from({ length: 20 }, () => new Array<number>(200).fill(0));
      const explainer = await open(none, { background, samples });
      const before = process.memoryUsage().rss;
      await expect(explainer.explain(new Array<number>(200).fill(1))).rejects.toMatchObject({
        code: 'EXPLAIN_OPTION',
      });
      expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
    },
  );

  test('members of coalitions have a limit of their own', async () => {
    const background = [new Array<number>(2000).fill(0)];
    const explainer = await permutationExplainer(none, { background, samples: 1_000_000 });
    await expect(explainer.explain(new Array<number>(2000).fill(1))).rejects.toMatchObject({
      code: 'EXPLAIN_OPTION',
    });
  });

  test.each([210, 300, 400, 512])('of KernelSHAP are enough for %i features', (players) => {
    const least = leastSamples(players);
    expect(() => strataOf(players, least)).not.toThrow();
    expect(least).toBeLessThan(20_000);
  });

  test.each(Array.from({ length: 14 }, (_, i) => i + 2))(
    'of KernelSHAP are all coalitions of %i features from 2^features - 2 on',
    (players) => {
      for (const more of [0, 1, 1000])
        expect(
          strataOf(players, 2 ** players - 2 + more).every(({ tried, all }) => tried === all),
        ).toBe(true);
    },
  );

  test('KernelSHAP takes 220 features by default', async () => {
    const first: Predict = (rows) => rows.map(([a = NaN]) => a);
    const background = [new Array<number>(220).fill(0)];
    const explainer = await kernelExplainer(first, { background });
    const found = await explainer.explain(new Array<number>(220).fill(1));
    expect(found.attributions[0]?.[0]).toBeCloseTo(1, 9);
  });

  test('a batch of large images is a few of them', async () => {
    const image = { height: 512, width: 512, channels: 3, data: new Float64Array(512 * 512 * 3) };
    const sizes: number[] = [];
    const seen: Predict = (rows) => new Float64Array((sizes.push(rows.length), rows.length));
    await occlusion(seen, image, { patch: 128 });
    expect(sizes).toEqual([17]);
    sizes.length = 0;
    await occlusion(seen, image, { patch: 100 });
    expect(sizes).toEqual([21, 16]);
  });
});

function repeated(values: Float64Array, many: number): Float64Array {
  return Float64Array.from(
    { length: values.length * many },
    (_, i) => values[i % values.length] ?? NaN,
  );
}

describe('a ridge regression of many columns', () => {
  const [rows, features] = [400, 150];
  const random = seededRandom(4);
  const data = Float64Array.from({ length: rows * features }, () =>
    random() < 0.5 ? 0 : random(),
  );
  const weights = Float64Array.from({ length: rows }, () => 0.1 + random());
  const target = Float64Array.from({ length: rows }, () => random());
  const near = { rows, features, data, weights, targets: [target] };
  const all = Array.from({ length: features }, (_, i) => i);

  test('has the standard errors of White, by their definition', async () => {
    const [fit] = await fitRidge(near, all, 1);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const x = Matrix.from1DArray(rows, features, data);
    const means = Matrix.rowVector(weights).mmul(x).div(total);
    const centred = x.subRowVector(means);
    const weighted = (by: Float64Array): Matrix =>
      centred.transpose().mmul(centred.clone().mulColumnVector(Array.from(by)));
    const normal = weighted(weights).add(Matrix.eye(features));
    const scores = weights.map((weight, row) => {
      const said = data
        .subarray(row * features, (row + 1) * features)
        .reduce(
          (sum, value, i) => sum + value * (fit?.coefficients[i] ?? NaN),
          fit?.intercept ?? NaN,
        );
      return (weight * ((target[row] ?? NaN) - said)) ** 2;
    });
    const covariance = inverse(normal).mmul(weighted(scores)).mmul(inverse(normal));
    const want = covariance.diagonal().map(Math.sqrt);
    expect(largestDifference(fit?.standardErrors ?? [], want)).toBeLessThanOrEqual(1e-12);
  });

  test('lets others have their turn', async () => {
    const many = 12;
    const wide = {
      rows: rows * many,
      weights: repeated(weights, many),
      data: repeated(data, many),
    };
    let turns = 0;
    const others = setInterval(() => turns++, 0);
    await fitRidge({ features, ...wide, targets: [repeated(target, many)] }, all, 1);
    clearInterval(others);
    expect(turns).toBeGreaterThanOrEqual(2);
  });
});

test('LIME sees a column of equal numbers that are rounded in units of 1', async () => {
  const background = Array.from({ length: 7 }, (_, i) => [0.1, i]);
  const sum: Predict = (rows) => rows.map(([a = NaN, b = NaN]) => a + b);
  const explainer = limeTabular(sum, { background, discretizer: 'none', repeats: 1 });
  const { conditions } = await explainer.explain([0.3, 2]);
  expect(conditions[0]).toEqual({ perDeviation: 1 });
});
