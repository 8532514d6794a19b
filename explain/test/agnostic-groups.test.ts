import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  hierarchyOfClustering,
  hierarchyOfGroups,
  partitionExplainer,
  samplingExplainer,
  shapleyValues,
} from '../src/index.ts';
import type { Hierarchy } from '../src/index.ts';
import { seededRandom } from '../src/numeric/random.ts';
import { enumerated, predictBy, tangled } from './agnostic-support.ts';
import type { Score } from './agnostic-support.ts';
import { largestDifference } from './support.ts';

const random = seededRandom(9);
const draw = (features: number): number[] =>
  Array.from({ length: features }, () => Math.round(16 * random() - 8) / 4);

describe('Owen values', () => {
  test('of one flat group are the Shapley values', async () => {
    const [row, background] = [draw(6), [draw(6), draw(6)]];
    const explainer = await partitionExplainer(predictBy(tangled), {
      background,
      hierarchy: [0, 1, 2, 3, 4, 5],
    });
    const { attributions, isExact } = await explainer.explain(row);
    const want = enumerated(tangled, row, background);
    expect(largestDifference(attributions[0] ?? [], want)).toBeLessThanOrEqual(1e-12);
    expect(isExact).toBe(true);
  });

  test('of a group add up to the Shapley value of the group as one player', async () => {
    const [row, background] = [draw(7), [draw(7), draw(7)]];
    const groups = [[0, 4], [1, 2, 6], [3], [5]];
    const explainer = await partitionExplainer(predictBy(tangled), {
      background,
      hierarchy: [[0, 4], [[1, 2], 6], 3, 5],
    });
    const values = (await explainer.explain(row)).attributions[0] ?? new Float64Array();
    const quotient = shapleyValues(groups.length, (mask) => {
      const inside = groups.flatMap((group, i) => ((mask >> i) & 1 ? group : []));
      const mixed = background.map((other) =>
        tangled(other.map((value, j) => (inside.includes(j) ? (row[j] ?? NaN) : value))),
      );
      return mixed.reduce((sum, value) => sum + value, 0) / mixed.length;
    });
    const sums = groups.map((group) => group.reduce((sum, j) => sum + (values[j] ?? NaN), 0));
    expect(largestDifference(sums, quotient)).toBeLessThanOrEqual(1e-12);
  });

  test('sampled from orders that keep groups together come near the exact ones, within their bounds', async () => {
    const [row, background] = [draw(12), [draw(12)]];
    const hierarchy: Hierarchy = [[0, 1, 2, 3, 4, 5], [6, 7, 8], 9, [10, 11]];
    const open = (samples: number, seed = 0) =>
      partitionExplainer(predictBy(tangled), { background, hierarchy, samples, seed });
    const exact = await (await open(10_000)).explain(row);
    expect(exact.isExact).toBe(true);
    let [inside, all] = [0, 0];
    for (let seed = 0; seed < 100; seed++) {
      const { attributions, bounds95, isExact } = await (await open(440, seed)).explain(row);
      expect(isExact).toBe(false);
      exact.attributions[0]?.forEach((value, j) => {
        const off = Math.abs((attributions[0]?.[j] ?? NaN) - value);
        if (off <= (bounds95[0]?.[j] ?? NaN) + 1e-12) inside++;
        all++;
      });
    }
    expect(inside / all).toBeGreaterThanOrEqual(0.92);
  });

  test('groups have names; features without a group stand alone', () => {
    const names = ['age', 'job', 'rent', 'loan'];
    expect(hierarchyOfGroups({ home: ['rent', 'loan'] }, names)).toEqual([[2, 3], 0, 1]);
    expect(() => hierarchyOfGroups({ a: ['job'], b: ['job'] }, names)).toThrow(
      /"job" in the groups/,
    );
    expect(() => hierarchyOfGroups({ a: ['jobs'] }, names)).toThrow(/"jobs" in the groups/);
  });

  test('a clustering joins each cluster once', () => {
    expect(
      hierarchyOfClustering([
        [0, 2, 0.1, 2],
        [1, 3, 0.5, 3],
      ]),
    ).toEqual([1, [0, 2]]);
    expect(() =>
      hierarchyOfClustering([
        [0, 2],
        [0, 1],
      ]),
    ).toThrow(/cluster 0/);
    expect(() => hierarchyOfClustering([[0, 9]])).toThrow(/cluster 9/);
  });

  test.each<[Hierarchy]>([
    [[0, 1]],
    [[0, 1, 1]],
    [[0, 1, 2, 3]],
    [[0, 1, 2.5]],
    [[0, [1, 'a' as unknown as number]]],
  ])('a hierarchy %j of three features is refused', async (hierarchy) => {
    const opened = partitionExplainer(predictBy(tangled), { background: [[1, 2, 3]], hierarchy });
    await expect(opened).rejects.toMatchObject({ code: 'EXPLAIN_OPTION' });
  });
});

describe('the sampling explainer', () => {
  const background = [draw(8), draw(8), draw(8)];
  const row = draw(8);
  const samples = 1600;

  test('adds up, with a bound that holds the enumerated value in at least 92 % of 400 trials', async () => {
    const truth = enumerated(tangled, row, background, [0.5, 0.25, 0.25]);
    let [inside, all] = [0, 0];
    for (let seed = 0; seed < 400; seed++) {
      const options = { background, samples, seed, weights: [2, 1, 1] };
      const explainer = await samplingExplainer(predictBy(tangled), options);
      const { attributions, bounds95, predictions } = await explainer.explain(row);
      expect(predictions).toBeLessThanOrEqual(samples + 1);
      truth.forEach((value, j) => {
        const off = Math.abs((attributions[0]?.[j] ?? NaN) - value);
        if (off <= (bounds95[0]?.[j] ?? NaN) + 1e-12) inside++;
        all++;
      });
    }
    expect(inside / all).toBeGreaterThanOrEqual(0.92);
  });

  test('gives nothing to a feature that is not used, and the same bytes for a seed', async () => {
    const score: Score = (x) => tangled(Array.from(x).slice(0, 7));
    const open = (seed: number) =>
      samplingExplainer(predictBy(score), { background, samples, seed });
    const [a, b, c] = [
      await (await open(1)).explain(row),
      await (await open(1)).explain(row),
      await (await open(2)).explain(row),
    ];
    expect(a).toEqual(b);
    expect(a.attributions).not.toEqual(c.attributions);
    expect(Math.abs(a.attributions[0]?.[7] ?? NaN)).toBe(0);
  });

  test('too few samples are refused with how many are enough', async () => {
    const explainer = await samplingExplainer(predictBy(tangled), { background, samples: 20 });
    await expect(explainer.explain(row)).rejects.toThrow(/want at least 128/);
  });

  test('of a model of sums is exact', async () => {
    const sum: Score = (x) => Array.from(x).reduce((total, value) => total + value, 0);
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const explainer = await samplingExplainer(predictBy(sum), {
          background: [background[0] ?? []],
          seed,
          samples,
        });
        const { attributions } = await explainer.explain(row);
        const want = enumerated(sum, row, [background[0] ?? []]);
        expect(largestDifference(attributions[0] ?? [], want)).toBeLessThanOrEqual(1e-11);
      }),
      { numRuns: 5 },
    );
  });
});
