import { describe, expect, test } from '@jest/globals';
import { integratedGradients, occlusion, saliency } from '../src/index.ts';
import type { Gradient, Image, Predict } from '../src/index.ts';
import { gaussLegendre } from '../src/numeric/gauss-legendre.ts';

const image: Image = {
  height: 3,
  width: 4,
  channels: 2,
  data: Array.from({ length: 24 }, (_, i) => i + 1),
};
const sum: Predict = (rows) => rows.map((row) => row.reduce((a, b) => a + b, 0));

describe('occlusion', () => {
  test('of single pixels is what each of them adds', async () => {
    const { heat, score, predictions } = await occlusion(sum, image, { patch: 1 });
    expect(score).toEqual([300]);
    expect(Array.from(heat[0] ?? [])).toEqual(Array.from({ length: 12 }, (_, i) => 4 * i + 3));
    expect(predictions).toBe(13);
  });

  test('of squares covers every pixel, those at the edge by what is left of one', async () => {
    const seen: number[] = [];
    const first: Predict = (rows) => rows.map((row) => [row[0] ?? NaN, (seen.push(row.length), 0)]);
    const { heat } = await occlusion(first, image, { patch: 2, stride: 2, baseline: [0.5, 0] });
    expect(Array.from(heat[0] ?? [])).toEqual([0.5, 0.5, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0]);
    expect(heat).toHaveLength(2);
    expect(seen).toHaveLength(5);
  });

  test('of overlapping squares is the mean over those that hide a pixel', async () => {
    const flat = { height: 1, width: 3, channels: 1, data: [1, 10, 100] };
    const { heat } = await occlusion(sum, flat, { patch: 2, stride: 1 });
    expect(Array.from(heat[0] ?? [])).toEqual([11, 60.5, 110]);
  });

  test.each([
    [{ ...image, height: 2 }, { patch: 1 }, 'EXPLAIN_IMAGE'],
    [{ ...image, data: new Float64Array(24).fill(NaN) }, { patch: 1 }, 'EXPLAIN_IMAGE'],
    [{ ...image, height: 0, data: [] }, { patch: 1 }, 'EXPLAIN_IMAGE'],
    [image, { patch: 5 }, 'EXPLAIN_OPTION'],
    [image, { patch: 1, stride: 2 }, 'EXPLAIN_OPTION'],
    [image, { patch: 1, baseline: [1] }, 'EXPLAIN_OPTION'],
  ])('case %#: refused', async (given, options, code) => {
    await expect(occlusion(sum, given, options)).rejects.toMatchObject({ code });
  });
});

/** x0² · x1 + 3·x2. */
const cubic: Predict = (rows) => rows.map(([a = 0, b = 0, c = 0]) => a * a * b + 3 * c);
const slope: Gradient = (rows) => rows.map(([a = 0, b = 0]) => [2 * a * b, a * a, 3]);

describe('integrated gradients', () => {
  test('of a polynomial are exact with Gauss-Legendre', async () => {
    const given = { baseline: [1, 0, -1], steps: 2, predict: cubic };
    const found = await integratedGradients(slope, [3, 2, 1], given);
    // Along (1 + 2t, 2t, 2t - 1): 2·∫2(1 + 2t)2t dt, 2·∫(1 + 2t)² dt, 2·3.
    expect(Array.from(found.attributions)).toEqual([
      expect.closeTo(28 / 3, 12),
      expect.closeTo(26 / 3, 12),
      expect.closeTo(6, 12),
    ]);
    expect(found).toMatchObject({ score: 21, baseValue: -3, rule: 'gauss-legendre', steps: 2 });
    expect(Math.abs(found.completenessGap ?? NaN)).toBeLessThan(1e-12);
  });

  test('by trapezoids say what their steps leave out', async () => {
    const gap = async (steps: number): Promise<number> => {
      const found = await integratedGradients(slope, [3, 2, 1], {
        steps,
        rule: 'trapezoid',
        predict: cubic,
      });
      return Math.abs(found.completenessGap ?? NaN);
    };
    expect(await gap(4)).toBeGreaterThan(0.1);
    expect(await gap(40)).toBeLessThan(0.02);
  });

  test('without a predict function no gap is claimed', async () => {
    const found = await integratedGradients(slope, [3, 2, 1]);
    expect(found).toMatchObject({
      completenessGap: null,
      score: null,
      baseValue: null,
      predictions: 50,
    });
  });

  test('nodes of 200 points are in order and as heavy as the line is long', () => {
    const { nodes, weights } = gaussLegendre(200);
    expect(new Set(nodes).size).toBe(200);
    expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
  });

  test.each([
    [
      'a gradient of another length',
      integratedGradients((rows) => rows.map(() => [1, 2]), [1, 2, 3]),
      'PREDICT_OUTPUTS',
    ],
    [
      'a gradient with NaN',
      integratedGradients((rows) => rows.map(() => [NaN]), [1]),
      'PREDICT_VALUE',
    ],
    [
      'a baseline of another length',
      integratedGradients(slope, [1, 2, 3], { baseline: [0] }),
      'FEATURE_COUNT',
    ],
    ['too many points', integratedGradients(slope, [1, 2, 3], { steps: 201 }), 'EXPLAIN_OPTION'],
    [
      'several outputs',
      integratedGradients(slope, [1, 2, 3], { predict: (rows) => rows.map(() => [1, 2]) }),
      'PREDICT_OUTPUTS',
    ],
  ])('%s is refused', async (_name, refused, code) => {
    await expect(refused).rejects.toMatchObject({ code });
  });

  test('a row without features has none', async () => {
    expect((await integratedGradients(slope, [])).attributions).toHaveLength(0);
  });
});

test('saliency is the largest derivative of a pixel, in size', async () => {
  const gradient: Gradient = (rows) =>
    rows.map((row) => row.map((value, i) => (i % 2 === 0 ? value : -2 * value)));
  const heat = await saliency(gradient, image);
  expect(Array.from(heat).slice(0, 3)).toEqual([4, 8, 12]);
});
