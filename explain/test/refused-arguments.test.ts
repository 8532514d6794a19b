import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as explain from '../src/index.ts';
import { ExplainError, explainErrorCodes } from '../src/index.ts';
import { buildLinear } from './builder.ts';
import { fixtureBytes, golden, loadTrees, rowsOf } from './support.ts';

const bytes = fixtureBytes('3.4.1', 'numeric.json');
const model = loadTrees(bytes);
const linear = buildLinear([1, 2]);
const rows = rowsOf(golden('3.4.1', 'numeric').rows);
const row = rows[0]!;
const background = { id: 'b', hash: 'ab'.repeat(32), rows: rows.slice(0, 3) };
const options = { perturbation: 'interventional', background, engine: 'wasm', maxTableBytes: 4096 };
const game = { perturbation: 'tree-path-dependent', maxTableBytes: 4096 };
const explainer = explain.explainerOf(model, options as explain.AnyExplainerOptions);
const ofLinear = explain.linearExplainer(linear, {
  perturbation: 'interventional',
  background: [[0, 0]],
});
const explanation = explainer.explain(row);
const batch = await explainer.explainBatch(rows.slice(0, 4));
const out = explain.explanationArrays(explainer, 4);
const registry = explain.parseReasonRegistry({
  id: 'r',
  version: '1',
  language: 'en',
  reasons: [
    {
      code: 'R1',
      text: 'the facts that were given',
      statement: 'the facts that were given',
      features: model.featureNames,
      direction: 'any',
      changeable: 'yes',
    },
  ],
});
const factors = { ...registry, list: 'key-factors' };
const question = {
  registry,
  explanation,
  row,
  model,
  adverseDirection: 'higher',
  output: 0,
  rules: [{ code: 'R1', values: { a: 1 } }],
  most: 2,
  background: background.rows,
  language: 'en',
};
const approval = { measure: 'score', approveBelow: 3, output: 0 };

const mutable = explain.parseMutableFeatures({
  version: 1,
  features: Object.fromEntries(
    model.featureNames.slice(0, 2).map((name) => [name, { min: 0, max: 9, step: 1 }]),
  ),
  constraints: [
    {
      if: { feature: model.featureNames[0], moves: 'up' },
      then: { feature: model.featureNames[1], moves: 'not-down' },
    },
  ],
  search: { budget: 500, changes: 1 },
});
const goal = { measure: 'score', below: 0, output: 0 } as const;
const search = explain.counterfactualSearch(model, goal, mutable);
const found = search.search(row);
const space = {
  featureNames: model.featureNames,
  featureTypes: model.featureTypes,
  categories: model.categories,
  predict: (asked: readonly Float64Array[]) => asked.map(() => 1),
};
const bySamples = explain.sampledCounterfactualSearch(space, goal, mutable);
const words = {
  language: 'en',
  label: (feature: string) => feature,
  valueWord: () => null,
  unit: () => undefined,
};
const change = {
  feature: 'a',
  index: 0,
  moves: 'up',
  own: 1,
  nearest: 2,
  from: 2,
  to: 3,
  oneOf: null,
  step: 1,
};
const constraint = {
  if: { feature: 'a', moves: 'up' },
  then: { feature: 'b', moves: 'stays' },
};

/** Their members are what other functions made. */
const WHOLE = new Set<unknown>([model, linear, registry, factors]);

/** What is called, and arguments that it takes. */
type Call = readonly [name: string, run: (...given: never[]) => unknown, given: readonly unknown[]];
const calls: readonly Call[] = [
  ['loadModel', explain.loadModel, [bytes, { iterations: 1, categories: {}, limits: {} }]],
  ['loadXgboost', explain.loadXgboost, [bytes, { iterations: 1, categories: {}, limits: {} }]],
  ['withCovers', explain.withCovers, [model, background]],
  ['requireTrees', explain.requireTrees, [model]],
  ['rowOf', explain.rowOf, [model, Array.from(row, () => 1)]],
  ['explanationArrays', explain.explanationArrays, [{ outputs: 1, features: 2 }, 3]],
  ['explanationAt', explain.explanationAt, [model, { ...batch }, 1]],
  ['explainerOf', explain.explainerOf, [model, options]],
  ['explainerOf, linear', explain.explainerOf, [linear, { ...options, background: [[0, 0]] }]],
  ['treeExplainer', explain.treeExplainer, [model, options]],
  ['treeExplainer, by covers', explain.treeExplainer, [model, game]],
  ['linearExplainer', explain.linearExplainer, [linear, { ...options, background: [[0, 0]] }]],
  ['treeInteractions', explain.treeInteractions, [model, options]],
  ['explanationFacts', explain.explanationFacts, [{ ...explanation }]],
  ['explanationJson', explain.explanationJson, [{ ...explanation }]],
  ['assertAdditive', explain.assertAdditive, [[1], [[1, 2]], [4]]],
  ['enumerateShapley', explain.enumerateShapley, [model, row, { ...game }]],
  ['enumerateShapley, rows', explain.enumerateShapley, [model, row, { ...options }]],
  ['shapleyValues', explain.shapleyValues, [2, (mask: number) => mask]],
  ['parseReasonRegistry', explain.parseReasonRegistry, [explain.registryJson(registry)]],
  ['registryJson', explain.registryJson, [registry]],
  ['inLanguage', explain.inLanguage, [registry, 'en']],
  ['languagesOf', explain.languagesOf, [registry]],
  ['assertList', explain.assertList, [registry, 'principal-reasons']],
  [
    'checkRegistry',
    explain.checkRegistry,
    [registry, model.featureNames, { protectedFeatures: [] }],
  ],
  [
    'bindReasons',
    explain.bindReasons,
    [
      registry,
      { id: 'b', version: '2', features: { R1: ['a'] }, languages: ['en'], words: {}, texts: {} },
    ],
  ],
  ['approves', explain.approves, [{ ...model.predict(row) }, approval]],
  ['assertApproved', explain.assertApproved, [model, [row], { ...approval, approveBelow: 1e9 }]],
  ['assertReasonMethod', explain.assertReasonMethod, ['interventional']],
  ['principalReasons', explain.principalReasons, [question]],
  ['keyFactors', explain.keyFactors, [{ ...question, registry: factors }]],
  ['counterfactualSearch', explain.counterfactualSearch, [model, goal, { ...mutable }]],
  [
    'counterfactualSearch, a feature',
    (feature: never) =>
      explain.counterfactualSearch(model, goal, {
        ...mutable,
        constraints: [],
        features: [feature],
      }),
    [{ ...mutable.features[0] }],
  ],
  [
    'counterfactualSearch, bounds',
    (bounds: never) => explain.counterfactualSearch(model, goal, { ...mutable, search: bounds }),
    [{ ...mutable.search }],
  ],
  ['search', search.search, [row]],
  [
    'sampledCounterfactualSearch',
    explain.sampledCounterfactualSearch,
    [{ ...space }, goal, { ...mutable }],
  ],
  ['search, by samples', bySamples.search, [row]],
  ['counterfactualSentence', explain.counterfactualSentence, [{ changes: [change] }, words, 'yes']],
  [
    'counterfactualSentence, a change',
    (one: never) => explain.counterfactualSentence({ changes: [one] }, words),
    [change],
  ],
  ['counterfactualValue', explain.counterfactualValue, ['a', 1, words]],
  ['changedRow', explain.changedRow, [row, { changes: [change] }]],
  ['changedRow, a change', (one: never) => explain.changedRow(row, { changes: [one] }), [change]],
  ['stepWords', explain.stepWords, [{ feature: 'a', step: 10 }, words]],
  ['searchBoundsWords', explain.searchBoundsWords, [{ ...found }, words]],
  [
    'searchBoundsWords, the account',
    (account: never) => explain.searchBoundsWords({ constraints: [], search: account }, words),
    [{ ...found.search }],
  ],
  [
    'searchBoundsWords, a constraint',
    (one: never) => explain.searchBoundsWords({ constraints: [one], search: found.search }, words),
    [constraint],
  ],
  ['dateWord', explain.dateWord, ['2026-11-03', 'en']],
  ['numberWord', explain.numberWord, [1, 'en']],
  ['unitWord', explain.unitWord, [1, 'en', { one: '{n} a', other: '{n} b' }]],
  ['missingWord', explain.missingWord, ['en']],
  ['expFloat32', explain.expFloat32, [1]],
  ['logFloat32', explain.logFloat32, [1]],
  ['predict', model.predict, [row]],
  ['predict, linear', linear.predict, [[1, 2]]],
  ['explain', explainer.explain, [row]],
  ['explain, linear', ofLinear.explain, [[1, 2]]],
  ['explainInto', explainer.explainInto, [row, { ...out }, 1]],
  [
    'explainBatch',
    explainer.explainBatch,
    [
      rows.slice(0, 4),
      { chunk: 2, out, signal: new AbortController().signal, onProgress: () => 1 },
    ],
  ],
];

const pool = [
  ...[undefined, null, true, 0, -1, 1.5, NaN, 1e9, 2 ** 53, '', 'text', 10n, Symbol('s'), () => 1],
  ...[{}, [], [1], [[1]], [null], ['a'], [[1n]], [{}], Object.create(null), { length: 3 }],
  ...[{ length: Infinity }, { kind: 'trees' }, { kind: 'linear' }, { rows: null }, { rows: [1] }],
  ...[new Map(), new Date(0), new Uint8Array(3), new BigInt64Array(3), new ArrayBuffer(3)],
  ...[
    new Float32Array(3),
    new Float64Array(3),
    new DataView(new ArrayBuffer(3)),
    [new BigInt64Array(1)],
  ],
  ...[{ perturbation: 'interventional' }, { background: null, perturbation: 'interventional' }],
] as const;

/** Works, or refuses with a code of the table. */
async function refusedOrNot(run: Call[1], given: readonly unknown[]): Promise<string> {
  try {
    await run(...(given as never[]));
    return 'works';
  } catch (error) {
    if (!(error instanceof ExplainError)) throw error;
    expect(Object.keys(explainErrorCodes)).toContain(error.code);
    expect(error.got).not.toBe('');
    return error.code;
  }
}

function plain(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

/** The arguments with one of them spoiled, and with one member of one of them. */
function* spoiled(given: readonly unknown[], wrong: unknown): Generator<readonly unknown[]> {
  for (const [i, argument] of given.entries()) {
    yield given.with(i, wrong);
    if (plain(argument) && !WHOLE.has(argument))
      for (const name of Object.keys(argument)) yield given.with(i, { ...argument, [name]: wrong });
  }
}

describe.each(calls)('%s', (_, run, given) => {
  test('takes what it is for', async () => {
    expect(await refusedOrNot(run, given)).toBe('works');
  });

  test('refuses every wrong kind of argument with a code, or takes it', async () => {
    for (const wrong of pool)
      for (const arguments_ of spoiled(given, wrong)) await refusedOrNot(run, arguments_);
    await refusedOrNot(run, []);
  });

  test('and any other value', async () => {
    const anything = fc.anything({ withBigInt: true, withTypedArray: true, withSparseArray: true });
    const property = fc.asyncProperty(anything, async (wrong) => {
      for (const arguments_ of spoiled(given, wrong)) await refusedOrNot(run, arguments_);
    });
    await fc.assert(property, { numRuns: 15 });
  });
});

describe('what is said of it', () => {
  const game = { perturbation: 'interventional' } as const;
  const cases: [string, () => unknown, string, string][] = [
    [
      'a flat background',
      () => explain.treeExplainer(model, { ...game, background: row as never }),
      'EXPLAIN_BACKGROUND',
      'Float64Array as background',
    ],
    [
      'a list of numbers',
      () => explain.treeExplainer(model, { ...game, background: [1, 2] as never }),
      'EXPLAIN_BACKGROUND',
      'a number as row 0 of the background',
    ],
    [
      'a malformed hash',
      () => explain.treeExplainer(model, { ...game, background: { hash: 'AB', rows } }),
      'EXPLAIN_BACKGROUND',
      'a string as hash',
    ],
    [
      'no options',
      () => explain.treeExplainer(model, undefined as never),
      'EXPLAIN_OPTION',
      'nothing as options',
    ],
    [
      'a row of nothing',
      () => explainer.explain(undefined as never),
      'FEATURE_TYPE',
      'nothing as row',
    ],
    [
      'a row of big integers',
      () => explainer.explain(new BigInt64Array(row.length) as never),
      'FEATURE_TYPE',
      'bigint',
    ],
    [
      'a model in a text',
      () => explain.loadModel('{}' as never),
      'MODEL_FORMAT',
      'a string as model',
    ],
    [
      'a batch that is none',
      () => explain.explanationAt(model, batch, 4),
      'EXPLAIN_ARRAYS',
      'place 4 in arrays of 4 × 1 × ',
    ],
    [
      'single precision',
      () => explainer.explainInto(row, { ...out, scores: new Float32Array(4) as never }),
      'EXPLAIN_ARRAYS',
      'place 0',
    ],
    [
      'a direction',
      () => explain.principalReasons({ ...question, adverseDirection: 'up' } as never),
      'EXPLAIN_OPTION',
      'adverseDirection up',
    ],
    [
      'a text for a row to search',
      () => search.search('xx' as never),
      'FEATURE_TYPE',
      'a string as row',
    ],
    ['no row to search', () => search.search(null as never), 'FEATURE_TYPE', 'null as row'],
    ['no game', () => explain.shapleyValues(2, 1 as never), 'EXPLAIN_ARGUMENT', 'a number as game'],
    [
      'a worth that is none',
      () => explain.shapleyValues(2, () => NaN),
      'EXPLAIN_ARGUMENT',
      'NaN as the worth of a coalition',
    ],
  ];

  test.each(cases)('%s', (_, run, code, got) => {
    expect(run).toThrow(expect.objectContaining({ code, got: expect.stringContaining(got) }));
  });

  test('the bytes of a file may be an ArrayBuffer', () => {
    const buffer = Uint8Array.from(bytes).buffer;
    expect(explain.loadModel(buffer).hash).toBe(model.hash);
  });
});
