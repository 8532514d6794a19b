import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ruleWords, surrogateTree, treeRules, numericFeatures } from '../src/index.ts';
import type { Condition, FeatureFacts, Tree } from '../src/index.ts';
import { atOnce } from '../src/batch/turn.ts';
import { fidelityOf } from '../src/global/tree/fidelity.ts';
import { growTrees } from '../src/global/tree/cart.ts';
import { leafOf } from '../src/model/tree.ts';
import { globalGolden as golden, goldenRows, margin, share } from './global-support.ts';
import { fixtureBytes, loadTrees, modelsOf, readModel, rowsOf, readGolden } from './support.ts';

const three = numericFeatures(['x0', 'x1', 'x2']);
const rows = goldenRows.map((row) => row.slice(0, 3));
const scores = Float64Array.from(goldenRows, margin);

function grown(depth: number, minLeaf: number): Tree {
  const data = { rows: rows.slice(0, 200), outputs: 1, targets: scores.slice(0, 200) };
  return atOnce(growTrees(three, data, { depth, minLeaf }))[0]!;
}

function said(tree: Tree, given: readonly Float64Array[]): Float64Array {
  return Float64Array.from(given, (row) => tree.value[leafOf(tree, row)]!);
}

describe('trees against scikit-learn', () => {
  test.each(Object.entries(golden.trees))('%s: the same leaves and fidelity', (name, want) => {
    const [depth, minLeaf] = name.split('-').map(Number);
    const tree = grown(depth!, minLeaf!);
    const held = rows.slice(200);
    expect(treeRules(tree)).toHaveLength(want.leaves);
    said(tree, held).forEach((value, i) => expect(value).toBeCloseTo(want.predictions[i]!, 12));
    const r2 = fidelityOf(scores.slice(200), said(tree, held), 1, null).r2;
    expect(r2).toBeCloseTo(want.test, 12);
    const seen = fidelityOf(scores.slice(0, 200), said(tree, rows.slice(0, 200)), 1, null).r2;
    expect(seen).toBeCloseTo(want.train, 12);
  });

  test('missing values go where they fit', () => {
    const holes = rows.map((row, i) =>
      i % 7 === 0 ? Float64Array.of(NaN, row[1]!, row[2]!) : row,
    );
    const data = { rows: holes, outputs: 1, targets: scores };
    const [tree] = atOnce(growTrees(three, data, { depth: 3, minLeaf: 5 }));
    const { r2 } = fidelityOf(scores, said(tree!, holes), 1, null);
    expect(r2).toBeGreaterThanOrEqual(golden.treeWithMissing.train - 1e-9);
  });

  test('two outputs share one structure', () => {
    const both = Float64Array.from(goldenRows.flatMap((row) => [margin(row), share(row)]));
    const data = { rows: rows.slice(0, 200), outputs: 2, targets: both.slice(0, 400) };
    const trees = atOnce(growTrees(three, data, { depth: 3, minLeaf: 5 }));
    const fitted = Float64Array.from(
      rows.slice(200).flatMap((row) => trees.map((tree) => tree.value[leafOf(tree, row)]!)),
    );
    expect(fidelityOf(both.slice(400), fitted, 2, null).r2).toBeCloseTo(golden.treeOfTwo.test, 12);
  });
});

describe('the surrogate', () => {
  const options = { depth: 3, minLeaf: 5, seed: 4, threshold: 1 };
  const found = surrogateTree(three, rows, scores, options);

  test('its fidelity can be computed again from what it gives', () => {
    const held = found.heldOutRows.map((row) => rows[row]!);
    const wanted = Float64Array.from(found.heldOutRows, (row) => scores[row]!);
    const fitted = Float64Array.from(held, (row) => found.predict(row)[0]!);
    expect(found.heldOutRows).toHaveLength(75);
    expect(fidelityOf(wanted, fitted, 1, { threshold: 1 })).toStrictEqual(found.heldOut);
    const same = wanted.filter((score, i) => score >= 1 === fitted[i]! >= 1);
    expect(found.heldOut.accuracy).toBe(same.length / 75);
  });

  test('decides about as well as a classifier of scikit-learn on the same sides', () => {
    expect(found.heldOut.accuracy).toBeGreaterThan(golden.classifier.test - 0.1);
  });

  test('the same seed gives the same bytes, another another', () => {
    const again = surrogateTree(three, rows, scores, options);
    expect(JSON.stringify(again)).toBe(JSON.stringify(found));
    expect(surrogateTree(three, rows, scores, { ...options, seed: 5 }).heldOutRows).not.toEqual(
      found.heldOutRows,
    );
  });

  test('several outputs: the class is the largest', () => {
    const both = Float64Array.from(goldenRows.flatMap((row) => [share(row), 1 - share(row)]));
    const { heldOut, outputs } = surrogateTree(three, rows, both, { depth: 4 });
    expect(outputs).toBe(2);
    expect(heldOut.accuracy).toBeGreaterThan(0.7);
  });

  test('scores that do not vary: one rule, no R²', () => {
    const flat = surrogateTree(three, rows, new Float64Array(rows.length).fill(0.3));
    expect(flat.rules.map((rule) => ruleWords(rule, three))).toEqual(['always']);
    expect(flat.heldOut).toStrictEqual({ rows: 75, r2: null, accuracy: null });
  });

  test.each<[string, () => unknown, string]>([
    ['one row', () => surrogateTree(three, rows.slice(0, 1), [1]), 'GLOBAL_ROWS'],
    ['a score too few', () => surrogateTree(three, rows, scores.slice(1)), 'GLOBAL_ROWS'],
    [
      'NaN',
      () =>
        surrogateTree(
          three,
          rows,
          scores.map(() => NaN),
        ),
      'GLOBAL_ROWS',
    ],
    ['a short row', () => surrogateTree(three, [...rows, [1]], [...scores, 1]), 'FEATURE_COUNT'],
    ['depth 0', () => surrogateTree(three, rows, scores, { depth: 0 }), 'EXPLAIN_OPTION'],
    ['depth 13', () => surrogateTree(three, rows, scores, { depth: 13 }), 'EXPLAIN_OPTION'],
    ['all held out', () => surrogateTree(three, rows, scores, { heldOut: 1 }), 'EXPLAIN_OPTION'],
  ])('%s is refused', (_name, run, code) => {
    expect(run).toThrow(expect.objectContaining({ code }));
  });
});

describe('categories', () => {
  const facts: FeatureFacts = {
    featureNames: ['home', 'n'],
    featureTypes: ['categorical', 'float'],
    categories: [['own', 'rent', 'free', 'other'], null],
  };
  const codes = Array.from({ length: 40 }, (_, i) => Float64Array.of(i % 4, i));
  const high = Float64Array.from(codes, ([code]) => (code === 1 || code === 3 ? 1 : 0));

  test('are split in the best two sets, and said by name', () => {
    const { rules, heldOut } = surrogateTree(facts, codes, high, { depth: 1, minLeaf: 1 });
    expect(rules.map((rule) => ruleWords(rule, facts))).toEqual([
      'home is not rent or other (or missing)',
      'home is rent or other',
    ]);
    expect(rules.map(({ value }) => value)).toEqual([0, 1]);
    expect(heldOut.r2).toBe(1);
  });
});

function meets(condition: Condition, x: number): boolean {
  if (Number.isNaN(x)) return condition.missing;
  if (x === 0 && condition.zero !== null) return condition.zero;
  if (condition.oneOf !== null) return condition.oneOf.includes(Math.trunc(x)) && x >= 0;
  if (condition.noneOf !== null) return !(condition.noneOf.includes(Math.trunc(x)) && x >= 0);
  return x > (condition.above ?? -Infinity) && x <= (condition.upTo ?? Infinity);
}

describe('rules of loaded models', () => {
  const models = [
    ...modelsOf('lightgbm', 'txt').filter(([, name]) =>
      ['categories', 'binary', 'no-missing', 'deep'].includes(name),
    ),
    ...modelsOf('xgboost', 'json').filter(
      ([folder, name]) =>
        folder === 'xgboost-3.4.1' && ['partition', 'numeric', 'stumps'].includes(name),
    ),
  ];

  test.each(models)(
    '%s %s: each row meets one rule of each tree, that of its leaf',
    (_f, _n, path) => {
      const model = loadTrees(readModel(path));
      const given = rowsOf(readGolden(path).rows).slice(0, 40);
      for (const tree of model.trees.slice(0, 5)) {
        const rules = treeRules(tree);
        for (const row of given) {
          const cast = row.map((x) => (model.compares === 'float32' ? Math.fround(x) : x));
          const met = rules.filter(({ conditions }) =>
            conditions.every((one) => meets(one, cast[one.feature]!)),
          );
          expect(met.map(({ leaf }) => leaf)).toEqual([leafOf(tree, cast)]);
        }
        const shares = rules.map(({ share }) => share ?? 0);
        expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
      }
    },
  );

  test('a model of named categories speaks of them', () => {
    const model = loadTrees(fixtureBytes('3.4.1', 'named-categories.json'));
    const words = treeRules(model.trees[0]!).map((rule) => ruleWords(rule, model));
    expect(words.join('\n')).toMatch(/home is (not )?(own|rent|free)/);
  });

  test('splits that say nothing new narrow nothing, and leaves that no value reaches are left out', () => {
    const four = [5, 7, 3, 0, 0, 0, 0];
    const tree: Tree = {
      nodes: 7,
      leftChild: Int32Array.of(1, 3, 5, 0, 0, 0, 0),
      feature: new Int32Array(7),
      threshold: Float64Array.from(four),
      defaultLeft: new Uint8Array(7),
      zeroMissing: null,
      categories: four.map(() => null),
      value: Float64Array.of(0, 0, 0, 1, 2, 3, 4),
      cover: Float64Array.of(10, 4, 6, 4, 0, 0, 6),
      output: 0,
      depth: 2,
    };
    const x = numericFeatures(['x']);
    expect(treeRules(tree).map((rule) => [ruleWords(rule, x), rule.value, rule.share])).toEqual([
      ['x <= 5', 1, 0.4],
      ['x > 5 (or missing)', 4, 0.6],
    ]);
    const threshold = Float64Array.of(NaN, 7, Infinity, 0, 0, 0, 0);
    expect(treeRules({ ...tree, threshold }).map((rule) => ruleWords(rule, x))).toEqual([
      'x is not missing',
      'x is missing',
    ]);
    const allRight = { ...tree, threshold: Float64Array.of(NaN, 7, NaN, 0, 0, 0, 0) };
    expect(treeRules(allRight).map((rule) => ruleWords(rule, x))).toEqual(['always']);
    const zeroMissing = Uint8Array.of(1, 0, 0, 0, 0, 0, 0);
    expect(treeRules({ ...tree, zeroMissing }).map((rule) => ruleWords(rule, x))).toEqual([
      'x <= 5 (but not 0)',
      'x is 0',
      'x > 5 (or missing)',
    ]);
  });

  test('hostile names are quoted and their marks escaped', () => {
    const name = 'a" or 1\u202e\n';
    const hostile = numericFeatures([name]);
    const words = ruleWords(
      treeRules(grown(1, 1)).map((rule) => ({
        ...rule,
        conditions: rule.conditions.map((one) => ({ ...one, feature: 0 })),
      }))[0]!,
      hostile,
    );
    expect(words.startsWith(String.raw`"a\" or 1\u202e\n" `)).toBe(true);
  });
});

test('a tree never fits worse when it may be deeper', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.integer({ min: 0, max: 4 }),
          fc.integer({ min: 0, max: 4 }),
          fc.integer({ min: -3, max: 3 }),
        ),
        { minLength: 4, maxLength: 30 },
      ),
      (drawn) => {
        const data = {
          rows: drawn.map(([a, b]) => [a === 4 ? NaN : a, b]),
          outputs: 1,
          targets: Float64Array.from(drawn, ([, , y]) => y),
        };
        const errors = [0, 1, 2, 3, 4].map((depth) => {
          const [tree] = atOnce(
            growTrees(numericFeatures(['a', 'b']), data, { depth, minLeaf: 1 }),
          );
          return data.rows.reduce(
            (sum, row, i) =>
              sum + (data.targets[i]! - tree!.value[leafOf(tree!, Float64Array.from(row))]!) ** 2,
            0,
          );
        });
        errors.slice(1).forEach((error, i) => expect(error).toBeLessThanOrEqual(errors[i]! + 1e-9));
      },
    ),
    { numRuns: 60 },
  );
});
