import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { counterfactualSearch, loadModel, parseMutableFeatures } from '../src/index.ts';
import type { Goal, Model } from '../src/index.ts';
import { Account } from '../src/counterfactual/account.ts';
import { cornersMeet } from '../src/counterfactual/landscape.ts';
import type { Landscape, Side } from '../src/counterfactual/landscape.ts';
import { buildModel } from './builder.ts';

const goal: Goal = { measure: 'score', below: 0 };

/** One split: 1 below the threshold, -1 from it on. */
function stump(threshold: number): Model {
  return buildModel({
    features: 1,
    objective: 'reg:squarederror',
    baseScore: 0,
    trees: [{ feature: 0, below: threshold, left: { value: 1 }, right: { value: -1 } }],
  });
}

function linear(coefficients: readonly (readonly number[])[], link = 'identity'): Model {
  const document = {
    format: 'showcause-model/1',
    kind: 'linear',
    link,
    features: coefficients[0]!.map((_, i) => ({ name: `f${i}` })),
    intercept: coefficients.map(() => 10),
    coefficients,
  };
  return loadModel(new TextEncoder().encode(JSON.stringify(document)));
}

function found(model: Model, wanted: Goal, features: object, row: readonly number[]) {
  return counterfactualSearch(model, wanted, parseMutableFeatures({ version: 1, features })).search(
    Float64Array.from(row),
  );
}

describe('a step within one float32', () => {
  test('the nearest multiple beyond the threshold is found, however many the type takes as one', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2 ** 20, max: 2 ** 31 - 2 ** 10 }),
        fc.integer({ min: 1, max: 500 }),
        (threshold, away) => {
          const model = stump(threshold);
          const own = threshold - 200 - away;
          const rule = { direction: 'up', min: 0, max: 2 ** 31, step: 1, scale: 1 };
          const { options, status } = found(model, goal, { f0: rule }, [own]);
          let want = own;
          while ((model.predict([want]).score[0] ?? NaN) >= 0) want++;
          expect(status).toBe('found');
          expect(options[0]?.changes[0]?.nearest).toBe(want);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('downwards too, and for cents', () => {
    const down = found(
      stump(3e8),
      { measure: 'score', atLeast: 0 },
      { f0: { direction: 'down', min: 0, max: 2 ** 31, step: 1, scale: 1 } },
      [3e8 + 1000],
    ).options[0]?.changes[0]?.nearest;
    expect(stump(3e8).predict([down!]).score[0]).toBe(1);
    expect(stump(3e8).predict([down! + 1]).score[0]).toBe(-1);
    const cents = found(
      stump(1_500_000),
      goal,
      { f0: { direction: 'up', min: 0, max: 1e7, step: 0.01, scale: 1 } },
      [1_499_000],
    );
    expect(cents.status).toBe('found');
  });
});

describe('a model without thresholds', () => {
  const bounded = { measure: 'score', below: 3 } as const;

  test('is answered within its bounds, also where the row itself lies outside them', () => {
    const { options } = found(linear([[-1]]), bounded, { f0: { min: 10, max: 20 } }, [5]);
    expect(options[0]?.changes[0]).toMatchObject({ nearest: 10, from: 10, to: 20 });
  });

  test('an interval ends at the last multiple within the bound', () => {
    const { options } = found(linear([[-1]]), bounded, { f0: { min: 0, max: 50, step: 30 } }, [0]);
    expect(options[0]?.changes[0]).toMatchObject({ from: 30, to: 30 });
  });

  test('is proven where it is monotone: not where a softmax of several features is asked', () => {
    const features = { f0: { min: 0, max: 10 }, f1: { min: 0, max: 10 } };
    const several = linear(
      [
        [-1, 0.2],
        [0.5, 0.1],
        [0.2, 0.4],
      ],
      'softmax',
    );
    const { options } = found(several, { measure: 'probability', below: 0.2 }, features, [0, 0]);
    expect(options.length).toBeGreaterThan(0);
    expect(options.every(({ proven }) => !proven)).toBe(true);
  });
});

test('corners of a box are paid for before the first is looked at, and are never all there', () => {
  const codes = Array.from({ length: 300 }, (_, code) => code);
  const sides = [0, 1, 2].map(
    (feature) => ({ move: { feature }, low: 0, high: 0, oneOf: codes }) as unknown as Side,
  );
  const asked: Float64Array[] = [];
  const landscape = {
    row: new Float64Array(3),
    ask: (row: Float64Array) => ({ value: asked.push(row), isMet: asked.length < 3 }),
  } as unknown as Landscape;
  const poor = new Account(20_000_000);
  expect(cornersMeet(landscape, sides, poor)).toBe(false);
  expect([asked, poor.spent]).toEqual([[], 0]);
  const rich = new Account(40_000_000);
  expect(cornersMeet(landscape, sides, rich)).toBe(false);
  expect(rich.spent).toBe(27_000_000);
  expect(asked.map((row) => Array.from(row))).toEqual([
    [0, 0, 0],
    [0, 0, 1],
    [0, 0, 2],
  ]);
});
