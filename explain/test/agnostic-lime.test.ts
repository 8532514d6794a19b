import { describe, expect, test } from '@jest/globals';
import { limeTabular, limeText } from '../src/index.ts';
import type { Discretizer, LimeTabularOptions, PredictTexts } from '../src/index.ts';
import { binsOf, valueAt } from '../src/agnostic/lime/bins.ts';
import { seededRandom } from '../src/numeric/random.ts';
import { standardNormal } from '../src/numeric/normal.ts';
import { predictBy } from './agnostic-support.ts';
import type { Score } from './agnostic-support.ts';

const random = seededRandom(11);
const background = Array.from({ length: 80 }, (_, i) => [
  standardNormal(random),
  3 * standardNormal(random) + 1,
  i % 3,
  7,
]);
const row = [0.5, 2, 1, 7];
const linear: Score = (x) => 3 * (x[0] ?? NaN) - (x[1] ?? NaN) + ((x[2] ?? NaN) === 1 ? 2 : 0);
const options: LimeTabularOptions = { background, categorical: [2], samples: 1000, repeats: 1 };

describe('LIME for rows', () => {
  test('finds a linear model again where values are not cut into bins', async () => {
    const explainer = limeTabular(predictBy(linear), { ...options, discretizer: 'none' });
    const { coefficients, conditions, localFidelity, score, localPrediction } =
      await explainer.explain(row);
    const per = conditions.map((one) => ('perDeviation' in one ? one.perDeviation : 1));
    expect((coefficients[0]?.[0] ?? NaN) / (per[0] ?? NaN)).toBeCloseTo(3, 1);
    expect((coefficients[0]?.[1] ?? NaN) / (per[1] ?? NaN)).toBeCloseTo(-1, 1);
    expect(coefficients[0]?.[2]).toBeCloseTo(2, 1);
    expect(coefficients[0]?.[3]).toBe(0);
    expect(conditions[2]).toEqual({ equals: 1 });
    expect(localFidelity[0]).toBeGreaterThan(0.999);
    expect(localPrediction[0]).toBeCloseTo(score[0] ?? NaN, 1);
  });

  test.each<Discretizer>(['quartile', 'decile'])(
    'says which %s a value lies in',
    async (discretizer) => {
      const explained = await limeTabular(predictBy(linear), { ...options, discretizer }).explain(
        row,
      );
      const first = explained.conditions[0];
      if (first === undefined || !('above' in first)) throw new Error('no bin');
      expect(0.5 > first.above && 0.5 <= first.atMost).toBe(true);
      expect(explained.coefficients[0]?.[0]).toBeGreaterThan(0);
      expect(explained.coefficients[0]?.[3]).toBe(0);
    },
  );

  test('gives the same bytes for the same seed, and says how far other seeds agree', async () => {
    const open = (seed: number) =>
      limeTabular(predictBy(linear), { ...options, seed, repeats: 4, top: 3 });
    const [a, b, c] = [
      await open(5).explain(row),
      await open(5).explain(row),
      await open(6).explain(row),
    ];
    expect(a).toEqual(b);
    expect(a.coefficients).not.toEqual(c.coefficients);
    expect(a.stability).toEqual({ repeats: 4, top: 3, vsi: [1], csi: [expect.any(Number)] });
    expect(a.stability?.csi[0]).toBeGreaterThan(0.6);
    expect(a.predictions).toBe(4000);
  });

  test('is unstable where the model is noise', async () => {
    const noise: Score = (x) => Math.abs(Math.round(1e6 * ((x[0] ?? 0) + 7 * (x[1] ?? 0)))) % 97;
    const explained = await limeTabular(predictBy(noise), {
      ...options,
      samples: 60,
      repeats: 8,
      top: 1,
    }).explain(row);
    expect(explained.stability?.vsi[0]).toBeLessThan(0.9);
    expect(explained.localFidelity[0]).toBeLessThan(0.5);
  });

  test('takes the most telling features where asked', async () => {
    const { chosen, coefficients } = await limeTabular(predictBy(linear), {
      ...options,
      most: 2,
    }).explain(row);
    expect(chosen[0]).toHaveLength(2);
    expect(Array.from(coefficients[0] ?? []).filter((value) => value !== 0)).toHaveLength(2);
  });

  test('explains every output', async () => {
    const explainer = limeTabular((rows) => rows.map((x) => [linear(x), -linear(x)]), options);
    const { coefficients, localFidelity } = await explainer.explain(row);
    expect(coefficients).toHaveLength(2);
    expect(localFidelity).toHaveLength(2);
    expect(coefficients[0]?.[0]).toBeCloseTo(-(coefficients[1]?.[0] ?? NaN), 10);
  });

  test('a constant model has no coefficients and nothing left to explain', async () => {
    const { coefficients, localFidelity } = await limeTabular(
      predictBy(() => 4),
      options,
    ).explain(row);
    expect(Math.max(...(coefficients[0] ?? []).map(Math.abs))).toBeLessThan(1e-12);
    expect(localFidelity[0]).toBe(1);
  });

  test('copies of a feature share their weight instead of failing', async () => {
    const twice = background.map(([a = 0]) => [a, a]);
    const explainer = limeTabular(
      predictBy((x) => (x[0] ?? 0) + (x[1] ?? 0)),
      { background: twice, samples: 500, repeats: 1 },
    );
    const { coefficients } = await explainer.explain([1, 1]);
    expect(coefficients[0]?.every(Number.isFinite)).toBe(true);
  });

  test('a background of one row explains nothing and does not fail', async () => {
    const explainer = limeTabular(predictBy(linear), {
      background: [row],
      samples: 100,
      repeats: 2,
    });
    const { coefficients, stability } = await explainer.explain(row);
    expect(Array.from(coefficients[0] ?? [])).toEqual([0, 0, 0, 0]);
    expect(stability?.csi).toEqual([1]);
  });

  test.each<[string, Partial<LimeTabularOptions>, string]>([
    ['a missing value', { background: [[1, NaN, 0, 0]] }, 'EXPLAIN_ROWS'],
    ['a width of 0', { kernelWidth: 0 }, 'EXPLAIN_OPTION'],
    ['an unknown discretizer', { discretizer: 'entropy' as Discretizer }, 'EXPLAIN_OPTION'],
    ['a category that is no feature', { categorical: [4] }, 'EXPLAIN_OPTION'],
    ['no samples', { samples: 1 }, 'EXPLAIN_OPTION'],
    ['no repeats', { repeats: 0 }, 'EXPLAIN_OPTION'],
  ])('%s is refused', (_name, given, code) => {
    expect(() => limeTabular(predictBy(linear), { ...options, ...given })).toThrow(
      expect.objectContaining({ code }),
    );
  });
});

test('values of a bin are as its mean and deviation say, and inside it', () => {
  const values = Float64Array.from({ length: 400 }, () => standardNormal(random));
  const bins = binsOf(values, 4);
  const [low, middle] = [bins[0], bins[1]];
  if (low === undefined || middle === undefined) throw new Error('no bins');
  const drawn = Array.from({ length: 4000 }, () => valueAt(middle, random()));
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(middle.above);
  expect(Math.max(...drawn)).toBeLessThanOrEqual(middle.atMost);
  const own = Array.from(values).filter((v) => v > middle.above && v <= middle.atMost);
  const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
  expect(mean(drawn)).toBeCloseTo(mean(own), 1);
  expect(low.above).toBe(-Infinity);
  expect(Number.isFinite(valueAt(low, 0))).toBe(true);
});

describe('LIME for texts', () => {
  const predict: PredictTexts = (texts) =>
    texts.map(
      (text) => 2 * (text.match(/\bbad\b/g)?.length ?? 0) - (text.includes('güte') ? 1 : 0),
    );
  const text = 'bad, bad days; güte — and the rest';

  test('finds the words that count, and where they stand', async () => {
    const { words, coefficients, score } = await limeText(predict, text, {
      samples: 800,
      repeats: 1,
    });
    expect(words.map((word) => word.text)).toEqual(['bad', 'days', 'güte', 'and', 'the', 'rest']);
    expect(words[0]?.at).toEqual([0, 5]);
    expect(score).toEqual([3]);
    expect(coefficients[0]?.[0]).toBeCloseTo(4, 0);
    expect(coefficients[0]?.[2]).toBeCloseTo(-1, 0);
    expect(Math.abs(coefficients[0]?.[1] ?? NaN)).toBeLessThan(0.2);
  });

  test('counts each place by itself where places count', async () => {
    const given = { samples: 800, repeats: 2, bagOfWords: false, mask: '' };
    const { words, coefficients, stability } = await limeText(predict, text, given);
    expect(words.map((word) => word.at)).toEqual([[0], [5], [9], [15], [22], [26], [30]]);
    expect(coefficients[0]?.[0]).toBeCloseTo(2, 0);
    expect(coefficients[0]?.[1]).toBeCloseTo(2, 0);
    expect(stability?.repeats).toBe(2);
  });

  test('gives the same bytes for the same seed', async () => {
    const explain = (seed: number) => limeText(predict, text, { samples: 100, seed, repeats: 2 });
    expect(await explain(1)).toEqual(await explain(1));
    expect((await explain(1)).coefficients).not.toEqual((await explain(3)).coefficients);
  });

  test('a text of one word is explained; one of none is refused', async () => {
    const { coefficients } = await limeText(predict, 'bad', { samples: 50, repeats: 1 });
    expect(coefficients[0]).toHaveLength(1);
    await expect(limeText(predict, ' …!')).rejects.toMatchObject({ code: 'EXPLAIN_TEXT' });
    const many = Array.from({ length: 2001 }, (_, i) => `w${i}`).join(' ');
    await expect(limeText(predict, many)).rejects.toMatchObject({ code: 'EXPLAIN_TEXT' });
  });
});
