import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rankBackground } from '../src/shapley/blocks/background.ts';
import { interventionalKernel } from '../src/shapley/blocks/kernel.ts';
import { enumerateShapley } from '../src/index.ts';
import type { TreeModel } from '../src/index.ts';
import { goesLeft } from '../src/model/tree.ts';
import type { Tree } from '../src/model/tree.ts';
import { castRow } from '../src/model/tree-model.ts';
import { DEFAULT_TABLE_BYTES } from '../src/shapley/kernel.ts';
import type { EngineName } from '../src/shapley/kernel.ts';
import { rankTrees, writeRanks } from '../src/shapley/ranks.ts';
import { buildModel } from './builder.ts';
import type { ModelSpec, Node } from './builder.ts';
import { RANDOM_FEATURES, randomRow, randomSpec } from './random-models.ts';
import {
  fixtureBytes,
  fixturePath,
  golden,
  goldenModels,
  largestDifference,
  loadTrees,
  modelsOf,
  readGolden,
  readModel,
  rowsOf,
} from './support.ts';

const BAR = 1e-12;
const runs = { numRuns: 40 };
const engines = ['wasm', 'typescript'] as const;
/** From all blocks as large as wanted over smaller ones and lone leaves down to no table at all. */
const limits = fc.constantFrom(DEFAULT_TABLE_BYTES, 3000, 1000, 300, 100, 0);
const backgrounds = fc.array(randomRow, { minLength: 1, maxLength: 6 });
const batches = fc.array(randomRow, { minLength: 1, maxLength: 11 });

interface Made {
  readonly values: Float64Array;
  readonly name: string;
  readonly tableBytes: number;
}

/** Attributions of many rows, [row][output][feature]. */
function attributions(
  model: TreeModel,
  rows: readonly Float64Array[],
  background: readonly Float64Array[],
  maxTableBytes = DEFAULT_TABLE_BYTES,
  engine: EngineName = 'wasm',
): Made {
  const cast = background.map((row) => castRow(model, row));
  const kernel = interventionalKernel(model, cast, maxTableBytes, engine);
  const values = new Float64Array(rows.length * model.outputs * model.featureNames.length);
  // Twice: nothing of the first call may stay.
  for (const order of [[...rows].reverse(), rows])
    kernel.attributeRows(
      order.map((row) => castRow(model, row)),
      values,
      0,
    );
  return { values, name: kernel.name, tableBytes: kernel.tableBytes };
}

/** By definition for trees: every leaf against every background row, weights from factorials. */
function doubleLoop(
  model: TreeModel,
  row: Float64Array,
  background: readonly Float64Array[],
): Float64Array {
  const features = model.featureNames.length;
  const out = new Float64Array(model.outputs * features);
  const [own, ...others] = [row, ...background].map((values) => castRow(model, values));
  if (own === undefined) return out;
  for (const tree of model.trees)
    for (const leaf of leavesOf(tree)) {
      const outside = failures(tree, leaf, own);
      for (const other of others) {
        const inside = failures(tree, leaf, other);
        if ([...inside].some((feature) => outside.has(feature))) continue;
        const [p, n] = [inside.size, outside.size];
        const share = leaf.value / background.length / factorial(p + n);
        const add = (feature: number, amount: number): void => {
          const at = tree.output * features + feature;
          out[at] = (out[at] ?? NaN) + amount;
        };
        for (const feature of inside) add(feature, share * factorial(p - 1) * factorial(n));
        for (const feature of outside) add(feature, -share * factorial(p) * factorial(n - 1));
      }
    }
  return out;
}

/** The features whose conditions on the path of a leaf a row does not meet. */
function failures(tree: Tree, { conditions }: Leaf, row: Float64Array): Set<number> {
  const failed = new Set<number>();
  for (const { node, isLeft } of conditions) {
    const feature = tree.feature[node] ?? -1;
    if (goesLeft(tree, node, row[feature] ?? NaN) !== isLeft) failed.add(feature);
  }
  return failed;
}

interface Leaf {
  readonly conditions: readonly { readonly node: number; readonly isLeft: boolean }[];
  readonly value: number;
}

function leavesOf(tree: Tree, node = 0, conditions: Leaf['conditions'] = []): Leaf[] {
  const left = tree.leftChild[node] ?? 0;
  if (left === 0) return [{ conditions, value: tree.value[node] ?? NaN }];
  return [
    ...leavesOf(tree, left, [...conditions, { node, isLeft: true }]),
    ...leavesOf(tree, left + 1, [...conditions, { node, isLeft: false }]),
  ];
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}

function flat(arrays: readonly Float64Array[]): Float64Array {
  return Float64Array.from(arrays.flatMap((values) => [...values]));
}

describe('against enumeration and an independent double loop', () => {
  test('every engine under every limit, in batches that do not fill their last group', () => {
    fc.assert(
      fc.property(randomSpec, batches, backgrounds, limits, (spec, rows, background, limit) => {
        const model = buildModel(spec);
        const game = { perturbation: 'interventional', background } as const;
        const want = flat(rows.flatMap((row) => enumerateShapley(model, row, game).attributions));
        const loops = flat(rows.map((row) => doubleLoop(model, row, background)));
        expect(largestDifference(loops, want)).toBeLessThanOrEqual(BAR);
        const [wasm, twin] = engines.map((engine) =>
          attributions(model, rows, background, limit, engine),
        );
        expect(wasm?.tableBytes).toBeLessThanOrEqual(limit);
        expect(wasm?.tableBytes).toBe(twin?.tableBytes);
        expect(wasm?.name).toMatch(/^wasm-blocks\/1/);
        expect(twin?.name).toMatch(/^ts-blocks\/1/);
        expect(largestDifference(wasm?.values ?? [], want)).toBeLessThanOrEqual(BAR);
        // The twin is not only close: the same bytes.
        expect(twin?.values).toStrictEqual(wasm?.values);
      }),
      runs,
    );
  });

  const wanted = ['numeric', 'dart', 'partition', 'multiclass', 'deep', 'binary', 'missing-max'];
  const many = [
    ...goldenModels
      .filter(([version]) => version === '3.2.0')
      .map(([version, name]) => [`xgboost ${name}`, fixturePath(version, `${name}.json`)] as const),
    ...modelsOf('lightgbm', 'txt').map(([, name, path]) => [`lightgbm ${name}`, path] as const),
    ...modelsOf('catboost', 'json').map(([, name, path]) => [`catboost ${name}`, path] as const),
  ].filter(
    ([name]) =>
      wanted.some((word) => name.endsWith(` ${word}`)) || /zero|categor|forest/.test(name),
  );
  test.each(many)('%s', (_, path) => {
    const model = loadTrees(readModel(path));
    const rows = rowsOf(readGolden(path).rows).slice(0, 1);
    const background = rowsOf(readGolden(path).rows).slice(0, 4);
    const want = flat(rows.map((row) => doubleLoop(model, row, background)));
    const scale = want.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const all = attributions(model, rows, background);
    for (const limit of [DEFAULT_TABLE_BYTES, all.tableBytes / 8, 0]) {
      const [wasm, twin] = engines.map((engine) =>
        attributions(model, rows, background, limit, engine),
      );
      expect(twin?.values).toStrictEqual(wasm?.values);
      expect(wasm?.tableBytes).toBeLessThanOrEqual(limit);
      expect(largestDifference(wasm?.values ?? [], want)).toBeLessThanOrEqual(BAR * scale);
    }
  });
});

describe('background', () => {
  const model = loadTrees(fixtureBytes('3.2.0', 'numeric.json'));
  const rows = rowsOf(golden('3.2.0', 'numeric').rows);

  test('a thousand rows cost a row nothing: the tables are as large, the values those of the double loop', () => {
    const background = Array.from({ length: 1000 }, (_, index) =>
      (rows[index % rows.length] ?? new Float64Array(0)).map(
        (value, feature) => value + ((index * 7 + feature * 13) % 11) / 16,
      ),
    );
    const row = rows[3] ?? new Float64Array(0);
    const got = attributions(model, [row], background);
    expect(got.tableBytes).toBe(attributions(model, [row], background.slice(0, 10)).tableBytes);
    const want = doubleLoop(model, row, background);
    expect(largestDifference(got.values, want)).toBeLessThanOrEqual(BAR);
    const walked = attributions(model, [row], background, 0);
    expect(largestDifference(walked.values, want)).toBeLessThanOrEqual(BAR);
  });

  test('a background of one row that is the row itself gives exactly 0 everywhere', () => {
    fc.assert(
      fc.property(randomSpec, randomRow, fc.integer({ min: 1, max: 3 }), (spec, row, times) => {
        const made = buildModel(spec);
        const background = new Array<Float64Array>(times).fill(row);
        for (const limit of [DEFAULT_TABLE_BYTES, 0])
          expect(attributions(made, [row], background, limit).values).toStrictEqual(
            new Float64Array(RANDOM_FEATURES),
          );
      }),
      runs,
    );
  });

  test('rows that the trees cannot tell apart count as often as they are there', () => {
    const [a, b, c] = rows as [Float64Array, Float64Array, Float64Array];
    for (const limit of [DEFAULT_TABLE_BYTES, 0]) {
      const got = attributions(model, [c], [a, b, a, a], limit).values;
      expect(largestDifference(got, doubleLoop(model, c, [a, a, a, b]))).toBeLessThanOrEqual(BAR);
      expect(
        largestDifference(got, attributions(model, [c], [a, b], limit).values),
      ).toBeGreaterThan(1e-3);
    }
  });
});

describe('properties', () => {
  test('a row has the same bytes alone and at any place of a batch', () => {
    fc.assert(
      fc.property(randomSpec, batches, backgrounds, limits, (spec, rows, background, limit) => {
        const model = buildModel(spec);
        for (const engine of engines) {
          const together = attributions(model, rows, background, limit, engine).values;
          const alone = rows.map(
            (row) => attributions(model, [row], background, limit, engine).values,
          );
          expect(flat(alone)).toStrictEqual(together);
        }
      }),
      runs,
    );
  });

  test('features under other names and places carry the same bytes', () => {
    const order = [3, 0, 4, 1, 2, 5];
    const moved = (row: Float64Array): Float64Array =>
      row.map((_, place) => row[order.indexOf(place)] ?? NaN);
    fc.assert(
      fc.property(randomSpec, randomRow, backgrounds, limits, (spec, row, background, limit) => {
        const other: ModelSpec = { ...spec, trees: spec.trees.map((tree) => renamed(tree, order)) };
        const got = attributions(buildModel(spec), [row], background, limit).values;
        const want = attributions(
          buildModel(other),
          [moved(row)],
          background.map(moved),
          limit,
        ).values;
        expect(moved(got)).toStrictEqual(want);
      }),
      runs,
    );
  });

  test('two outputs, weights of trees and a tree of one leaf: each tree adds its own', () => {
    const split: Node = {
      feature: 1,
      below: 0.5,
      left: { value: 2 },
      right: { feature: 0, below: 0, left: { value: -1 }, right: { value: 4 } },
    };
    const spec: ModelSpec = {
      trees: [split, { value: 7 }, split, split],
      features: 2,
      classes: 2,
      groups: [0, 1, 1, 1],
      weights: [1, 1, 0.5, 0.25],
      objective: 'multi:softprob',
      baseScore: '5E-1',
    };
    const { values } = attributions(
      buildModel(spec),
      [Float64Array.of(1, 1)],
      [Float64Array.of(-1, 0), Float64Array.of(1, 0)],
    );
    const [first = NaN, second = NaN] = values;
    expect(Array.from(values)).toStrictEqual([first, second, first * 0.75, second * 0.75]);
    expect(first + second).toBe(2);
  });

  test('the name says how the tables were made to fit', () => {
    const model = loadTrees(fixtureBytes('3.2.0', 'numeric.json'));
    const [row = new Float64Array(0), ...background] = rowsOf(golden('3.2.0', 'numeric').rows);
    const name = (limit?: number): string => attributions(model, [row], background, limit).name;
    const { tableBytes } = attributions(model, [row], background);
    expect(name()).toBe('wasm-blocks/1');
    expect(name(tableBytes)).toBe('wasm-blocks/1');
    expect(name(tableBytes - 8)).toBe('wasm-blocks/1/b6');
    expect(name(1000)).toBe('wasm-blocks/1/walk1000');
  });

  test('a path of too many features has its own tree walked; the others keep their tables', () => {
    const small = (feature: number): Node => ({
      feature,
      below: 0,
      left: { value: 1, cover: 1 },
      right: { value: -feature, cover: 2 },
    });
    const chain = (feature: number): Node =>
      feature === 18
        ? { value: 4, cover: 1 }
        : {
            feature,
            below: 0.5,
            left: { value: feature / 4, cover: 1 },
            right: chain(feature + 1),
          };
    const narrow = [small(0), small(3), small(17)];
    const model = buildModel({ trees: [narrow[0]!, chain(0), ...narrow.slice(1)], features: 18 });
    const rows = [1, -1, 0.25].map((x) => new Float64Array(18).fill(x));
    const background = [Float64Array.from({ length: 18 }, (_, i) => (i % 3) - 0.5)];
    const made = attributions(model, rows, background);
    const { tableBytes } = attributions(
      buildModel({ trees: narrow, features: 18 }),
      rows,
      background,
    );
    expect(made).toMatchObject({ name: 'wasm-blocks/1', tableBytes });
    const walked = attributions(model, rows, background, 0);
    expect(walked.tableBytes).toBe(0);
    expect(largestDifference(made.values, walked.values)).toBeLessThanOrEqual(BAR);
  });

  test('rows that a model cannot tell apart count together, first come first', () => {
    const model = loadTrees(fixtureBytes('3.2.0', 'numeric.json'));
    const ranks = rankTrees(model.trees);
    const rows = rowsOf(golden('3.2.0', 'numeric').rows).map((row) => castRow(model, row));
    const given = Array.from({ length: 300 }, (_, i) => rows[(i * i) % rows.length]!);
    const keys = given.map((row) => {
      const own = new Int32Array(ranks.slots);
      writeRanks(ranks, row, own, 0, 1);
      return own.join();
    });
    const distinct = [...new Set(keys)];
    const ranked = rankBackground(ranks, given);
    expect(ranked.rows).toBe(300);
    expect(ranked.distinct).toStrictEqual(distinct.map((key) => given[keys.indexOf(key)]));
    expect(Array.from(ranked.weights)).toStrictEqual(
      distinct.map((key) => keys.filter((other) => other === key).length),
    );
    expect(ranked.ranks.join()).toBe(distinct.join());
  });

  test('all trees of one leaf: nothing to attribute, and no tables', () => {
    const model = buildModel({ trees: [{ value: 3 }, { value: 1 }], features: 2 });
    for (const engine of engines)
      expect(
        attributions(model, [Float64Array.of(1, 2)], [Float64Array.of(3, 4)], 0, engine),
      ).toMatchObject({ values: new Float64Array(2), tableBytes: 0 });
  });
});

function renamed(node: Node, order: readonly number[]): Node {
  return 'value' in node
    ? node
    : {
        ...node,
        feature: order[node.feature] ?? -1,
        left: renamed(node.left, order),
        right: renamed(node.right, order),
      };
}
