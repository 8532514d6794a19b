import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { treeExplainer } from '../src/index.ts';
import type { TreeModel } from '../src/index.ts';
import { buildModel, bytesOf, loadDocument, modelDocument, xgboostJson } from './builder.ts';
import type { Node } from './builder.ts';
import {
  asList,
  fixtureBytes,
  fixturePath,
  golden,
  rowsOf,
  versions,
  loadTrees,
} from './support.ts';

interface ObjectiveCase {
  readonly objective: string;
  readonly model: unknown;
  readonly margins: readonly (number | readonly number[])[];
  readonly predictions: readonly (number | readonly number[])[];
}

interface ObjectiveGolden {
  readonly rows: readonly (readonly (number | null)[])[];
  readonly cases: readonly ObjectiveCase[];
  readonly baseMargins: readonly (readonly [baseScore: number, margin: number])[];
}

function objectiveGolden(version: string): ObjectiveGolden {
  return JSON.parse(
    readFileSync(fixturePath(version, 'objectives.golden.json'), 'utf8'),
  ) as ObjectiveGolden;
}

/** The model as plain JSON, to be bent; NaN tokens as null. */
function plainModel(version: string, name: string): ReturnType<typeof modelDocument> {
  const text = new TextDecoder().decode(fixtureBytes(version, `${name}.json`));
  return JSON.parse(text.replaceAll('NaN', 'null')) as ReturnType<typeof modelDocument>;
}

function margins(model: TreeModel, rows: readonly Float64Array[]): number[][] {
  return rows.map((row) => model.predict(row).margin);
}

describe.each(versions)('objectives of XGBoost %s', (version) => {
  const { rows, cases } = objectiveGolden(version);
  const numbered = cases.map((each, index) => [`${index} ${each.objective}`, each] as const);

  test('cover every link', () => {
    expect(new Set(cases.map(({ objective }) => objective)).size).toBeGreaterThanOrEqual(16);
  });

  test.each(numbered)('%s: margins and responses bit for bit', (_, each) => {
    const model = loadTrees(bytesOf(JSON.stringify(each.model)));
    expect(model.objective).toBe(each.objective);
    rowsOf(rows).forEach((row, index) => {
      const { margin, response, probability } = model.predict(row);
      const wantMargin = asList(each.margins[index] ?? NaN).map(Math.fround);
      const want = asList(each.predictions[index] ?? NaN);
      expect(margin).toStrictEqual(wantMargin);
      if (each.objective === 'multi:softmax') {
        expect(response.indexOf(Math.max(...response))).toBe(want[0]);
        return;
      }
      expect(response).toStrictEqual(want.map(Math.fround));
      const hasProbability = ['logit', 'softmax'].includes(model.link);
      expect(probability === null).toBe(!hasProbability);
    });
  });
});

describe('base_score in all its spellings', () => {
  const leaf: Node = { value: 0.25 };
  const base = (
    baseScore: string | number,
    objective = 'reg:squarederror',
    classes = 0,
  ): number[] =>
    Array.from(buildModel({ trees: [leaf], features: 1, baseScore, objective, classes }).base);

  test.each<[string | number, number]>([
    ['5E-1', 0.5],
    ['[5E-1]', 0.5],
    ['0.5', 0.5],
    ['+.5', 0.5],
    [' [ 5e-01 ] ', 0.5],
    [0.5, 0.5],
    ['-2.5E0', -2.5],
    ['1E-1', Math.fround(0.1)],
  ])('%j', (spelling, want) => {
    expect(base(typeof spelling === 'string' ? spelling.trim() : spelling)).toStrictEqual([want]);
  });

  test('one number for all classes, or one each, taken as margins', () => {
    expect(base('5E-1', 'multi:softprob', 3)).toStrictEqual([0.5, 0.5, 0.5]);
    expect(base('[1E0,-2E0,3E0]', 'multi:softprob', 3)).toStrictEqual([1, -2, 3]);
  });

  test('logistic: -logf(1/p - 1), clamped away from 0 and 1; not ln(p/(1-p))', () => {
    const { baseMargins } = objectiveGolden('3.2.0');
    expect(baseMargins.length).toBeGreaterThan(200);
    let differs = 0;
    for (const [score, margin] of baseMargins) {
      expect([
        score,
        ...base(String(score), 'binary:logistic').map((margin) => margin + 0),
      ]).toStrictEqual([score, Math.fround(margin)]);
      if (Math.fround(Math.log(score / (1 - score))) !== Math.fround(margin)) differs++;
    }
    expect(differs).toBeGreaterThan(50);
    expect(base('2E-2', 'binary:logitraw')).toStrictEqual([Math.fround(0.02)]);
    expect(base('5E-1', 'binary:logistic').map(Math.abs)).toStrictEqual([0]);
    expect(base('0E0', 'binary:logistic')).toStrictEqual(base('1E-6', 'binary:logistic'));
    expect(base('1E0', 'binary:logistic')[0]).toBe(Math.fround(13.745160102844238));
  });

  test('log link', () => {
    expect(base('1E0', 'count:poisson')).toStrictEqual([0]);
    expect(base('2E0', 'count:poisson')).toStrictEqual([Math.fround(Math.LN2)]);
  });
});

describe('dart', () => {
  const rows = rowsOf(golden('3.2.0', 'dart').rows);
  const original = loadTrees(fixtureBytes('3.2.0', 'dart.json'));

  test('weights beside gbtree and weights inside model are one model', () => {
    const old = plainModel('3.2.0', 'dart');
    const booster = old.learner.gradient_booster as Record<string, unknown>;
    const inner = booster['gbtree'] as { model: Record<string, unknown> };
    const moved = {
      ...old,
      learner: {
        ...old.learner,
        gradient_booster: {
          name: 'gbtree',
          model: { ...inner.model, weight_drop: booster['weight_drop'] },
        },
      },
    };
    expect(margins(loadDocument(moved), rows)).toStrictEqual(margins(original, rows));
  });

  test.each(['json', 'ubj'])(
    'weights in model of a booster named gbtree, as 3.4 writes %s',
    (extension) => {
      const model = loadTrees(fixtureBytes('3.4.1', `dart.${extension}`));
      const written = plainModel('3.4.1', 'dart');
      const booster = written.learner.gradient_booster as Record<string, unknown>;
      expect(booster['name']).toBe('gbtree');
      const { weight_drop: weights, ...rest } = booster['model'] as Record<string, unknown>;
      expect(weights).toContainEqual(expect.not.closeTo(1));
      booster['model'] = rest;
      const ignored = loadDocument(written);
      const { rows: given, margins: want } = golden('3.4.1', 'dart');
      expect(margins(model, rowsOf(given))).toStrictEqual(
        want.map((margin) => asList(margin).map(Math.fround)),
      );
      expect(margins(ignored, rowsOf(given))).not.toStrictEqual(margins(model, rowsOf(given)));
    },
  );

  test('weights matter', () => {
    const old = plainModel('3.2.0', 'dart');
    const booster = old.learner.gradient_booster as Record<string, unknown>;
    booster['weight_drop'] = (booster['weight_drop'] as number[]).map(() => 1);
    expect(margins(loadDocument(old), rows)).not.toStrictEqual(margins(original, rows));
  });

  test('a leaf counts with the float32 product', () => {
    const model = buildModel({ trees: [{ value: 0.1 }], features: 1, weights: [0.3] });
    expect(model.predict([0]).score).toStrictEqual([
      Math.fround(Math.fround(0.1) * Math.fround(0.3)),
    ]);
  });

  test('empty weights, as a gbtree may have, count in full', () => {
    const document = modelDocument({ trees: [{ value: 2 }], features: 1 });
    document.learner.gradient_booster.model['weight_drop'] = [];
    expect(loadDocument(document).predict([0]).score).toStrictEqual([2]);
  });
});

describe('splits', () => {
  const tree: Node = {
    feature: 0,
    below: 0.1,
    defaultLeft: true,
    left: { value: 1 },
    right: { value: 2 },
  };
  const model = buildModel({ trees: [tree], features: 1 });
  const leafAt = (x: number, of = model): number | undefined => of.predict([x]).score[0];
  const threshold = Math.fround(0.1);

  test('left is strictly below the float32 threshold, after the value was cast to float32', () => {
    expect(leafAt(threshold)).toBe(2);
    expect(leafAt(threshold - 2 ** -28)).toBe(1);
    expect(leafAt(0.1)).toBe(2);
    expect(leafAt(0.1 - 1e-12)).toBe(2);
    expect(leafAt(0.1 + 1e-12)).toBe(2);
  });

  test('infinities, zeros of both signs and subnormals', () => {
    expect([Infinity, -Infinity, 1e300, -1e300].map((x) => leafAt(x))).toStrictEqual([2, 1, 2, 1]);
    const atZero = buildModel({ trees: [{ ...tree, below: 0 }], features: 1 });
    expect([0, -0, 1e-45, -1e-45, 1e-60, -1e-60].map((x) => leafAt(x, atZero))).toStrictEqual([
      2, 2, 2, 1, 2, 2,
    ]);
    const atSubnormal = buildModel({
      trees: [{ ...tree, below: 1.401298464324817e-45 }],
      features: 1,
    });
    expect([0, 1.5e-45, 1e-46].map((x) => leafAt(x, atSubnormal))).toStrictEqual([1, 2, 1]);
  });

  test('an infinite threshold is a split', () => {
    const all = buildModel({ trees: [{ ...tree, below: Infinity }], features: 1 });
    expect([1e30, Infinity].map((x) => leafAt(x, all))).toStrictEqual([1, 2]);
  });

  test('missing goes to the default side', () => {
    expect(leafAt(NaN)).toBe(1);
    expect(leafAt(NaN, buildModel({ trees: [{ ...tree, defaultLeft: false }], features: 1 }))).toBe(
      2,
    );
  });

  test('listed categories go right; others, fractions of none, negative and huge ones left', () => {
    const categorical = (categories: number[], defaultLeft = false): TreeModel =>
      buildModel({
        trees: [{ feature: 0, categories, defaultLeft, left: { value: 1 }, right: { value: 2 } }],
        features: 1,
      });
    const set = categorical([33, 0, 64, 5]);
    expect(set.featureTypes).toStrictEqual(['categorical']);
    expect([0, 5, 33, 64, 5.9, -0].map((x) => leafAt(x, set))).toStrictEqual([2, 2, 2, 2, 2, 2]);
    expect([1, 4, 6, 32, 65, 1e6, 3e38, -1, -0.5].map((x) => leafAt(x, set))).toStrictEqual(
      new Array(9).fill(1),
    );
    expect([leafAt(NaN, set), leafAt(NaN, categorical([1], true))]).toStrictEqual([2, 1]);
  });

  test('a deleted node is skipped', () => {
    expect(loadTrees(fixtureBytes('3.2.0', 'pruned.json')).trees.length).toBe(8);
    const document = modelDocument({ trees: [tree], features: 1 });
    const first = document.learner.gradient_booster.model.trees[0];
    if (first === undefined) throw new Error('no tree');
    for (const column of [
      'parents',
      'left_children',
      'right_children',
      'split_indices',
      'sum_hessian',
      'split_type',
      'default_left',
    ] as const)
      first[column].push(
        column === 'split_indices'
          ? 2147483647
          : column === 'sum_hessian'
            ? 0
            : column.endsWith('children')
              ? -1
              : 0,
      );
    first.split_conditions.push(0);
    Object.assign(first.tree_param, { num_nodes: '4', num_deleted: '1' });
    expect(loadDocument(document).trees[0]?.nodes).toBe(3);
  });
});

describe('what a file says of itself', () => {
  test('names, types, versions, covers', () => {
    const model = loadTrees(fixtureBytes('3.2.0', 'partition.json'));
    expect(model).toMatchObject({
      format: 'xgboost',
      formatVersion: '3.2.0',
      objective: 'binary:logistic',
      link: 'logit',
      outputs: 1,
      coverSource: 'hessian',
      bestIteration: null,
    });
    expect(model.featureNames).toStrictEqual(golden('3.2.0', 'partition').columns);
    expect(model.featureTypes).toStrictEqual([
      ...new Array<string>(6).fill('float'),
      'categorical',
      'categorical',
    ]);
    expect(loadTrees(fixtureBytes('1.7.6', 'numeric.json')).bestIteration).toBe(14);
  });

  test('features without names are f0, f1, …; types are mapped', () => {
    const tree: Node = { feature: 0, below: 0, left: { value: 1 }, right: { value: 2 } };
    const types = ['q', 'float', 'int', 'i', 'c'];
    const model = buildModel({ trees: [tree], features: 5, types });
    expect(model.featureNames).toStrictEqual(['f0', 'f1', 'f2', 'f3', 'f4']);
    expect(model.featureTypes).toStrictEqual(['float', 'float', 'int', 'indicator', 'categorical']);
  });

  test('names of categories from the file, unless they are not plain ASCII, or from the caller', () => {
    const bytes = fixtureBytes('3.2.0', 'named-categories.ubj');
    expect(loadTrees(bytes).categories).toStrictEqual([null, ['free', 'own', 'rent']]);
    const accented = fixtureBytes('3.2.0', 'accented-categories.ubj');
    expect(loadTrees(accented).categories).toStrictEqual([null, null]);
    const home = ['möbliert', 'own', 'rent'];
    expect(loadTrees(accented, { categories: { home } }).categories).toStrictEqual([null, home]);
    for (const wrong of [{ income: ['a'] }, { other: ['a'] }])
      expect(() => loadTrees(accented, { categories: wrong })).toThrow(
        expect.objectContaining({ code: 'FEATURE_UNKNOWN' }),
      );
  });

  test('a model is frozen', () => {
    expect(Object.isFrozen(loadTrees(fixtureBytes('3.2.0', 'stumps.json')))).toBe(true);
  });
});

describe('iterations', () => {
  test.each(versions)(
    'the first rounds of a multi-class model with parallel trees, XGBoost %s',
    (version) => {
      const bytes = fixtureBytes(version, 'multiclass.json');
      expect(loadTrees(bytes).trees).toHaveLength(30);
      expect(loadTrees(bytes, { iterations: 2 }).trees).toHaveLength(12);
      expect(loadTrees(bytes, { iterations: 5 }).trees).toHaveLength(30);
      expect(() => loadTrees(bytes, { iterations: 6 })).toThrow(
        expect.objectContaining({ code: 'MODEL_LIMIT' }),
      );
    },
  );
});

describe('covers', () => {
  const tree: Node = {
    feature: 0,
    below: 0,
    cover: 3,
    left: { value: 1, cover: 1 },
    right: { value: 2, cover: 1 },
  };

  test('ratios are child over parent as stored, in float32, though they do not add up', () => {
    const model = buildModel({ trees: [tree], features: 1 });
    const { baseValue } = treeExplainer(model, { perturbation: 'tree-path-dependent' });
    expect(Array.from(baseValue)).toStrictEqual([1 / 3 + (1 / 3) * 2]);
    const thirds = buildModel({
      trees: [{ ...tree, cover: 0.3, left: { value: 1, cover: 0.1 } }],
      features: 1,
    });
    expect(treeExplainer(thirds, { perturbation: 'tree-path-dependent' }).baseValue[0]).toBe(
      Math.fround(0.1) / Math.fround(0.3) + (1 / Math.fround(0.3)) * 2,
    );
  });

  test('a parent without cover halves', () => {
    const model = buildModel({ trees: [{ ...tree, cover: 0 }], features: 1 });
    expect(
      Array.from(treeExplainer(model, { perturbation: 'tree-path-dependent' }).baseValue),
    ).toStrictEqual([1.5]);
  });
});

test('bare NaN in a categorical split is read, though JSON.parse fails', () => {
  const categorical: Node = {
    feature: 0,
    categories: [1],
    left: { value: 1 },
    right: { value: 2 },
  };
  const text = xgboostJson(modelDocument({ trees: [categorical], features: 1 }));
  expect(text).toContain('"split_conditions":[NaN,1,2]');
  expect(() => JSON.parse(text) as unknown).toThrow();
  expect(loadTrees(bytesOf(text)).predict([1]).score).toStrictEqual([2]);
});
