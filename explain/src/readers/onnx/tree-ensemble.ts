import { ExplainError } from '../../errors.ts';
import { malformed } from '../document.ts';
import { withinLimit } from '../limits.ts';
import type { Mode, OnnxLeaf, OnnxSplit, OnnxTree } from './ensemble.ts';
import type { Attributes, GraphNode } from './graph.ts';

/** What one operator says, whichever of the three it is. */
export interface Ensemble {
  readonly trees: readonly OnnxTree[];
  readonly outputs: number;
  /** one per output, added behind the trees */
  readonly base: readonly number[];
  readonly post: string;
  readonly isClassifier: boolean;
}

const MODES: Readonly<Record<string, Mode>> = {
  BRANCH_LEQ: 'LEQ',
  BRANCH_LT: 'LT',
  BRANCH_GTE: 'GTE',
  BRANCH_GT: 'GT',
  BRANCH_EQ: 'EQ',
  BRANCH_NEQ: 'NEQ',
};

/**
 * TreeEnsembleClassifier and TreeEnsembleRegressor of ai.onnx.ml 1 to 4: columns over all nodes of all trees, and weights
 * over leaves.
 */
export function readOldEnsemble(
  { type: operator, attributes }: GraphNode,
  maxOutputs: number,
): Ensemble {
  const isClassifier = operator === 'TreeEnsembleClassifier';
  const prefix = isClassifier ? 'class' : 'target';
  if (attributes.text('aggregate_function', 'SUM') !== 'SUM')
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: `aggregate_function ${attributes.text('aggregate_function', '')}`,
      want: 'SUM',
    });
  const weights = attributes.numbers(`${prefix}_weights`);
  const base = attributes.numbers('base_values');
  const ids = attributes.integers(`${prefix}_ids`);
  const classes = Math.max(
    attributes.integers('classlabels_int64s').length,
    attributes.texts('classlabels_strings').length,
  );
  const isBinary = isClassifier && classes === 2 && new Set(ids).size <= 1;
  const outputs = isBinary ? 1 : isClassifier ? classes : attributes.integer('n_targets', 1);
  withinLimit(outputs, maxOutputs, 'outputs');
  const leaves = leafWeights(attributes, prefix, isBinary ? ids.map(() => 0) : ids, weights);
  return {
    trees: oldTrees(operator, attributes, leaves),
    outputs,
    base: baseOf(base, outputs),
    post: attributes.text('post_transform', 'NONE'),
    isClassifier,
  };
}

/** The base of the second class where two classes are one output. */
function baseOf(values: readonly number[], outputs: number): readonly number[] {
  if (values.length === 0) return new Array<number>(outputs).fill(0);
  if (values.length === outputs) return values;
  if (outputs === 1 && values.length === 2) return values.slice(1);
  throw malformed('base_values', `${values.length} numbers`, `${outputs}`);
}

/** [output, weight] pairs by `tree node`. */
function leafWeights(
  attributes: Attributes,
  prefix: string,
  outputs: readonly number[],
  weights: readonly number[],
): ReadonlyMap<string, [number, number][]> {
  const trees = attributes.integers(`${prefix}_treeids`);
  const nodes = attributes.integers(`${prefix}_nodeids`);
  if (![trees, nodes, outputs].every(({ length }) => length === weights.length))
    throw malformed(`${prefix}_weights`, 'arrays of different lengths', 'one entry a weight');
  const pairs = new Map<string, [number, number][]>();
  weights.forEach((weight, i) => {
    const key = `${trees[i]} ${nodes[i]}`;
    const pair: [number, number] = [outputs[i] ?? -1, weight];
    const known = pairs.get(key);
    if (known === undefined) pairs.set(key, [pair]);
    else known.push(pair);
  });
  return pairs;
}

function oldTrees(
  operator: string,
  attributes: Attributes,
  leaves: ReadonlyMap<string, [number, number][]>,
): OnnxTree[] {
  const modes = attributes.texts('nodes_modes');
  const column = (name: string, values: readonly number[], mayLack = false): readonly number[] => {
    if (values.length !== modes.length && !(mayLack && values.length === 0))
      throw malformed(`${operator}.${name}`, `${values.length} items`, `${modes.length}`);
    return values;
  };
  const integers = (name: string, mayLack = false): readonly number[] =>
    column(name, attributes.integers(name), mayLack);
  const trees = integers('nodes_treeids');
  const ids = integers('nodes_nodeids');
  const features = integers('nodes_featureids');
  const values = column('nodes_values', attributes.numbers('nodes_values'));
  const whenTrue = integers('nodes_truenodeids');
  const whenFalse = integers('nodes_falsenodeids');
  const missing = integers('nodes_missing_value_tracks_true', true);
  const found = new Map<number, { root: number; nodes: Map<number, OnnxSplit | OnnxLeaf> }>();
  modes.forEach((name, i) => {
    const tree = trees[i] ?? -1;
    const id = ids[i] ?? -1;
    const into = found.get(tree) ?? { root: id, nodes: new Map<number, OnnxSplit | OnnxLeaf>() };
    found.set(tree, into);
    if (into.nodes.has(id))
      throw malformed(`${operator}, tree ${tree}`, 'a node twice', 'each once');
    if (name === 'LEAF') {
      into.nodes.set(id, { weights: leaves.get(`${tree} ${id}`) ?? [] });
      return;
    }
    const mode = Object.hasOwn(MODES, name) ? MODES[name] : undefined;
    if (mode === undefined)
      throw malformed(`${operator}.nodes_modes`, 'an unknown mode', Object.keys(MODES).join(', '));
    into.nodes.set(id, {
      mode,
      feature: features[i] ?? -1,
      value: values[i] ?? NaN,
      members: [],
      missingIsTrue: missing[i] === 1,
      whenTrue: whenTrue[i] ?? -1,
      whenFalse: whenFalse[i] ?? -1,
    });
  });
  return [...found].map(([tree, { root, nodes }]) => ({
    path: `${operator}, tree ${tree}`,
    root,
    nodes,
  }));
}

const NEW_MODES: readonly Mode[] = ['LEQ', 'LT', 'GTE', 'GT', 'EQ', 'NEQ', 'MEMBER'];
const SUM = 1;
/** post_transform of TreeEnsemble by number. */
const NEW_POSTS = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'] as const;

/** TreeEnsemble of ai.onnx.ml 5: splits and leaves in columns of their own; a flag says which of them a child is in. */
export function readNewEnsemble({ attributes }: GraphNode, maxOutputs: number): Ensemble {
  if (attributes.integer('aggregate_function', SUM) !== SUM)
    throw new ExplainError('MODEL_UNSUPPORTED', { got: 'another aggregate_function', want: 'SUM' });
  const outputs = attributes.integer('n_targets', 1);
  withinLimit(outputs, maxOutputs, 'outputs');
  const splits = attributes.numbers('nodes_splits');
  return {
    trees: newTrees(attributes, splits),
    outputs,
    base: new Array<number>(outputs).fill(0),
    post: NEW_POSTS[attributes.integer('post_transform', 0)] ?? 'unknown',
    isClassifier: false,
  };
}

function newTrees(attributes: Attributes, splits: readonly number[]): OnnxTree[] {
  const column = (name: string, mayLack = false): readonly number[] => {
    const values = attributes.integers(name);
    if (values.length !== splits.length && !(mayLack && values.length === 0))
      throw malformed(`TreeEnsemble.${name}`, `${values.length} items`, `${splits.length}`);
    return values;
  };
  const columns = {
    modes: column('nodes_modes'),
    features: column('nodes_featureids'),
    whenTrue: column('nodes_truenodeids'),
    whenFalse: column('nodes_falsenodeids'),
    trueIsLeaf: column('nodes_trueleafs'),
    falseIsLeaf: column('nodes_falseleafs'),
    missing: column('nodes_missing_value_tracks_true', true),
    members: membersOf(attributes, column('nodes_modes')),
  };
  const targets = attributes.integers('leaf_targetids');
  const weights = attributes.numbers('leaf_weights');
  if (targets.length !== weights.length)
    throw malformed('TreeEnsemble.leaf_targetids', `${targets.length} items`, `${weights.length}`);
  return attributes.integers('tree_roots').map((root, tree) => {
    const path = `TreeEnsemble, tree ${tree}`;
    const nodes = new Map<number, OnnxSplit | OnnxLeaf>();
    const waiting = [root];
    // Leaves are named ~i among the nodes of a tree.
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (nodes.has(id))
        throw new ExplainError('MODEL_TREE', { got: `a loop or a shared child at ${path}` });
      if (id < 0) {
        const weight = weights[~id];
        if (weight === undefined)
          throw new ExplainError('MODEL_TREE', { got: `a child out of range at ${path}` });
        nodes.set(id, { weights: [[targets[~id] ?? -1, weight]] });
        continue;
      }
      const mode = NEW_MODES[columns.modes[id] ?? -1];
      if (mode === undefined)
        throw new ExplainError('MODEL_TREE', { got: `a child out of range at ${path}` });
      const whenTrue = childOf(columns.whenTrue[id], columns.trueIsLeaf[id]);
      const whenFalse = childOf(columns.whenFalse[id], columns.falseIsLeaf[id]);
      nodes.set(id, {
        mode,
        feature: columns.features[id] ?? -1,
        value: mode === 'MEMBER' ? 0 : (splits[id] ?? NaN),
        members: columns.members.get(id) ?? [],
        missingIsTrue: columns.missing[id] === 1,
        whenTrue,
        whenFalse,
      });
      waiting.push(whenTrue, whenFalse);
    }
    return { path, root, nodes };
  });
}

function childOf(id: number | undefined, isLeaf: number | undefined): number {
  return isLeaf === 1 ? ~(id ?? -1) : (id ?? -1);
}

/** `membership_values`: the sets of the MEMBER nodes in their order, each ended by NaN. */
function membersOf(attributes: Attributes, modes: readonly number[]): Map<number, number[]> {
  const sets: number[][] = [[]];
  for (const value of attributes.numbers('membership_values'))
    if (Number.isNaN(value)) sets.push([]);
    else sets.at(-1)?.push(value);
  const owners = modes.flatMap((mode, node) => (NEW_MODES[mode] === 'MEMBER' ? [node] : []));
  const last = sets.pop();
  if (owners.length > sets.length || (last?.length ?? 0) > 0)
    throw malformed('TreeEnsemble.membership_values', `${sets.length} sets`, `${owners.length}`);
  return new Map(owners.map((node, i) => [node, sets[i] ?? []]));
}
