import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { FeatureRow, TreeModel } from '../src/index.ts';
import { moveHelps } from '../src/reasons/direction.ts';
import type { ReasonDirection } from '../src/reasons/registry.ts';
import { treeChange } from '../src/reasons/tree-change.ts';
import { buildModel } from './builder.ts';
import { RANDOM_FEATURES, randomRow, randomSpec } from './random-models.ts';
import { loadTrees, modelsOf, readGolden, readModel, rowsOf } from './support.ts';

const directions: ReasonDirection[] = ['lower-hurts', 'higher-hurts', 'any'];
const someFeatures = fc.uniqueArray(fc.integer({ min: 0, max: RANDOM_FEATURES - 1 }), {
  minLength: 1,
  maxLength: 3,
});

/** By definition: the score of the changed row less the score of the row, move by move. */
function changeByScores(
  model: TreeModel,
  row: FeatureRow,
  features: readonly number[],
  moves: readonly (readonly number[])[],
): number {
  const score = (of: FeatureRow) => model.predict(of).score[0]!;
  return moves.reduce((sum, values) => {
    const changed = Array.from(row);
    features.forEach((feature, i) => (changed[feature] = values[i]!));
    return sum + score(changed) - score(row);
  }, 0);
}

/** The moves that `moveHelps` speaks of, found once more. */
function helpfulMoves(
  row: FeatureRow,
  features: readonly number[],
  direction: ReasonDirection,
  background: readonly FeatureRow[],
): number[][] {
  const helps = (own: number, other: number): boolean => {
    if (Number.isNaN(other)) return false;
    if (Number.isNaN(own)) return true;
    return { 'lower-hurts': other > own, 'higher-hurts': other < own, any: other !== own }[
      direction
    ];
  };
  return background.map((other) =>
    features.map((feature) =>
      helps(row[feature]!, other[feature]!) ? other[feature]! : row[feature]!,
    ),
  );
}

test('a walk of all moves together is each move scored by itself', () => {
  fc.assert(
    fc.property(
      randomSpec,
      randomRow,
      someFeatures,
      fc.array(randomRow, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(...directions),
      fc.constantFrom('higher' as const, 'lower' as const),
      (spec, row, features, background, direction, adverseDirection) => {
        const model = buildModel(spec);
        const moves = helpfulMoves(row, features, direction, background);
        const change = changeByScores(model, row, features, moves);
        const question = { model, row, output: 0, features, direction, background };
        // Leaves are sixteenths: nothing is rounded.
        expect(moveHelps({ ...question, adverseDirection })).toBe(
          adverseDirection === 'higher' ? change < 0 : change > 0,
        );
      },
    ),
    { numRuns: 2000 },
  );
});

const chosen = new Set(['sigmoid', 'categories', 'dart', 'no-missing']);
const models = modelsOf('lightgbm', 'txt').filter(([, name]) => chosen.has(name));

describe.each(models)('%s %s', (_folder, _name, path) => {
  test('every feature moved to what the other rows have changes the score by as much', () => {
    const model = loadTrees(readModel(path));
    const rows = rowsOf(readGolden(path).rows);
    for (const row of rows.slice(0, 8))
      for (let feature = 0; feature < model.featureNames.length; feature++) {
        const values = rows.map((other) => other[feature]!).filter((value) => !Number.isNaN(value));
        const ascending = Float64Array.from(values).sort();
        const wanted = changeByScores(
          model,
          row,
          [feature],
          values.map((value) => [value]),
        );
        const bound = 1e-9 * Math.max(1, Math.abs(wanted));
        for (const isSorted of [true, false]) {
          const moves = {
            features: [feature],
            columns: [ascending],
            count: values.length,
            isSorted,
          };
          expect(Math.abs(treeChange(model, row, 0, moves) - wanted)).toBeLessThan(bound);
        }
      }
  });
});

/** Up to 2 one score; above it another, cut in three leaves that are equal. */
function plateau(low: number, high: number): TreeModel {
  const model = buildModel({
    features: 1,
    trees: [
      {
        feature: 0,
        below: 2,
        left: { value: 1 },
        right: {
          feature: 0,
          below: 5,
          left: { value: 2 },
          right: { feature: 0, below: 8, left: { value: 2 }, right: { value: 2 } },
        },
      },
    ],
  });
  const trees = model.trees.map((tree) => ({
    ...tree,
    value: tree.value.map((value) => (value === 2 ? high : value === 1 ? low : value)),
  }));
  return { ...model, trees };
}

test.each([90_012.34, 900_123.4, 0.37])(
  'moves between equal leaves of %d help in no direction: nothing is rounded into a change',
  (loss) => {
    const model = plateau(loss / 2, loss);
    const asked = { model, row: [3], output: 0, features: [0] };
    for (const rows of [100, 1000])
      for (let near = 1; near < 60; near++) {
        const background = Array.from({ length: rows }, (_, i) => [i < near ? 6 : 9]);
        for (const adverseDirection of ['higher', 'lower'] as const)
          expect(
            moveHelps({ ...asked, direction: 'lower-hurts', adverseDirection, background }),
          ).toBe(false);
      }
  },
);

test('rows that join, leave or replace others of a background are seen', () => {
  const model = buildModel({
    features: 1,
    trees: [{ feature: 0, below: 5, left: { value: 1 }, right: { value: 0 } }],
  });
  const background = [[1], [2]];
  const helps = (): boolean =>
    moveHelps({
      model,
      row: [3],
      output: 0,
      features: [0],
      direction: 'lower-hurts',
      adverseDirection: 'higher',
      background,
    });
  expect(helps()).toBe(false);
  background.push([9]);
  expect(helps()).toBe(true);
  background[2] = [4];
  expect(helps()).toBe(false);
  background[0] = [9];
  expect(helps()).toBe(true);
  background.shift();
  expect(helps()).toBe(false);
});
