import { loadModel } from '../src/index.ts';
import type { LinearModel, LoadOptions, TreeModel } from '../src/index.ts';
import { loadTrees } from './support.ts';

/** A tree written by hand: what a test says of it is what the model file holds. */
export type Node =
  | { readonly value: number; readonly cover?: number }
  | {
      readonly feature: number;
      readonly below?: number;
      readonly categories?: readonly number[];
      readonly defaultLeft?: boolean;
      readonly cover?: number;
      readonly left: Node;
      readonly right: Node;
    };

export interface ModelSpec {
  readonly trees: readonly Node[];
  readonly features: number;
  readonly names?: readonly string[];
  readonly types?: readonly string[];
  readonly objective?: string;
  readonly baseScore?: string | number;
  readonly classes?: number;
  readonly groups?: readonly number[];
  readonly weights?: readonly number[];
}

/** Any JSON that tests bend; plain objects, so that a case can reach in and spoil one field. */
// The tests change these documents in ways that no type allows.
export type Loose = Record<string, unknown>;

export interface TreeDocument extends Loose {
  left_children: number[];
  right_children: number[];
  parents: number[];
  split_indices: number[];
  split_conditions: number[];
  split_type: number[];
  default_left: number[];
  sum_hessian: number[];
  categories: number[];
  categories_nodes: number[];
  categories_segments: number[];
  categories_sizes: number[];
  tree_param: Loose;
}

export interface ModelDocument extends Loose {
  version: number[];
  learner: {
    attributes: Loose;
    feature_names: string[];
    feature_types: string[];
    gradient_booster: Loose & {
      name: string;
      model: Loose & { trees: TreeDocument[]; tree_info: number[]; gbtree_model_param: Loose };
    };
    learner_model_param: Loose;
    objective: Loose;
  };
}

export function coverOf(node: Node): number {
  if (node.cover !== undefined) return node.cover;
  return 'value' in node ? 1 : coverOf(node.left) + coverOf(node.right);
}

/** One tree as XGBoost writes it, nodes in preorder. */
export function treeDocument(root: Node, features: number): TreeDocument {
  const document: TreeDocument = {
    left_children: [],
    right_children: [],
    parents: [],
    split_indices: [],
    split_conditions: [],
    split_type: [],
    default_left: [],
    sum_hessian: [],
    categories: [],
    categories_nodes: [],
    categories_segments: [],
    categories_sizes: [],
    tree_param: {},
  };
  const add = (node: Node, parent: number): number => {
    const id = document.parents.push(parent) - 1;
    document.sum_hessian[id] = coverOf(node);
    const isLeaf = 'value' in node;
    document.split_indices[id] = isLeaf ? 0 : node.feature;
    document.split_conditions[id] = isLeaf
      ? node.value
      : node.categories === undefined
        ? (node.below ?? 0)
        : NaN;
    document.split_type[id] = isLeaf || node.categories === undefined ? 0 : 1;
    document.default_left[id] = !isLeaf && node.defaultLeft === true ? 1 : 0;
    document.left_children[id] = document.right_children[id] = -1;
    if (isLeaf) return id;
    if (node.categories !== undefined) {
      document.categories_nodes.push(id);
      document.categories_segments.push(document.categories.length);
      document.categories_sizes.push(node.categories.length);
      document.categories.push(...node.categories);
    }
    document.left_children[id] = add(node.left, id);
    document.right_children[id] = add(node.right, id);
    return id;
  };
  add(root, 2147483647);
  document.tree_param = {
    num_deleted: '0',
    num_feature: String(features),
    num_nodes: String(document.parents.length),
    size_leaf_vector: '1',
  };
  return document;
}

export function modelDocument(spec: ModelSpec): ModelDocument {
  const trees = spec.trees.map((tree) => treeDocument(tree, spec.features));
  return {
    learner: {
      attributes: {},
      feature_names: [...(spec.names ?? [])],
      feature_types: [...(spec.types ?? [])],
      gradient_booster: {
        model: {
          gbtree_model_param: { num_parallel_tree: '1', num_trees: String(trees.length) },
          tree_info: [...(spec.groups ?? trees.map(() => 0))],
          trees,
          ...(spec.weights === undefined ? {} : { weight_drop: [...spec.weights] }),
        },
        name: 'gbtree',
      },
      learner_model_param: {
        base_score: spec.baseScore ?? '0E0',
        num_class: String(spec.classes ?? 0),
        num_feature: String(spec.features),
        num_target: '1',
      },
      objective: { name: spec.objective ?? 'reg:squarederror' },
    },
    version: [3, 2, 0],
  };
}

/** JSON as XGBoost writes it: NaN and infinities bare. */
export function xgboostJson(document: unknown): string {
  const bare = new Map<number, string>([
    [Infinity, '"@Infinity@"'],
    [-Infinity, '"@-Infinity@"'],
  ]);
  return JSON.stringify(document, (_, value: unknown) => {
    if (typeof value !== 'number' || Number.isFinite(value)) return value;
    return Number.isNaN(value) ? '@NaN@' : (bare.get(value) ?? '').slice(1, -1);
  }).replace(/"@(NaN|-?Infinity)@"/g, '$1');
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function loadDocument(document: unknown, options?: LoadOptions): TreeModel {
  return loadTrees(bytesOf(xgboostJson(document)), options);
}

export function buildModel(spec: ModelSpec, options?: LoadOptions): TreeModel {
  return loadDocument(modelDocument(spec), options);
}

/** One output of a linear model of features f0, f1, …: log-odds. */
export function buildLinear(weights: readonly number[], intercept = 0.5): LinearModel {
  const document = {
    format: 'showcause-model/1',
    kind: 'linear',
    link: 'logit',
    features: weights.map((_, i) => ({ name: `f${i}` })),
    intercept: [intercept],
    coefficients: [weights],
  };
  return loadModel(new TextEncoder().encode(JSON.stringify(document))) as LinearModel;
}
