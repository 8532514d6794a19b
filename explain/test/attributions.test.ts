import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  assertAdditive,
  enumerateShapley,
  linearExplainer,
  shapleyValues,
  treeExplainer,
} from '../src/index.ts';
import type { Explanation, TreeModel } from '../src/index.ts';
import { buildLinear, buildModel } from './builder.ts';
import type { ModelSpec, Node } from './builder.ts';
import { RANDOM_FEATURES, randomRow, randomSpec, randomTree } from './random-models.ts';
import {
  attributionDifference,
  fixtureBytes,
  golden,
  largestDifference,
  rowsOf,
  loadTrees,
} from './support.ts';

const BAR = 1e-12;
const runs = { numRuns: 150 };
const path = { perturbation: 'tree-path-dependent' } as const;

function explainPath(model: TreeModel, row: Float64Array, maxTableBytes = 1e6): Explanation {
  return treeExplainer(model, { ...path, maxTableBytes }).explain(row);
}

function explainAgainst(
  model: TreeModel,
  row: Float64Array,
  background: readonly Float64Array[],
  maxTableBytes = 1e6,
): Explanation {
  return treeExplainer(model, {
    perturbation: 'interventional',
    background,
    maxTableBytes,
  }).explain(row);
}

const backgrounds = fc.array(randomRow, { minLength: 1, maxLength: 6 });

describe('against enumeration', () => {
  test('path-dependent attributions and base value are those of the definition', () => {
    fc.assert(
      fc.property(randomSpec, randomRow, (spec, row) => {
        const model = buildModel(spec);
        const got = explainPath(model, row);
        const want = enumerateShapley(model, row, path);
        expect(attributionDifference(got, want)).toBeLessThanOrEqual(BAR);
        expect(largestDifference(got.baseValue, want.baseValue)).toBeLessThanOrEqual(BAR);
        expect(got.additivityError).toBeLessThanOrEqual(BAR);
      }),
      runs,
    );
  });

  test('interventional attributions and base value are those of the definition', () => {
    fc.assert(
      fc.property(randomSpec, randomRow, backgrounds, (spec, row, background) => {
        const model = buildModel(spec);
        const got = explainAgainst(model, row, background);
        const want = enumerateShapley(model, row, { perturbation: 'interventional', background });
        expect(attributionDifference(got, want)).toBeLessThanOrEqual(BAR);
        expect(largestDifference(got.baseValue, want.baseValue)).toBeLessThanOrEqual(BAR);
      }),
      runs,
    );
  });

  test('the walk per background row gives what the pattern tables give', () => {
    fc.assert(
      fc.property(randomSpec, randomRow, backgrounds, (spec, row, background) => {
        const model = buildModel(spec);
        const explainer = treeExplainer(model, {
          perturbation: 'interventional',
          background,
          maxTableBytes: 0,
        });
        expect(explainer.tableBytes).toBe(0);
        expect(
          attributionDifference(explainer.explain(row), explainAgainst(model, row, background)),
        ).toBeLessThanOrEqual(BAR);
      }),
      runs,
    );
  });

  test('the walk without tables gives the values of the definition', () => {
    fc.assert(
      fc.property(randomSpec, randomRow, (spec, row) => {
        const model = buildModel(spec);
        const got = explainPath(model, row, 0);
        const want = enumerateShapley(model, row, path);
        expect(attributionDifference(got, want)).toBeLessThanOrEqual(BAR);
        expect(treeExplainer(model, { ...path, maxTableBytes: 0 }).tableBytes).toBe(0);
      }),
      runs,
    );
  });

  test.each(['partition', 'multiclass', 'dart', 'deep'])('real models: %s', (name) => {
    const model = loadTrees(fixtureBytes('3.2.0', `${name}.json`));
    const rows = rowsOf(golden('3.2.0', name).rows);
    const background = rows.slice(0, 7);
    const inTables = treeExplainer(model, { perturbation: 'interventional', background });
    const inLoop = treeExplainer(model, {
      perturbation: 'interventional',
      background,
      maxTableBytes: 0,
    });
    const some = treeExplainer(model, {
      perturbation: 'interventional',
      background,
      maxTableBytes: inTables.tableBytes / 2,
    });
    expect(some.tableBytes).toBeGreaterThan(0);
    expect(some.tableBytes).toBeLessThanOrEqual(inTables.tableBytes / 2);
    for (const row of rows.slice(0, 3)) {
      const want = enumerateShapley(model, row, { perturbation: 'interventional', background });
      for (const explainer of [inTables, inLoop, some])
        expect(attributionDifference(explainer.explain(row), want)).toBeLessThanOrEqual(BAR);
      const wanted = enumerateShapley(model, row, path);
      expect(attributionDifference(explainPath(model, row), wanted)).toBeLessThanOrEqual(BAR);
    }
  });
});

describe('known answers', () => {
  const and: Node = {
    feature: 0,
    below: 0.5,
    left: { value: 0 },
    right: { feature: 1, below: 0.5, left: { value: 0 }, right: { value: 80 } },
  };
  const model = buildModel({
    trees: [{ ...and, cover: 4, left: { value: 0, cover: 2 } }],
    features: 2,
  });

  test('AND of two features against a background of zeros shares 80 in halves', () => {
    const { attributions, baseValue } = explainAgainst(model, Float64Array.of(1, 1), [
      Float64Array.of(0, 0),
    ]);
    expect(Array.from(attributions[0] ?? [])).toStrictEqual([40, 40]);
    expect(baseValue).toStrictEqual([0]);
  });

  test('AND of two features over four equally likely rows: 30 each over a base of 20', () => {
    const { attributions, baseValue } = explainPath(model, Float64Array.of(1, 1));
    expect(largestDifference(attributions[0] ?? [], [30, 30])).toBeLessThanOrEqual(BAR);
    expect(baseValue).toStrictEqual([20]);
  });

  test('a model of one leaf has no attributions', () => {
    const leaf = buildModel({ trees: [{ value: 3 }], features: 2 });
    expect(explainPath(leaf, Float64Array.of(1, 2))).toMatchObject({
      baseValue: [3],
      score: [3],
      additivityError: 0,
    });
    expect(
      Array.from(explainPath(leaf, Float64Array.of(1, 2)).attributions[0] ?? []),
    ).toStrictEqual([0, 0]);
  });

  test('shapleyValues divides any game: a glove game', () => {
    const worth = (mask: number): number => ((mask & 1) === 1 && (mask & 6) !== 0 ? 1 : 0);
    expect(largestDifference(shapleyValues(3, worth), [2 / 3, 1 / 6, 1 / 6])).toBeLessThanOrEqual(
      1e-15,
    );
  });
});

describe('properties', () => {
  test('a feature that no tree asks for gets exactly 0', () => {
    fc.assert(
      fc.property(randomSpec, randomRow, backgrounds, (spec, row, background) => {
        const model = buildModel({ ...spec, features: RANDOM_FEATURES + 1 });
        const wide = (values: Float64Array): Float64Array => Float64Array.of(...values, 5);
        for (const { attributions } of [
          explainPath(model, wide(row)),
          explainAgainst(model, wide(row), background.map(wide)),
        ])
          expect(attributions[0]?.[RANDOM_FEATURES]).toBe(0);
      }),
      runs,
    );
  });

  test('attributions of a sum of trees are the sums of attributions', () => {
    fc.assert(
      fc.property(randomTree, randomTree, randomRow, backgrounds, (one, other, row, background) => {
        const model = (trees: Node[]): TreeModel =>
          buildModel({ trees, features: RANDOM_FEATURES });
        for (const explain of [
          (m: TreeModel) => explainPath(m, row),
          (m: TreeModel) => explainAgainst(m, row, background),
        ]) {
          const [a, b, both] = [
            explain(model([one])),
            explain(model([other])),
            explain(model([one, other])),
          ];
          const sum = a.attributions[0]?.map(
            (value, index) => value + (b.attributions[0]?.[index] ?? NaN),
          );
          expect(largestDifference(both.attributions[0] ?? [], sum ?? [])).toBeLessThanOrEqual(BAR);
        }
      }),
      runs,
    );
  });

  test('a background of the row itself gives exactly 0 everywhere', () => {
    fc.assert(
      fc.property(randomSpec, randomRow, (spec, row) => {
        for (const bytes of [0, 1e6]) {
          const { attributions, baseValue, score } = explainAgainst(
            buildModel(spec),
            row,
            [row, row],
            bytes,
          );
          expect(attributions[0]?.every((value) => value === 0)).toBe(true);
          expect(baseValue).toStrictEqual(score);
        }
      }),
      runs,
    );
  });

  test('renaming features moves attributions with them', () => {
    fc.assert(
      fc.property(randomSpec, randomRow, backgrounds, (spec, row, background) => {
        const reversed = (values: Float64Array): Float64Array =>
          Float64Array.from(values).reverse();
        const model = buildModel(spec);
        const mirror = buildModel({ ...spec, trees: spec.trees.map((tree) => mirrored(tree)) });
        const pairs: [Explanation, Explanation][] = [
          [explainPath(model, row), explainPath(mirror, reversed(row))],
          [
            explainAgainst(model, row, background),
            explainAgainst(mirror, reversed(row), background.map(reversed)),
          ],
        ];
        for (const [one, other] of pairs)
          expect(Array.from(reversed(other.attributions[0] ?? new Float64Array()))).toStrictEqual(
            Array.from(one.attributions[0] ?? []),
          );
      }),
      runs,
    );
  });

  test('replay gives the same bytes, also after other rows', () => {
    fc.assert(
      fc.property(
        randomSpec,
        fc.array(randomRow, { minLength: 2, maxLength: 4 }),
        backgrounds,
        (spec, rows, background) => {
          const model = buildModel(spec);
          for (const options of [path, { perturbation: 'interventional', background } as const]) {
            const explainer = treeExplainer(model, options);
            const first = rows.map((row) => explainer.explain(row));
            const again = rows
              .toReversed()
              .map((row) => treeExplainer(buildModel(spec), options).explain(row));
            expect(rows.map((row) => explainer.explain(row))).toStrictEqual(first);
            expect(again.reverse()).toStrictEqual(first);
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

function mirrored(node: Node): Node {
  if ('value' in node) return node;
  return {
    ...node,
    feature: RANDOM_FEATURES - 1 - node.feature,
    left: mirrored(node.left),
    right: mirrored(node.right),
  };
}

/** A chain that asks feature after feature: one path holds them all. */
function chain(features: number): ModelSpec {
  let tree: Node = { value: 1, cover: 3 };
  for (let feature = 0; feature < features; feature++)
    tree = { feature, below: 0.5, left: { value: -feature / 8, cover: 2 }, right: tree };
  return { trees: [tree], features };
}

describe('wide and deep paths', () => {
  test.each([1, 2, 3, 8, 9, 12, 13, 15])('%i features on one path', (features) => {
    const model = buildModel(chain(features));
    const row = Float64Array.from({ length: features }, (_, index) => (index % 4 === 1 ? 0 : 1));
    const background = [0, 1, 2].map((shift) =>
      Float64Array.from({ length: features }, (_, index) => (index + shift) % 3),
    );
    expect(
      attributionDifference(explainPath(model, row), enumerateShapley(model, row, path)),
    ).toBeLessThanOrEqual(BAR);
    const want = enumerateShapley(model, row, { perturbation: 'interventional', background });
    expect(attributionDifference(explainAgainst(model, row, background), want)).toBeLessThanOrEqual(
      BAR,
    );
    expect(
      attributionDifference(explainAgainst(model, row, background, 1e7), want),
    ).toBeLessThanOrEqual(BAR);
    const inTables = { perturbation: 'interventional', background, maxTableBytes: 1e7 } as const;
    expect(treeExplainer(model, inTables).tableBytes).toBeGreaterThan(0);
  });

  test('a path of 200 features stays additive', () => {
    const model = buildModel(chain(200));
    const row = new Float64Array(200).fill(1);
    expect(explainPath(model, row).additivityError).toBeLessThanOrEqual(1e-10);
    expect(explainAgainst(model, row, [new Float64Array(200)]).additivityError).toBeLessThanOrEqual(
      1e-10,
    );
  });

  test('enumeration refuses 16 features and no background', () => {
    const model = buildModel(chain(16));
    const row = new Float64Array(16);
    expect(() => enumerateShapley(model, row, path)).toThrow(
      expect.objectContaining({ code: 'EXPLAIN_TOO_WIDE' }),
    );
    expect(() =>
      enumerateShapley(buildModel(chain(2)), new Float64Array(2), {
        perturbation: 'interventional',
        background: [],
      }),
    ).toThrow(expect.objectContaining({ code: 'EXPLAIN_BACKGROUND' }));
  });
});

describe('refusals and checks that can fail', () => {
  const model = buildModel(chain(3));

  test('additivity: an error of 1 %, and NaN, are refused; exact sums pass', () => {
    const attributions = [Float64Array.of(0.25, 0.5)];
    expect(assertAdditive([1], attributions, [1.75])).toBe(0);
    expect(assertAdditive([1], attributions, [1.75 + 2 ** -34])).toBe(2 ** -34);
    const outputs = [Float64Array.of(0.25, 0.5), Float64Array.of(0.75), Float64Array.of(0)];
    expect(assertAdditive([1, 1, 1], outputs, [1.75, 1.75 + 2 ** -34, 1])).toBe(2 ** -34);
    for (const [base, values, score] of [
      [1.01, [0.25, 0.5], 1.75],
      [1, [0.25, 0.505], 1.75],
      [1, [NaN, 0.5], 1.75],
      [1, [0.25, 0.5], NaN],
      [NaN, [0.25, 0.5], 1.75],
      [1, [0.25, 0.5], 1.75 + 3e-9],
      [1, [Infinity, 0.5], 1.75],
      [1, [1e308, 1e308], 1.75],
      [1, [2e9, -2e9], 1 + 5],
    ] as const)
      expect(() => assertAdditive([base], [Float64Array.from(values)], [score])).toThrow(
        expect.objectContaining({ code: 'EXPLAIN_ADDITIVITY' }),
      );
    expect(() => assertAdditive([1, 1], [Float64Array.of(1)], [2, 2])).toThrow(
      expect.objectContaining({ code: 'EXPLAIN_ADDITIVITY' }),
    );
  });

  test('large numbers that cancel may be off by as much as their sum can lose', () => {
    expect(assertAdditive([1], [Float64Array.of(2e9, -2e9)], [1 + 3])).toBe(3);
    const model = buildModel({
      trees: [2, -2].map((sign): Node => ({
        feature: 0,
        below: 0.5,
        left: { value: sign * 1e7, cover: sign === 2 ? 3 : 7 },
        right: { value: sign * -3.3e7, cover: 11 },
      })),
      features: 1,
      objective: 'reg:squarederror',
      baseScore: 0,
    });
    for (const x of [0, 1]) {
      const { score, additivityError } = explainPath(model, Float64Array.of(x));
      expect(score).toStrictEqual([0]);
      expect(additivityError).toBeLessThan(1e-7);
    }
    const regression = buildLinear([1e7, -1e7, 1e7 / 3, 1], 0);
    const { score, additivityError } = linearExplainer(regression, {
      perturbation: 'interventional',
      background: [[0.1, 0.7, 0.3, 0]],
    }).explain([1 / 3, 1 / 3, 0, 1e-9]);
    expect(score[0]).toBeLessThan(1e-8);
    expect(additivityError).toBeGreaterThan(0);
    expect(additivityError).toBeLessThan(1e-7);
  });

  test('every call checks additivity: sums beyond double are refused', () => {
    const { explain } = linearExplainer(buildLinear([1e300, -1e300]), {
      perturbation: 'interventional',
      background: [[0, 0]],
    });
    expect(() => explain([1e10, 1e10])).toThrow(
      expect.objectContaining({ code: 'EXPLAIN_ADDITIVITY' }),
    );
  });

  test('the comparison itself can fail', () => {
    expect(largestDifference([1], [1.01])).toBeGreaterThan(BAR);
    expect(largestDifference([NaN], [1])).toBe(Infinity);
    expect(largestDifference([1], [NaN])).toBe(Infinity);
    expect(largestDifference([1], [1, 2])).toBe(Infinity);
  });

  test('an empty background and rows of the wrong length', () => {
    expect(() => treeExplainer(model, { perturbation: 'interventional', background: [] })).toThrow(
      expect.objectContaining({ code: 'EXPLAIN_BACKGROUND' }),
    );
    const crowd = new Array<Float64Array>(100_001).fill(new Float64Array(3));
    expect(() =>
      treeExplainer(model, { perturbation: 'interventional', background: crowd }),
    ).toThrow(expect.objectContaining({ code: 'EXPLAIN_BACKGROUND' }));
    expect(() => explainAgainst(model, new Float64Array(3), [new Float64Array(2)])).toThrow(
      expect.objectContaining({ code: 'FEATURE_COUNT' }),
    );
    for (const length of [0, 2, 4])
      expect(() => explainPath(model, new Float64Array(length))).toThrow(
        expect.objectContaining({ code: 'FEATURE_COUNT' }),
      );
  });

  test('an explanation says how it was made', () => {
    expect(explainPath(model, new Float64Array(3))).toMatchObject({
      method: 'tree-path-dependent',
      kernel: 'wasm-hybrid/1/1000000',
      outputSpace: 'margin',
      coverSource: 'hessian',
    });
    const background = [new Float64Array(3)];
    expect(treeExplainer(model, { perturbation: 'interventional', background }).kernel).toBe(
      'wasm-blocks/1',
    );
    expect(explainAgainst(model, new Float64Array(3), background)).toMatchObject({
      method: 'interventional',
      kernel: 'wasm-blocks/1',
      outputSpace: 'margin',
      coverSource: 'none',
    });
  });
});
