import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  enumerateShapley,
  kernelExplainer,
  loadModel,
  permutationExplainer,
  predictOf,
} from '../src/index.ts';
import { enumerated, predictBy, tangled } from './agnostic-support.ts';
import type { Opener, Score } from './agnostic-support.ts';
import { fixtureBytes, golden, largestDifference, rowsOf } from './support.ts';
import { seededRandom } from '../src/numeric/random.ts';

const explainers: [name: string, open: Opener][] = [
  ['kernel', kernelExplainer],
  ['permutation', permutationExplainer],
];

const cell = fc.integer({ min: -8, max: 8 }).map((value) => value / 4);
const table = (features: number): fc.Arbitrary<{ row: number[]; background: number[][] }> => {
  const row = fc.array(cell, { minLength: features, maxLength: features });
  return fc.record({ row, background: fc.array(row, { minLength: 1, maxLength: 4 }) });
};

describe('KernelSHAP with every coalition', () => {
  test.each([2, 3, 4, 5, 8])('of %i features is the Shapley value', async (features) => {
    await fc.assert(
      fc.asyncProperty(table(features), async ({ row, background }) => {
        const explainer = await kernelExplainer(predictBy(tangled), { background });
        const got = await explainer.explain(row);
        const want = enumerated(tangled, row, background);
        expect(largestDifference(got.attributions[0] ?? [], want)).toBeLessThanOrEqual(1e-12);
        expect(got.isExact).toBe(true);
        expect(Math.max(...(got.standardErrors[0] ?? []))).toBe(0);
      }),
      { numRuns: 15 },
    );
  });

  test('of a loaded model of several outputs is its enumeration', async () => {
    const model = loadModel(fixtureBytes('3.4.1', 'multiclass.json'));
    const rows = rowsOf(golden('3.4.1', 'multiclass').rows);
    const background = rows.slice(0, 5);
    const explainer = await kernelExplainer(predictOf(model), { background });
    expect(explainer).toMatchObject({ modelHash: model.hash, outputSpace: 'margin', outputs: 3 });
    for (const row of rows.slice(5, 8)) {
      const got = await explainer.explain(row);
      const want = enumerateShapley(model, row, { perturbation: 'interventional', background });
      expect(largestDifference(got.baseValue, want.baseValue)).toBeLessThanOrEqual(1e-12);
      want.attributions.forEach((values, output) => {
        const own = got.attributions[output] ?? [];
        expect(largestDifference(own, values)).toBeLessThanOrEqual(1e-12);
      });
    }
  });

  test('weights of background rows count as often as the row would', async () => {
    const row = [1, 2, 3, -1];
    const [a, b] = [
      [0, 1, 0, 1],
      [2, 0, 0.5, 0],
    ] as const;
    const explainer = await kernelExplainer(predictBy(tangled), {
      background: [a, b],
      weights: [1, 3],
    });
    const repeated = await kernelExplainer(predictBy(tangled), { background: [a, b, b, b] });
    const got = await explainer.explain(row);
    const want = await repeated.explain(row);
    expect(largestDifference(got.attributions[0] ?? [], want.attributions[0] ?? [])).toBeLessThan(
      1e-12,
    );
    expect(explainer.background.hash).not.toBe(
      (await kernelExplainer(predictBy(tangled), { background: [a, b] })).background.hash,
    );
  });
});

test('orders to and fro are exact for features that act in pairs', async () => {
  const pairs: Score = (row) => {
    let sum = 0;
    for (let i = 0; i < row.length; i++)
      for (let j = 0; j <= i; j++) sum += ((i + 2 * j) % 5) * (row[i] ?? NaN) * (row[j] ?? NaN);
    return sum;
  };
  await fc.assert(
    fc.asyncProperty(table(7), fc.nat(), async ({ row, background }, seed) => {
      const explainer = await permutationExplainer(predictBy(pairs), { background, seed });
      const { attributions, standardErrors } = await explainer.explain(row);
      const want = enumerated(pairs, row, background);
      expect(largestDifference(attributions[0] ?? [], want)).toBeLessThanOrEqual(1e-11);
      expect(Math.max(...(standardErrors[0] ?? []))).toBeLessThanOrEqual(1e-12);
    }),
    { numRuns: 20 },
  );
});

describe.each(explainers)('the %s explainer, sampled', (_name, open) => {
  const samples = 200;
  const features = 10;
  const random = seededRandom(5);
  const draw = (): number[] => Array.from({ length: features }, () => 2 * random() - 1);
  const background = [draw(), draw(), draw()];
  const row = draw();

  test('adds up, gives nothing to a feature that is not used, and the same to features that are the same', async () => {
    const score: Score = (x) => tangled(Array.from(x).slice(0, 8));
    const explainer = await open(predictBy(score), { background, samples });
    const { attributions, baseValue, score: got, isExact } = await explainer.explain(row);
    const values = attributions[0] ?? new Float64Array();
    const sum = values.reduce((total, value) => total + value, baseValue[0] ?? NaN);
    expect(sum).toBeCloseTo(got[0] ?? NaN, 12);
    expect(isExact).toBe(false);
    const constant = await open(predictBy(score), {
      background: background.map((other) => other.with(2, row[2] ?? NaN)),
      samples,
    });
    expect((await constant.explain(row)).attributions[0]?.[2]).toBe(0);
  });

  test('95 % intervals hold the enumerated value in at least 92 % of 400 trials', async () => {
    const truth = enumerated(tangled, row, background);
    let [inside, all] = [0, 0];
    for (let seed = 0; seed < 400; seed++) {
      const explainer = await open(predictBy(tangled), { background, samples, seed });
      const { attributions, bounds95 } = await explainer.explain(row);
      truth.forEach((value, j) => {
        all++;
        if (Math.abs((attributions[0]?.[j] ?? NaN) - value) <= (bounds95[0]?.[j] ?? NaN)) inside++;
      });
    }
    expect(inside / all).toBeGreaterThanOrEqual(0.92);
    expect(inside / all).toBeLessThanOrEqual(0.995);
  });

  test('is off by less with more samples', async () => {
    const truth = enumerated(tangled, row, background);
    const errorWith = async (many: number): Promise<number> => {
      let squares = 0;
      for (let seed = 0; seed < 20; seed++) {
        const explainer = await open(predictBy(tangled), { background, samples: many, seed });
        const { attributions } = await explainer.explain(row);
        truth.forEach((value, j) => (squares += (value - (attributions[0]?.[j] ?? NaN)) ** 2));
      }
      return Math.sqrt(squares);
    };
    expect(await errorWith(800)).toBeLessThan(0.75 * (await errorWith(200)));
  });

  test('gives the same bytes for the same seed, whatever was explained before, and others for another', async () => {
    const first = await open(predictBy(tangled), { background, samples, seed: 3 });
    await first.explain(row.map((value) => -value));
    const second = await open(predictBy(tangled), { background, samples, seed: 3 });
    const third = await open(predictBy(tangled), { background, samples, seed: 4 });
    const [a, b, c] = [
      await first.explain(row),
      await second.explain(row),
      await third.explain(row),
    ];
    expect(a).toEqual(b);
    expect(a.attributions).not.toEqual(c.attributions);
  });

  test('too few samples are refused with how many are enough', async () => {
    const explainer = await open(predictBy(tangled), { background, samples: 10 });
    const refused = await explainer.explain(row).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'EXPLAIN_SAMPLES' });
    const least = Number(/at least (\d+)/.exec((refused as Error).message)?.[1]);
    const enough = await open(predictBy(tangled), { background, samples: least });
    expect((await enough.explain(row)).isExact).toBe(false);
  });
});

describe.each(explainers)('the %s explainer of degenerate input', (_name, open) => {
  const add: Score = (row) => Array.from(row).reduce((sum, value) => sum + value, 1);

  test('no features: nothing to divide', async () => {
    const explainer = await open(predictBy(add), { background: [[]] });
    expect(await explainer.explain([])).toMatchObject({
      score: [1],
      baseValue: [1],
      attributions: [new Float64Array()],
    });
  });

  test('one feature gets all of the difference', async () => {
    const explainer = await open(predictBy(add), { background: [[1], [3]] });
    const { attributions, isExact } = await explainer.explain([5]);
    expect(Array.from(attributions[0] ?? [])).toEqual([3]);
    expect(isExact).toBe(true);
  });

  test('a row that is the whole background gets zeros', async () => {
    const explainer = await open(predictBy(tangled), { background: [[1, 2, 3]] });
    const { attributions, predictions } = await explainer.explain([1, 2, 3]);
    expect(Array.from(attributions[0] ?? [])).toEqual([0, 0, 0]);
    expect(predictions).toBe(1);
  });

  test('missing values that are missing in the background too are no difference', async () => {
    const score: Score = (row) => (Number.isNaN(row[0]) ? 5 : 0) + (row[1] ?? NaN);
    const explainer = await open(predictBy(score), { background: [[NaN, 1]] });
    expect(Array.from((await explainer.explain([NaN, 4])).attributions[0] ?? [])).toEqual([0, 3]);
  });

  test('features that are copies of each other share alike', async () => {
    const score: Score = (row) => (row[0] ?? NaN) * 2 + (row[1] ?? NaN) * 2;
    const explainer = await open(predictBy(score), {
      background: [
        [0, 0, 1],
        [1, 1, 2],
      ],
    });
    const values = (await explainer.explain([3, 3, 3])).attributions[0] ?? [];
    expect(values[0]).toBeCloseTo(values[1] ?? NaN, 13);
    expect(values[2]).toBeCloseTo(0, 13);
  });
});
