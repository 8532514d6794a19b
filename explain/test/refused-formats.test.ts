import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExplainError, loadModel } from '../src/index.ts';
import { modelsOf, readModel } from './support.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytesOf = (document: string): Uint8Array => new TextEncoder().encode(document);
const fixture = (library: string, extension: string, name: string): string => {
  const [, , path] = modelsOf(library, extension).find(([, each]) => each === name) ?? [];
  return path!;
};

function codeOf(bytes: Uint8Array): string {
  try {
    loadModel(bytes);
    return 'accepted';
  } catch (error) {
    if (error instanceof ExplainError) return error.code;
    throw error;
  }
}

describe('LightGBM text', () => {
  const whole = text(readModel(fixture('lightgbm', 'txt', 'categories')));
  const change = (from: RegExp | string, to: string): string => {
    const changed = whole.replace(from, to);
    expect(changed).not.toBe(whole);
    return changed;
  };

  test.each<[string, RegExp | string, string, string]>([
    ['no end', 'end of trees', 'end', 'MODEL_TRUNCATED'],
    ['another version', 'version=v4', 'version=v9', 'MODEL_VERSION'],
    ['an unknown objective', /objective=binary/, 'objective=custom', 'MODEL_UNSUPPORTED'],
    ['a sigmoid of 0', 'sigmoid:1', 'sigmoid:0', 'MODEL_MALFORMED'],
    ['linear leaves', 'is_linear=0', 'is_linear=1', 'MODEL_UNSUPPORTED'],
    ['a tree out of order', 'Tree=1\n', 'Tree=2\n', 'MODEL_SYNTAX'],
    ['fewer trees than sizes', /tree_sizes=\d+ /, 'tree_sizes=1 1 ', 'MODEL_TRUNCATED'],
    ['a loop', /left_child=(-?\d+) (-?\d+)/, 'left_child=0 $2', 'MODEL_TREE'],
    ['a child out of range', /left_child=(-?\d+)/, 'left_child=500', 'MODEL_TREE'],
    ['a feature out of range', /split_feature=\d+/, 'split_feature=99', 'MODEL_FEATURE'],
    ['a leaf that is not a number', /leaf_value=\S+/, 'leaf_value=nan', 'MODEL_VALUE'],
    ['a threshold that is not a number', /threshold=\S+/, 'threshold=nan', 'MODEL_VALUE'],
    ['an unknown decision', /decision_type=\d+/, 'decision_type=15', 'MODEL_MALFORMED'],
    ['a word for a number', /leaf_count=\d+/, 'leaf_count=many', 'MODEL_MALFORMED'],
    ['a column too short', /leaf_count=\d+ /, 'leaf_count=', 'MODEL_MALFORMED'],
    ['10^9 leaves', 'num_leaves=12', 'num_leaves=1000000000', 'MODEL_LIMIT'],
    ['10^9 features', 'max_feature_idx=7', 'max_feature_idx=1000000000', 'MODEL_LIMIT'],
    ['a name twice', 'income debt', 'income income', 'MODEL_MALFORMED'],
    ['a key twice', 'num_class=1', 'num_class=1\nnum_class=1', 'MODEL_SYNTAX'],
    ['boundaries that fall', /cat_boundaries=0 2/, 'cat_boundaries=3 2', 'MODEL_MALFORMED'],
    ['a set out of range', /num_cat=2\n/, 'num_cat=0\n', 'MODEL_MALFORMED'],
    [
      'a word of more than 32 bits',
      /cat_threshold=\d+/,
      'cat_threshold=4294967296',
      'MODEL_MALFORMED',
    ],
    [
      'category names that are no JSON',
      'pandas_categorical:',
      'pandas_categorical:[',
      'MODEL_SYNTAX',
    ],
  ])('%s', (_what, from, to, code) => {
    expect(codeOf(bytesOf(change(from, to)))).toBe(code);
  });

  test('Windows line ends are the same file', () => {
    expect(codeOf(bytesOf(whole.replaceAll('\n', '\r\n')))).toBe('accepted');
  });
});

interface CatboostDocument {
  features_info: Record<string, unknown> & { float_features: Record<string, unknown>[] };
  model_info: { params: { loss_function: { type: string } } };
  oblivious_trees?: {
    leaf_values: unknown[];
    leaf_weights?: unknown[];
    splits: { border: unknown; float_feature_index: number; split_type: string }[];
  }[];
  scale_and_bias: unknown;
}

describe('CatBoost JSON', () => {
  const whole = JSON.parse(
    text(readModel(fixture('catboost', 'json', 'binary'))),
  ) as CatboostDocument;

  test.each<[string, (document: CatboostDocument) => void, string]>([
    [
      'categorical features',
      (d) => (d.features_info['categorical_features'] = [{}]),
      'MODEL_UNSUPPORTED',
    ],
    ['text features', (d) => (d.features_info['text_features'] = [{}]), 'MODEL_UNSUPPORTED'],
    [
      'an unknown loss',
      (d) => (d.model_info.params.loss_function.type = 'Focal'),
      'MODEL_UNSUPPORTED',
    ],
    [
      'a split of another type',
      (d) => (d.oblivious_trees![0]!.splits[0]!.split_type = 'OnlineCtr'),
      'MODEL_UNSUPPORTED',
    ],
    [
      'a feature out of range',
      (d) => (d.oblivious_trees![0]!.splits[0]!.float_feature_index = 6),
      'MODEL_FEATURE',
    ],
    [
      'a border that is no number',
      (d) => (d.oblivious_trees![0]!.splits[0]!.border = 'x'),
      'MODEL_VALUE',
    ],
    ['a leaf too few', (d) => d.oblivious_trees![0]!.leaf_values.pop(), 'MODEL_MALFORMED'],
    [
      'a leaf that is no number',
      (d) => (d.oblivious_trees![0]!.leaf_values[0] = null),
      'MODEL_MALFORMED',
    ],
    ['a weight too few', (d) => d.oblivious_trees![0]!.leaf_weights!.pop(), 'MODEL_MALFORMED'],
    [
      'features out of order',
      (d) => (d.features_info.float_features[0]!['flat_feature_index'] = 1),
      'MODEL_MALFORMED',
    ],
    [
      'another treatment of gaps',
      (d) => (d.features_info.float_features[0]!['nan_value_treatment'] = 'Drop'),
      'MODEL_MALFORMED',
    ],
    ['a scale that is no number', (d) => (d.scale_and_bias = ['1', [0]]), 'MODEL_MALFORMED'],
    ['no trees', (d) => delete d.oblivious_trees, 'MODEL_MALFORMED'],
    [
      'thirty splits',
      (d) =>
        (d.oblivious_trees![0]!.splits = Array.from(
          { length: 30 },
          () => d.oblivious_trees![0]!.splits[0]!,
        )),
      'MODEL_LIMIT',
    ],
  ])('%s', (_what, bend, code) => {
    const document = structuredClone(whole);
    bend(document);
    expect(codeOf(bytesOf(JSON.stringify(document)))).toBe(code);
  });

  test('a model with categories, as CatBoost saves it', () => {
    const path = fixture('catboost', 'json', 'binary').replace(
      'binary.json',
      'categorical.refused.json',
    );
    expect(codeOf(readModel(path))).toBe('MODEL_UNSUPPORTED');
  });

  test('without weights it has no covers', () => {
    const document = structuredClone(whole);
    document.oblivious_trees!.forEach((tree) => delete tree.leaf_weights);
    expect(loadModel(bytesOf(JSON.stringify(document)))).toMatchObject({ coverSource: 'none' });
  });
});

interface TreesDocument {
  features: unknown[];
  base: unknown[];
  covers: unknown;
  compares: unknown;
  trees: Record<
    'left' | 'right' | 'feature' | 'threshold' | 'missingLeft' | 'cover' | 'outputs',
    unknown[]
  >[] &
    { values: unknown[][]; categories?: unknown }[];
}

describe('documented JSON of trees', () => {
  const whole = JSON.parse(
    text(readModel(fixture('sklearn', 'json', 'hist-categories'))),
  ) as TreesDocument;

  test.each<[string, (document: TreesDocument) => void, string]>([
    ['a loop', (d) => (d.trees[0]!.left[0] = 0), 'MODEL_TREE'],
    ['a child out of range', (d) => (d.trees[0]!.right[0] = 10_000), 'MODEL_TREE'],
    ['nodes out of reach', (d) => (d.trees[0]!.left[0] = d.trees[0]!.right[0] = -1), 'MODEL_TREE'],
    ['a feature out of range', (d) => (d.trees[0]!.feature[0] = 8), 'MODEL_FEATURE'],
    ['a split without threshold', (d) => (d.trees[0]!.threshold[0] = null), 'MODEL_VALUE'],
    ['an output out of range', (d) => (d.trees[0]!.outputs[0] = 1), 'MODEL_MALFORMED'],
    ['a column too short', (d) => d.trees[0]!.cover.pop(), 'MODEL_MALFORMED'],
    ['a column too many', (d) => d.trees[0]!.values.push([]), 'MODEL_MALFORMED'],
    ['a negative cover', (d) => (d.trees[0]!.cover[0] = -1), 'MODEL_VALUE'],
    ['a negative category', (d) => (d.trees[0]!.categories = [[0, [-1]]]), 'MODEL_MALFORMED'],
    ['no base', (d) => (d.base = []), 'MODEL_LIMIT'],
    ['an unknown cover', (d) => (d.covers = 'guess'), 'MODEL_MALFORMED'],
    ['another number type', (d) => (d.compares = 'float16'), 'MODEL_MALFORMED'],
    ['a feature without a name', (d) => (d.features[0] = {}), 'MODEL_MALFORMED'],
  ])('%s', (_what, bend, code) => {
    const document = structuredClone(whole);
    bend(document);
    expect(codeOf(bytesOf(JSON.stringify(document)))).toBe(code);
  });
});

describe('any bytes', () => {
  const all = [
    ...modelsOf('lightgbm', 'txt'),
    ...modelsOf('catboost', 'json'),
    ...modelsOf('sklearn', 'json'),
    ...modelsOf('onnx', 'onnx'),
  ].map(([, , path]) => readModel(path));

  test('a cut file is refused with a code', () => {
    for (const bytes of all)
      for (const share of [0, 0.1, 0.5, 0.9, 0.999]) {
        const cut = bytes.subarray(0, Math.min(bytes.length - 2, Math.floor(bytes.length * share)));
        // What LightGBM writes behind the trees is told twice; without it the file says the same.
        if (!text(cut).includes('end of trees')) expect(codeOf(cut)).toMatch(/^MODEL_/);
      }
  });

  test('a changed byte is refused with a code, or gives a model', () => {
    const codes = new Set<string>();
    fc.assert(
      fc.property(
        fc.nat(all.length - 1),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(255),
        (which, share, byte) => {
          const bytes = all[which]!.slice();
          bytes[Math.min(bytes.length - 1, Math.floor(bytes.length * share))] = byte;
          codes.add(codeOf(bytes));
        },
      ),
      { numRuns: 1500 },
    );
    expect(codes.size).toBeGreaterThan(3);
  });
});
