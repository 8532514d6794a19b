import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { goesLeft } from '../src/model/tree.ts';
import type { Tree } from '../src/model/tree.ts';
import { castRow } from '../src/model/tree-model.ts';
import type { TreeModel } from '../src/index.ts';
import { rankTrees, writeRanks } from '../src/shapley/ranks.ts';
import { buildModel } from './builder.ts';
import { randomRow, randomSpec } from './random-models.ts';
import {
  fixturePath,
  goldenModels,
  loadTrees,
  modelsOf,
  readGolden,
  readModel,
  rowsOf,
} from './support.ts';

/** Splits at which the ranks send a row elsewhere than the question itself. */
function wrongTurns(trees: readonly Tree[], rows: readonly Float64Array[]): number {
  const ranks = rankTrees(trees);
  const out = new Int32Array(ranks.slots * 3 + 1).fill(-7);
  let wrong = 0;
  for (const row of rows) {
    writeRanks(ranks, row, out, 1, 3);
    trees.forEach((tree, index) => {
      for (let node = 0; node < tree.nodes; node++) {
        if (tree.leftChild[node] === 0) continue;
        const rank = out[1 + (ranks.slotOf[index]?.[node] ?? NaN) * 3] ?? NaN;
        const isLeft = rank < (ranks.constantOf[index]?.[node] ?? NaN);
        if (isLeft !== goesLeft(tree, node, row[tree.feature[node] ?? 0] ?? NaN)) wrong++;
      }
    });
  }
  expect(out[0]).toBe(-7);
  return wrong;
}

/** Rows that sit on, just below and just above the thresholds of the trees, and the odd ones of IEEE 754. */
function edgeRows(model: TreeModel): Float64Array[] {
  const odd = [0, -0, Infinity, -Infinity, NaN, 5e-324, -5e-324, 0.5, -1, 1e6, 2 ** 31];
  const values = new Set<number>(odd);
  for (const { threshold } of model.trees.slice(0, 3))
    for (const t of threshold.slice(0, 9)) for (const d of [0, 1e-9, -1e-9]) values.add(t + d);
  return [...values].map((value) =>
    castRow(model, new Float64Array(model.featureNames.length).fill(value)),
  );
}

test('ranks send every row where the splits send it', () => {
  fc.assert(
    fc.property(randomSpec, randomRow, (spec, row) => {
      const model = buildModel(spec);
      expect(wrongTurns(model.trees, [castRow(model, row), ...edgeRows(model)])).toBe(0);
    }),
    { numRuns: 100 },
  );
});

const paths = [
  ...goldenModels.map(([version, name]) => fixturePath(version, `${name}.json`)),
  ...modelsOf('lightgbm', 'txt').map(([, , path]) => path),
  ...modelsOf('catboost', 'json').map(([, , path]) => path),
];

test('real models', () => {
  for (const path of paths) {
    const model = loadTrees(readModel(path));
    const rows = rowsOf(readGolden(path).rows.slice(0, 5)).map((row) => castRow(model, row));
    expect(wrongTurns(model.trees, [...rows, ...edgeRows(model)])).toBe(0);
  }
});

test('questions that nothing passes, shared thresholds of both zeros, and default sides', () => {
  const tree: Tree = {
    nodes: 7,
    leftChild: Int32Array.of(1, 3, 5, 0, 0, 0, 0),
    feature: new Int32Array(7),
    threshold: Float64Array.of(NaN, 0, -0, 0, 0, 0, 0),
    defaultLeft: Uint8Array.of(1, 0, 1, 0, 0, 0, 0),
    zeroMissing: Uint8Array.of(0, 1, 0, 0, 0, 0, 0),
    categories: new Array<null>(7).fill(null),
    value: new Float64Array(7),
    cover: new Float64Array(7),
    output: 0,
    depth: 2,
  };
  const ranks = rankTrees([tree]);
  expect(ranks.slots).toBe(2);
  expect(Array.from(ranks.values)).toStrictEqual([0]);
  const rows = [NaN, 0, -0, -1, 1].map((value) => Float64Array.of(value));
  expect(wrongTurns([tree], rows)).toBe(0);
});
