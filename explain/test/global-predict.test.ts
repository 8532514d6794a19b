import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  accumulatedEffects,
  numericFeatures,
  partialDependence,
  permutationImportance,
} from '../src/index.ts';
import type { FeatureFacts, Predict, Scorer } from '../src/index.ts';
import { checkTarget, scoreOf } from '../src/global/scorers.ts';
import { globalGolden as golden, goldenRows as rows, margin, share } from './global-support.ts';

const five = numericFeatures(['x0', 'x1', 'x2', 'x3', 'x4']);
const margins: Predict = (given) => Float64Array.from(given, margin);
const shares: Predict = (given) => Float64Array.from(given, share);
const code = (wanted: string) => expect.objectContaining({ code: wanted });

function closeTo(got: ArrayLike<number>, want: readonly number[], digits = 11): void {
  expect(got).toHaveLength(want.length);
  want.forEach((value, i) => expect(got[i]).toBeCloseTo(value, digits));
}

const isOfClasses = (scorer: string) => !['r2', 'meanSquaredError'].includes(scorer);

describe('scores against scikit-learn', () => {
  test.each(Object.entries(golden.scores))('%s', (scorer, want) => {
    const rounded = scorer === 'auc' ? (x: number) => Number(x.toFixed(1)) : (x: number) => x;
    const values = Float64Array.from(rows, (row) =>
      isOfClasses(scorer) ? rounded(share(row)) : margin(row),
    );
    const target = Float64Array.from(isOfClasses(scorer) ? golden.classes : golden.y);
    expect(scoreOf(scorer as Scorer, target, { outputs: 1, values })).toBeCloseTo(want, 12);
  });

  test('several classes', () => {
    const values = Float64Array.of(0.2, 0.5, 0.3, 1, 0, 0, 0, 0.5, 0.5);
    const given = { outputs: 3, values };
    expect(scoreOf('accuracy', Float64Array.of(1, 0, 2), given)).toBe(2 / 3);
    const wanted = -(Math.log(0.5) + Math.log(1 - 2 ** -52) + Math.log(0.5)) / 3;
    expect(scoreOf('logLoss', Float64Array.of(1, 0, 2), given)).toBeCloseTo(wanted, 14);
  });
});

describe('scorers of classes', () => {
  const scored = (scorer: Scorer, outputs: number, ...values: number[]) =>
    scoreOf(scorer, Float64Array.of(0, 1), { outputs, values: Float64Array.from(values) });
  test.each<[Scorer, number, number[]]>([
    ['logLoss', 1, [-2, 0.5]],
    ['accuracy', 1, [0.5, 1.5]],
    ['logLoss', 2, [0.5, 0.5, 0, 0]],
    ['accuracy', 2, [0, 0, 1, 0]],
    ['logLoss', 2, [3, -2, 1, 0]],
  ])('%s of %d outputs refuses %j: no probabilities', (scorer, outputs, values) => {
    expect(() => scored(scorer, outputs, ...values)).toThrow(code('GLOBAL_PROBABILITY'));
  });

  test('auc goes by the order alone', () => {
    expect(scored('auc', 1, -3, 4)).toBe(1);
  });
});

describe('permutation importance', () => {
  test.each(Object.entries(golden.permutation))(
    '%s is that of scikit-learn for the same orders',
    async (scorer, want) => {
      const found = await permutationImportance(
        isOfClasses(scorer) ? shares : margins,
        five,
        rows,
        isOfClasses(scorer) ? golden.classes : golden.y,
        { scorer: scorer as Scorer, permutations: golden.permutations },
      );
      closeTo(
        found.features.map(({ mean }) => mean),
        want.mean,
      );
      closeTo(
        found.features.map(({ std }) => std),
        want.std,
      );
      found.features.forEach(({ importances }, i) => closeTo(importances, want.importances[i]!));
      expect(found.predictions).toBe(300 * (1 + 5 * 4));
    },
  );

  test('a feature that is not used, or constant, is exactly 0; the same seed gives the same bytes', async () => {
    const first: Predict = (given) => given.map((row) => row[0]!);
    const ask = (seed: number) =>
      permutationImportance(first, five, rows, golden.y, { scorer: 'r2', seed, repeats: 3 });
    const found = await ask(1);
    expect(found.features.slice(1).map(({ mean, std }) => [mean, std])).toEqual(
      Array(4).fill([0, 0]),
    );
    expect(await ask(1)).toStrictEqual(found);
    expect((await ask(2)).features[0]).not.toStrictEqual(found.features[0]);
  });

  test('collinear features: each stands in for the other', async () => {
    const both: Predict = (given) => given.map((row) => row[0]! + (row[4]! - 1) / 2);
    const y = rows.map((row) => 2 * row[0]!);
    const found = await permutationImportance(both, five, rows, y, { scorer: 'r2' });
    const [x0, , , , x4] = found.features;
    expect(x0!.mean).toBeCloseTo(x4!.mean, 10);
  });

  test.each<[string, ArrayLike<number>, Scorer, string]>([
    ['one class', new Float64Array(300), 'auc', 'GLOBAL_TARGET'],
    ['an outcome too few', golden.classes.slice(1), 'auc', 'GLOBAL_TARGET'],
    ['no class', golden.y, 'logLoss', 'GLOBAL_TARGET'],
    ['NaN', golden.y.map(() => NaN), 'r2', 'GLOBAL_TARGET'],
    ['outcomes that do not vary', golden.y.map(() => 3), 'r2', 'GLOBAL_TARGET'],
    ['no scorer', golden.y, 'mape' as Scorer, 'EXPLAIN_OPTION'],
  ])('%s is refused', async (_name, target, scorer, wanted) => {
    await expect(permutationImportance(shares, five, rows, target, { scorer })).rejects.toEqual(
      code(wanted),
    );
  });

  test('one row, orders that are none', async () => {
    const ask = (given: typeof rows, permutations: number[][]) =>
      permutationImportance(margins, five, given, [1], { scorer: 'r2', permutations });
    await expect(ask(rows.slice(0, 1), [[0]])).rejects.toEqual(code('GLOBAL_ROWS'));
    await expect(ask(rows, [rows.map(() => 0)])).rejects.toEqual(code('EXPLAIN_OPTION'));
  });

  test('the area under the curve is that of counting pairs', () => {
    const pair = fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 5 }));
    fc.assert(
      fc.property(fc.array(pair, { minLength: 2, maxLength: 40 }), (drawn) => {
        const target = Float64Array.from(drawn, ([y]) => y);
        fc.pre(new Set(target).size === 2);
        const values = Float64Array.from(drawn, ([, p]) => p);
        let [right, pairs] = [0, 0];
        for (let i = 0; i < target.length; i++)
          for (let j = 0; j < target.length; j++)
            if (target[i] === 1 && target[j] === 0) {
              pairs++;
              right += values[i]! > values[j]! ? 1 : values[i] === values[j] ? 0.5 : 0;
            }
        expect(scoreOf('auc', target, { outputs: 1, values })).toBeCloseTo(right / pairs, 12);
      }),
    );
  });

  test('several outputs have no AUC and no R²', () => {
    expect(() => checkTarget('auc', [0, 1], 2, 3)).toThrow(code('GLOBAL_TARGET'));
    expect(() => checkTarget('r2', [0, 1], 2, 3)).toThrow(code('GLOBAL_TARGET'));
  });
});

describe('partial dependence', () => {
  test.each([
    ['fine', 0, { resolution: 20 }],
    ['narrow', 2, { resolution: 7, percentiles: [0.2, 0.7] }],
    ['discrete', 1, { resolution: 20 }],
  ] as const)('%s is that of scikit-learn, curve by curve', async (name, feature, options) => {
    const want = golden.partialDependence[name];
    const found = await partialDependence(margins, five, rows, feature, options);
    closeTo(found.grid, want.grid, 12);
    closeTo(found.average, want.average);
    const width = found.grid.length;
    want.individual.forEach((curve, row) =>
      closeTo(found.individual.slice(row * width, (row + 1) * width), curve),
    );
  });

  test('centred curves begin at 0, and their mean is centred too', async () => {
    const plain = await partialDependence(margins, five, rows, 0, { resolution: 5 });
    const { individual, average } = await partialDependence(margins, five, rows, 0, {
      resolution: 5,
      centred: true,
    });
    for (let row = 0; row < rows.length; row++) expect(individual[row * 5]).toBe(0);
    average.forEach((value, i) =>
      expect(value).toBeCloseTo(plain.average[i]! - plain.average[0]!, 12),
    );
  });

  test('categories are asked one by one and named; missing values are no point of the grid', async () => {
    const facts: FeatureFacts = {
      featureNames: ['home', 'n'],
      featureTypes: ['categorical', 'float'],
      categories: [['own', 'rent'], null],
    };
    const given = [0, 1, 2, NaN, 1].map((home, n) => Float64Array.of(home, n));
    const found = await partialDependence(
      (all) => all.map(([a, b]) => 10 * a! + b!),
      facts,
      given,
      'home',
    );
    expect(Array.from(found.grid)).toEqual([0, 1, 2]);
    expect(found.categories).toEqual(['own', 'rent', '2']);
    expect(Array.from(found.average)).toEqual([2, 12, 22]);
  });

  test('a constant feature and one row have one point', async () => {
    const flat = await partialDependence(margins, five, rows, 'x3');
    expect(Array.from(flat.grid)).toEqual([2.5]);
    const one = await partialDependence(margins, five, rows.slice(0, 1), 'x0');
    expect(one.average).toEqual(Float64Array.of(margin(rows[0]!)));
  });

  test('values close together for their size, as times in seconds, have a grid of their own', async () => {
    const times = Array.from({ length: 100 }, (_, i) => Float64Array.of(1.7e9 + i * 100));
    const { grid } = await partialDependence(
      (all) => Float64Array.from(all, ([t = NaN]) => t),
      numericFeatures(['time']),
      times,
      'time',
      { resolution: 20 },
    );
    expect(new Set(grid).size).toBe(20);
  });

  test('where nearly all rows have one value, the grid goes through the others', async () => {
    const gains = Array.from({ length: 1000 }, (_, i) => Float64Array.of(i < 970 ? 0 : i));
    const { grid } = await partialDependence(
      (all) => Float64Array.from(all, ([x = NaN]) => x),
      numericFeatures(['gains']),
      gains,
      'gains',
      { resolution: 20 },
    );
    expect([grid[0], grid[19], new Set(grid).size]).toEqual([0, 999, 20]);
  });

  test('an infinite value is no point of a curve', async () => {
    const given = Array.from({ length: 50 }, (_, i) => Float64Array.of(i === 0 ? Infinity : i));
    const facts = numericFeatures(['x']);
    const first: Predict = (all) => Float64Array.from(all, ([x = NaN]) => Math.min(x, 1e9));
    const partial = await partialDependence(first, facts, given, 'x', { resolution: 5 });
    const effects = await accumulatedEffects(first, facts, given, 'x');
    expect([...partial.grid, ...effects.edges, ...effects.effect].every(Number.isFinite)).toBe(
      true,
    );
    expect(effects.leftOut).toBe(1);
    await expect(partialDependence(first, facts, given.slice(0, 1), 'x')).rejects.toThrow('"x"');
  });

  const alwaysMissing = rows.map((row) => Float64Array.of(NaN, ...row.slice(1)));
  test.each<[string, () => Promise<unknown>, string]>([
    ['no rows', () => partialDependence(margins, five, [], 0), 'GLOBAL_ROWS'],
    ['always missing', () => partialDependence(margins, five, alwaysMissing, 0), 'GLOBAL_ROWS'],
    [
      'no such output',
      () => partialDependence(margins, five, rows, 0, { output: 1 }),
      'EXPLAIN_OUTPUT',
    ],
    ['no such feature', () => partialDependence(margins, five, rows, 'x9'), 'FEATURE_UNKNOWN'],
    [
      'one point',
      () => partialDependence(margins, five, rows, 0, { resolution: 1 }),
      'EXPLAIN_OPTION',
    ],
    [
      'backward',
      () => partialDependence(margins, five, rows, 0, { percentiles: [1, 0] }),
      'EXPLAIN_OPTION',
    ],
    ['NaN', () => partialDependence((all) => all.map(() => NaN), five, rows, 0), 'PREDICT_VALUE'],
    ['too few answers', () => partialDependence(() => [1], five, rows, 0), 'PREDICT_COUNT'],
    [
      'throws',
      () =>
        partialDependence(
          () => {
            throw new TypeError('no');
          },
          five,
          rows,
          0,
        ),
      'PREDICT_FAILED',
    ],
    [
      'never answers',
      () => partialDependence(() => new Promise(() => undefined), five, rows, 0, { timeoutMs: 20 }),
      'PREDICT_TIMEOUT',
    ],
  ])('%s is refused', async (_name, run, wanted) => {
    await expect(run()).rejects.toEqual(code(wanted));
  });

  test('says how far it is, and stops when told', async () => {
    const seen: number[] = [];
    const { predictions } = await partialDependence(margins, five, rows, 'x1', {
      onProgress: ({ done, total }) => seen.push(done / total),
    });
    expect(predictions).toBe(300 * 5);
    expect(seen.at(-1)).toBe(1);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
    const controller = new AbortController();
    const stopped = partialDependence(margins, five, rows, 'x1', {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
  });
});

describe('accumulated local effects', () => {
  test.each([
    ['x0', 10],
    ['x2', 20],
  ] as const)('%s are those of PyALE', async (name, intervals) => {
    const want = golden.ale[name];
    const found = await accumulatedEffects(margins, five, rows, name, { intervals });
    closeTo(found.edges, want.edges, 12);
    closeTo(found.effect, want.effect);
    closeTo(found.counts, want.size);
    expect(found.leftOut).toBe(0);
  });

  test('of a sum are the function itself, centred, whatever goes along with it', async () => {
    const sum: Predict = (given) => given.map((row) => 3 * row[0]! - row[4]!);
    const { edges, effect } = await accumulatedEffects(sum, five, rows, 'x0', { intervals: 7 });
    const slopes = Array.from(
      effect.slice(1),
      (value, i) => (value - effect[i]!) / (edges[i + 1]! - edges[i]!),
    );
    for (const slope of slopes) expect(slope).toBeCloseTo(3, 10);
  });

  test('categories go in the given order; a row is asked across the steps beside it', async () => {
    const facts: FeatureFacts = {
      featureNames: ['c'],
      featureTypes: ['categorical'],
      categories: [['a', 'b', 'c']],
    };
    const given = [0, 0, 1, 2, NaN].map((c) => [c]);
    const worth = [5, 1, 2];
    const predict: Predict = (all) => all.map(([c]) => worth[c!]!);
    const found = await accumulatedEffects(predict, facts, given, 'c', { order: [1, 2, 0] });
    expect(found.categories).toEqual(['b', 'c', 'a']);
    expect(Array.from(found.counts)).toEqual([1, 1, 2]);
    expect(found.leftOut).toBe(1);
    const mean = (1 + 2 + 5 + 5) / 4;
    closeTo(found.effect, [1 - mean, 2 - mean, 5 - mean], 12);
    await expect(accumulatedEffects(predict, facts, given, 'c', { order: [1, 1] })).rejects.toEqual(
      code('EXPLAIN_OPTION'),
    );
  });

  test('a constant feature and one row: one edge, no effect', async () => {
    const flat = await accumulatedEffects(margins, five, rows, 'x3');
    expect([Array.from(flat.edges), Array.from(flat.effect)]).toEqual([[2.5], [0]]);
    const one = await accumulatedEffects(margins, five, rows.slice(0, 1), 'x0');
    expect(Array.from(one.effect)).toEqual([0]);
  });
});
