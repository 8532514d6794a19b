// A made-up model of 100 full trees of depth 4 over 20 features, the same each time, in XGBoost's JSON.
import { loadModel, parseReasonRegistry } from '@showcause/explain';

const TREES = 100;
const DEPTH = 4;
const FEATURES = 20;

/** mulberry32: the same numbers on every machine. */
export function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const names = Array.from({ length: FEATURES }, (_, i) => `f${i}`);

function tree(id, random) {
  const splits = 2 ** DEPTH - 1;
  const nodes = 2 ** (DEPTH + 1) - 1;
  const each = (f) => Array.from({ length: nodes }, (_, i) => f(i));
  return {
    id,
    base_weights: each(() => 0),
    categories: [],
    categories_nodes: [],
    categories_segments: [],
    categories_sizes: [],
    default_left: each(() => 0),
    left_children: each((i) => (i < splits ? 2 * i + 1 : -1)),
    right_children: each((i) => (i < splits ? 2 * i + 2 : -1)),
    parents: each((i) => (i === 0 ? 2147483647 : (i - 1) >> 1)),
    loss_changes: each(() => 0),
    split_conditions: each((i) => Math.fround(i < splits ? random() : (random() - 0.5) / 5)),
    split_indices: each((i) => (i < splits ? Math.floor(random() * FEATURES) : 0)),
    split_type: each(() => 0),
    sum_hessian: each((i) => 2 ** (DEPTH - Math.floor(Math.log2(i + 1)))),
    tree_param: {
      num_deleted: '0',
      num_feature: `${FEATURES}`,
      num_nodes: `${nodes}`,
      size_leaf_vector: '1',
    },
  };
}

/** Options for `treeModel`. */
export function benchModel() {
  const random = generator(7);
  const trees = Array.from({ length: TREES }, (_, id) => tree(id, random));
  const document = {
    version: [2, 1, 4],
    learner: {
      attributes: {},
      feature_names: names,
      feature_types: names.map(() => 'float'),
      gradient_booster: {
        name: 'gbtree',
        model: {
          gbtree_model_param: { num_parallel_tree: '1', num_trees: `${TREES}` },
          iteration_indptr: Array.from({ length: TREES + 1 }, (_, i) => i),
          tree_info: trees.map(() => 0),
          trees,
        },
      },
      learner_model_param: {
        base_score: '3E-1',
        boost_from_average: '1',
        num_class: '0',
        num_feature: `${FEATURES}`,
        num_target: '1',
      },
      objective: { name: 'binary:logistic', reg_loss_param: { scale_pos_weight: '1' } },
    },
  };
  const file = new TextEncoder().encode(JSON.stringify(document));
  return {
    name: 'bench',
    version: '1',
    file,
    background: { id: 'bench', rows: approvedRows(loadModel(file)) },
    perturbation: 'interventional',
  };
}

/** Where a score goes against a person. */
export const BENCH_APPROVES_BELOW = 0.3;

/** Made-up people whom the model approves: what the reasons of the others are measured against. */
function approvedRows(model) {
  const random = generator(13);
  const rows = Array.from({ length: 1_000 }, () => names.map(() => random()));
  return rows
    .filter((row) => model.predict(row).probability[0] < BENCH_APPROVES_BELOW)
    .slice(0, 100);
}

/** One reason for each feature. */
export function benchReasons() {
  return parseReasonRegistry({
    id: 'bench-reasons',
    version: '1',
    language: 'en',
    labels: Object.fromEntries(names.map((name) => [name, `measure ${name}`])),
    reasons: names.map((name) => ({
      code: name.toUpperCase(),
      statement: `Level of measure ${name}`,
      text: `Your measure ${name} counted against you.`,
      next: `Ask us how measure ${name} is found.`,
      features: [name],
      direction: 'any',
      changeable: 'slow',
    })),
  });
}

/** Requests of many people: some are approved, some denied. */
export function benchBodies(count) {
  const random = generator(11);
  return Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      id: `bench-${i}`,
      features: Object.fromEntries(names.map((name) => [name, random()])),
      note: 'x'.repeat(200),
    }),
  );
}

export const benchBody = JSON.stringify({
  id: 'bench',
  features: Object.fromEntries(names.map((name, i) => [name, (i + 1) / (FEATURES + 1)])),
  note: 'x'.repeat(200),
});
