import { describe, expect, test } from '@jest/globals';
import { ExplainError, explainErrorCodes } from '../src/index.ts';
import { bytesOf, loadDocument, modelDocument, xgboostJson } from './builder.ts';
import type { ModelDocument, Node, TreeDocument } from './builder.ts';
import { fixtureBytes, goldenModels, loadTrees } from './support.ts';

const SPLIT: Node = {
  feature: 0,
  below: 0.5,
  left: { value: 1 },
  right: { feature: 1, categories: [1, 3], left: { value: 2 }, right: { value: 3 } },
};
const spec = { trees: [SPLIT, SPLIT], features: 2 };

/** Each case: what is wrong, the code it gets, and how to spoil a good document. */
type Case = readonly [
  name: string,
  code: string,
  spoil: (document: ModelDocument, tree: TreeDocument) => void,
];

const booster = (document: ModelDocument) => document.learner.gradient_booster;

const cases: readonly Case[] = [
  ['version 4', 'MODEL_VERSION', (d) => (d.version = [4, 0, 0])],
  ['version 0.90', 'MODEL_VERSION', (d) => (d.version = [0, 90, 0])],
  ['version of two numbers', 'MODEL_VERSION', (d) => (d.version = [3, 2])],
  ['no version', 'MODEL_MALFORMED', (d) => Reflect.deleteProperty(d, 'version')],
  ['no learner', 'MODEL_MALFORMED', (d) => Reflect.deleteProperty(d, 'learner')],
  ['learner is a list', 'MODEL_MALFORMED', (d) => Object.assign(d, { learner: [] })],
  ['booster gblinear', 'MODEL_UNSUPPORTED', (d) => (booster(d).name = 'gblinear')],
  [
    'unknown objective',
    'MODEL_UNSUPPORTED',
    (d) => (d.learner.objective = { name: 'custom:mine' }),
  ],
  ['objective without name', 'MODEL_MALFORMED', (d) => (d.learner.objective = {})],
  [
    'classes and targets at once',
    'MODEL_UNSUPPORTED',
    (d) => Object.assign(d.learner.learner_model_param, { num_class: '3', num_target: '2' }),
  ],
  [
    '10^9 classes',
    'MODEL_LIMIT',
    (d) => (d.learner.learner_model_param['num_class'] = '1000000000'),
  ],
  [
    '10^9 features',
    'MODEL_LIMIT',
    (d) => (d.learner.learner_model_param['num_feature'] = '1000000000'),
  ],
  [
    'feature count is no number',
    'MODEL_MALFORMED',
    (d) => (d.learner.learner_model_param['num_feature'] = 'two'),
  ],
  [
    'feature count is negative',
    'MODEL_MALFORMED',
    (d) => (d.learner.learner_model_param['num_feature'] = -2),
  ],
  ['10^9 nodes claimed', 'MODEL_LIMIT', (_, t) => (t.tree_param['num_nodes'] = '1000000000')],
  ['no nodes claimed', 'MODEL_LIMIT', (_, t) => (t.tree_param['num_nodes'] = '0')],
  [
    'more nodes claimed than there are',
    'MODEL_MALFORMED',
    (_, t) => (t.tree_param['num_nodes'] = '6'),
  ],
  ['vectors as leaves', 'MODEL_UNSUPPORTED', (_, t) => (t.tree_param['size_leaf_vector'] = '2')],
  ['a tree too few', 'MODEL_MALFORMED', (d) => booster(d).model.trees.pop()],
  ['tree_info too short', 'MODEL_MALFORMED', (d) => booster(d).model.tree_info.pop()],
  ['output out of range', 'MODEL_MALFORMED', (d) => (booster(d).model.tree_info[1] = 1)],
  ['output negative', 'MODEL_MALFORMED', (d) => (booster(d).model.tree_info[1] = -1)],
  ['tree is a number', 'MODEL_MALFORMED', (d) => Object.assign(booster(d).model.trees, { 1: 7 })],
  ['trees are an object', 'MODEL_MALFORMED', (d) => Object.assign(booster(d).model, { trees: {} })],
  ['dart without weights', 'MODEL_MALFORMED', (d) => (booster(d).name = 'dart')],
  ['dart with one weight too few', 'MODEL_MALFORMED', (d) => (booster(d)['weight_drop'] = [1])],
  [
    'dart with two that differ',
    'MODEL_MALFORMED',
    (d) =>
      Object.assign(booster(d), {
        weight_drop: [1, 1],
        model: { ...booster(d).model, weight_drop: [1, 0.5] },
      }),
  ],
  ['dart weight NaN', 'MODEL_VALUE', (d) => (booster(d)['weight_drop'] = [1, NaN])],
  [
    'base score no number',
    'MODEL_MALFORMED',
    (d) => (d.learner.learner_model_param['base_score'] = 'half'),
  ],
  [
    'base score of two numbers',
    'MODEL_MALFORMED',
    (d) => (d.learner.learner_model_param['base_score'] = '[5E-1,5E-1]'),
  ],
  [
    'base score empty',
    'MODEL_MALFORMED',
    (d) => (d.learner.learner_model_param['base_score'] = '[]'),
  ],
  [
    'base score NaN',
    'MODEL_MALFORMED',
    (d) => (d.learner.learner_model_param['base_score'] = 'NaN'),
  ],
  [
    'base score a list',
    'MODEL_MALFORMED',
    (d) => (d.learner.learner_model_param['base_score'] = [0.5]),
  ],
  [
    'base score infinite',
    'MODEL_MALFORMED',
    (d) => (d.learner.learner_model_param['base_score'] = '1E40'),
  ],
  ['names too few', 'MODEL_MALFORMED', (d) => (d.learner.feature_names = ['a'])],
  ['name used twice', 'MODEL_MALFORMED', (d) => (d.learner.feature_names = ['a', 'a'])],
  [
    'name a number',
    'MODEL_MALFORMED',
    (d) => Object.assign(d.learner, { feature_names: ['a', 7] }),
  ],
  ['types too few', 'MODEL_MALFORMED', (d) => (d.learner.feature_types = ['q'])],
  ['type unknown', 'MODEL_MALFORMED', (d) => (d.learner.feature_types = ['q', 'text'])],
  [
    'type against the splits: categorical',
    'MODEL_MALFORMED',
    (d) => (d.learner.feature_types = ['c', 'c']),
  ],
  [
    'type against the splits: numeric',
    'MODEL_MALFORMED',
    (d) => (d.learner.feature_types = ['q', 'q']),
  ],
  ['both kinds of split on one feature', 'MODEL_MALFORMED', (_, t) => (t.split_indices[2] = 0)],
  ['root with a parent', 'MODEL_TREE', (_, t) => (t.parents[0] = 3)],
  ['loop to the root', 'MODEL_TREE', (_, t) => (t.right_children[2] = 0)],
  ['loop to itself', 'MODEL_TREE', (_, t) => (t.right_children[2] = 2)],
  ['shared child', 'MODEL_TREE', (_, t) => (t.right_children[2] = 3)],
  ['child of another branch', 'MODEL_TREE', (_, t) => (t.left_children[2] = 1)],
  ['parent that disagrees', 'MODEL_TREE', (_, t) => (t.parents[4] = 0)],
  ['child out of range', 'MODEL_TREE', (_, t) => (t.right_children[0] = 99)],
  ['child negative', 'MODEL_TREE', (_, t) => (t.left_children[0] = -5)],
  ['one child only', 'MODEL_TREE', (_, t) => (t.left_children[0] = -1)],
  ['nodes out of reach', 'MODEL_TREE', (_, t) => (t.left_children[0] = t.right_children[0] = -1)],
  ['deleted nodes that are not there', 'MODEL_TREE', (_, t) => (t.tree_param['num_deleted'] = '2')],
  ['feature out of range', 'MODEL_FEATURE', (_, t) => (t.split_indices[0] = 2)],
  ['feature negative', 'MODEL_FEATURE', (_, t) => (t.split_indices[0] = -1)],
  ['feature a fraction', 'MODEL_MALFORMED', (_, t) => (t.split_indices[0] = 0.5)],
  ['leaf NaN', 'MODEL_VALUE', (_, t) => (t.split_conditions[1] = NaN)],
  ['leaf infinite', 'MODEL_VALUE', (_, t) => (t.split_conditions[1] = -Infinity)],
  ['leaf beyond float32', 'MODEL_VALUE', (_, t) => (t.split_conditions[1] = 1e39)],
  ['threshold NaN', 'MODEL_VALUE', (_, t) => (t.split_conditions[0] = NaN)],
  ['cover negative', 'MODEL_VALUE', (_, t) => (t.sum_hessian[3] = -1)],
  ['cover NaN', 'MODEL_VALUE', (_, t) => (t.sum_hessian[3] = NaN)],
  ['cover infinite', 'MODEL_VALUE', (_, t) => (t.sum_hessian[3] = Infinity)],
  ['default side 2', 'MODEL_MALFORMED', (_, t) => (t.default_left[0] = 2)],
  [
    'threshold text',
    'MODEL_MALFORMED',
    (_, t) => Object.assign(t, { split_conditions: ['a', 1, 2, 3, 4] }),
  ],
  [
    'thresholds are an object',
    'MODEL_MALFORMED',
    (_, t) => Object.assign(t, { split_conditions: {} }),
  ],
  ['split type 2', 'MODEL_MALFORMED', (_, t) => (t.split_type[2] = 2)],
  ['split types too few', 'MODEL_MALFORMED', (_, t) => t.split_type.pop()],
  ['categorical split without categories', 'MODEL_MALFORMED', (_, t) => (t.split_type[0] = 1)],
  ['categories of a numeric split', 'MODEL_MALFORMED', (_, t) => (t.categories_nodes[0] = 0)],
  ['categories of no node', 'MODEL_MALFORMED', (_, t) => (t.categories_nodes[0] = 70)],
  [
    'categories of a node twice',
    'MODEL_MALFORMED',
    (_, t) =>
      Object.assign(t, {
        categories_nodes: [2, 2],
        categories_segments: [0, 0],
        categories_sizes: [1, 1],
      }),
  ],
  ['segment out of range', 'MODEL_MALFORMED', (_, t) => (t.categories_sizes[0] = 3)],
  ['segment negative', 'MODEL_MALFORMED', (_, t) => (t.categories_segments[0] = -1)],
  ['segment of negative size', 'MODEL_MALFORMED', (_, t) => (t.categories_sizes[0] = -1)],
  ['segments too few', 'MODEL_MALFORMED', (_, t) => (t.categories_segments = [])],
  ['sizes too few', 'MODEL_MALFORMED', (_, t) => (t.categories_sizes = [])],
  ['category negative', 'MODEL_MALFORMED', (_, t) => (t.categories[0] = -1)],
  ['category a fraction', 'MODEL_MALFORMED', (_, t) => (t.categories[0] = 0.5)],
  [
    'category names for too few features',
    'MODEL_MALFORMED',
    (d) => (booster(d).model['cats'] = { enc: [{}] }),
  ],
  [
    'category name out of range',
    'MODEL_MALFORMED',
    (d) => (booster(d).model['cats'] = { enc: [{}, { offsets: [0, 4], values: [97] }] }),
  ],
  [
    'category names backwards',
    'MODEL_MALFORMED',
    (d) => (booster(d).model['cats'] = { enc: [{}, { offsets: [1, 0], values: [97] }] }),
  ],
];

for (const column of [
  'left_children',
  'right_children',
  'parents',
  'split_indices',
  'split_conditions',
  'default_left',
  'sum_hessian',
])
  test.each(['missing', 'too short', 'too long'])(`column ${column} ${'%s'} is refused`, (how) => {
    const document = modelDocument(spec);
    const tree = document.learner.gradient_booster.model.trees[1] as unknown as Record<
      string,
      number[] | undefined
    >;
    if (how === 'missing') Reflect.deleteProperty(tree, column);
    if (how === 'too short') tree[column]?.pop();
    if (how === 'too long') tree[column]?.push(0);
    expect(() => loadDocument(document)).toThrow(
      expect.objectContaining({ code: 'MODEL_MALFORMED' }),
    );
  });

describe('a document with one thing wrong', () => {
  test('without the wrong thing it loads', () => {
    expect(loadDocument(modelDocument(spec)).trees).toHaveLength(2);
  });

  test.each(cases)('%s: %s', (_, code, spoil) => {
    const document = modelDocument(spec);
    spoil(document, document.learner.gradient_booster.model.trees[1] as TreeDocument);
    expect(() => loadDocument(document)).toThrow(expect.objectContaining({ code }));
  });
});

describe('limits', () => {
  const good = (): Uint8Array => bytesOf(xgboostJson(modelDocument(spec)));

  test.each([
    [{ maxBytes: 100 }],
    [{ maxDepth: 3 }],
    [{ maxNodes: 9 }],
    [{ maxTreeDepth: 1 }],
    [{ maxFeatures: 1 }],
    [{ maxOutputs: 0 }],
  ])('%j', (limits) => {
    expect(() => loadTrees(good(), { limits })).toThrow(
      expect.objectContaining({ code: 'MODEL_LIMIT' }),
    );
  });

  test('limits that are just met', () => {
    const limits = {
      maxBytes: good().length,
      maxNodes: 10,
      maxTreeDepth: 2,
      maxFeatures: 2,
      maxOutputs: 1,
    };
    expect(loadTrees(good(), { limits }).trees).toHaveLength(2);
  });

  test('a tree deeper than 256 splits', () => {
    let node: Node = { value: 1 };
    for (let depth = 0; depth < 257; depth++)
      node = { feature: 0, below: depth, left: { value: 0 }, right: node };
    expect(() => loadDocument(modelDocument({ trees: [node], features: 1 }))).toThrow(
      expect.objectContaining({ code: 'MODEL_LIMIT' }),
    );
  });

  test.each([0, -1, 1.5, 3, NaN])('iterations: %d', (iterations) => {
    expect(() => loadTrees(good(), { iterations })).toThrow(
      expect.objectContaining({ code: 'MODEL_LIMIT' }),
    );
  });
});

describe('files cut short or bent', () => {
  const small = [
    '3.2.0 poisson.json',
    '1.7.6 partition.ubj',
    '3.2.0 named-categories.json',
    '3.2.0 dart.ubj',
  ];

  test.each(small)('%s cut at every 97th byte is refused with a code', (file) => {
    const [version = '', name = ''] = file.split(' ');
    const bytes = fixtureBytes(version, name);
    for (let length = 0; length < bytes.length; length += 97) {
      const code = codeOf(() => loadTrees(bytes.subarray(0, length)));
      expect([length, code]).toStrictEqual([
        length,
        length === 0 ? 'MODEL_FORMAT' : 'MODEL_TRUNCATED',
      ]);
    }
  });

  test.each(small)(
    '%s with bytes bent gives a model or a coded refusal, never another error',
    (file) => {
      const [version = '', name = ''] = file.split(' ');
      const original = fixtureBytes(version, name);
      for (let at = 0; at < original.length; at += 211) {
        const bent = Uint8Array.from(original);
        bent[at] = (bent[at] ?? 0) ^ (1 << (at % 8));
        const code = codeOf(() => loadTrees(bent));
        expect(code === 'loaded' || code in explainErrorCodes).toBe(true);
      }
    },
  );

  test('bytes behind the document are refused', () => {
    for (const [version, name] of goldenModels.slice(0, 3))
      for (const extension of ['json', 'ubj']) {
        const bytes = fixtureBytes(version, `${name}.${extension}`);
        const longer = Uint8Array.of(...bytes, 0x7d);
        expect(codeOf(() => loadTrees(longer))).toBe('MODEL_SYNTAX');
      }
  });
});

/** The code of the refusal; anything that is no coded refusal fails the test. */
function codeOf(load: () => unknown): string {
  try {
    load();
    return 'loaded';
  } catch (error) {
    if (error instanceof ExplainError) return error.code;
    throw error;
  }
}
