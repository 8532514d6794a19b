import { ExplainError } from '../../errors.ts';
import type { Tree } from '../../model/tree.ts';
import { nextBelow } from '../../numeric/float32.ts';
import { malformed } from '../document.ts';
import type { DocumentReader } from '../document.ts';

export interface TreeContext {
  readonly features: number;
  readonly output: number;
  /** what dart multiplies the leaves by; 1 otherwise */
  readonly weight: number;
  readonly maxNodes: number;
  readonly maxDepth: number;
}

/** The arrays of one tree as the file has them, all of one length. */
interface Columns {
  readonly path: string;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly parents: Int32Array;
  readonly feature: Int32Array;
  readonly condition: Float64Array;
  readonly defaultLeft: Int32Array;
  readonly hessian: Float64Array;
  readonly categories: ReadonlyMap<number, Int32Array>;
}

const NO_PARENT = 2147483647;

/** Checks one tree of an XGBoost model and lays it out breadth first. */
export function readXgboostTree(reader: DocumentReader, context: TreeContext): Tree {
  const columns = readColumns(reader, context);
  const { order, depth } = breadthFirst(columns, context.maxDepth);
  const deleted = reader.object('tree_param').count('num_deleted', 0);
  if (order.length + deleted !== columns.left.length)
    throw new ExplainError('MODEL_TREE', {
      got: `${columns.left.length - order.length} nodes out of reach at ${columns.path}`,
      want: `${deleted}`,
    });
  return layOut(columns, order, depth, context);
}

function readColumns(reader: DocumentReader, context: TreeContext): Columns {
  const parameters = reader.object('tree_param');
  const nodes = parameters.count('num_nodes');
  if (nodes < 1 || nodes > context.maxNodes)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${nodes} nodes at ${reader.path}`,
      want: `1 to ${context.maxNodes}`,
    });
  if (parameters.count('size_leaf_vector', 1) > 1)
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: 'trees with vectors as leaves',
      want: 'one output per tree',
    });
  const sized = <T extends ArrayLike<number>>(name: string, column: T): T => {
    if (column.length !== nodes)
      throw malformed(`${reader.path}.${name}`, `${column.length} items`, `${nodes}`);
    return column;
  };
  return {
    path: reader.path,
    left: sized('left_children', reader.integers('left_children')),
    right: sized('right_children', reader.integers('right_children')),
    parents: sized('parents', reader.integers('parents')),
    feature: sized('split_indices', reader.integers('split_indices')),
    condition: sized('split_conditions', reader.numbers('split_conditions')),
    defaultLeft: sized('default_left', reader.integers('default_left')),
    hessian: sized('sum_hessian', reader.numbers('sum_hessian')),
    categories: readCategories(reader, nodes),
  };
}

/** Categorical splits in compressed rows: node, where its categories begin, how many, and all categories. */
function readCategories(reader: DocumentReader, nodes: number): Map<number, Int32Array> {
  const sets = new Map<number, Int32Array>();
  if (!reader.has('split_type')) return sets;
  const types = reader.integers('split_type');
  if (types.length !== nodes)
    throw malformed(`${reader.path}.split_type`, `${types.length} items`, `${nodes}`);
  if (types.some((type) => type !== 0 && type !== 1))
    throw malformed(`${reader.path}.split_type`, 'an unknown split type', '0 or 1');
  const owners = reader.integers('categories_nodes');
  const begins = reader.integers('categories_segments');
  const sizes = reader.integers('categories_sizes');
  const all = reader.integers('categories');
  if (begins.length !== owners.length || sizes.length !== owners.length)
    throw malformed(
      `${reader.path}.categories_nodes`,
      'arrays of different lengths',
      'one segment per node',
    );
  owners.forEach((node, index) => {
    const begin = begins[index] ?? -1;
    const end = begin + (sizes[index] ?? -1);
    if (types[node] !== 1 || sets.has(node))
      throw malformed(
        `${reader.path}.categories_nodes[${index}]`,
        'a wrong node',
        'each categorical split once',
      );
    if (begin < 0 || end < begin || end > all.length)
      throw malformed(
        `${reader.path}.categories_segments[${index}]`,
        'a segment out of range',
        `within ${all.length}`,
      );
    sets.set(node, all.slice(begin, end).sort());
  });
  if (all.some((category) => category < 0))
    throw malformed(`${reader.path}.categories`, 'a negative category', 'categories from 0');
  if (types.reduce((sum, type) => sum + type, 0) !== sets.size)
    throw malformed(
      `${reader.path}.categories_nodes`,
      'a categorical split without categories',
      'one segment each',
    );
  return sets;
}

/** Old indexes of the nodes in breadth-first order, children side by side; refuses what is no tree. */
function breadthFirst(columns: Columns, maxDepth: number): { order: number[]; depth: number } {
  const { left, right, parents, path } = columns;
  const refuse = (node: number, got: string): ExplainError =>
    new ExplainError('MODEL_TREE', {
      got: `${got} at ${path} node ${node}`,
      want: 'each node with one parent',
    });
  const depths = new Int32Array(left.length).fill(-1);
  const order = [0];
  depths[0] = 0;
  if (parents[0] !== NO_PARENT && parents[0] !== -1) throw refuse(0, 'a root with a parent');
  for (let at = 0; at < order.length; at++) {
    const node = order[at] ?? 0;
    const children = [left[node] ?? -1, right[node] ?? -1];
    if (children[0] === -1 && children[1] === -1) continue;
    const depth = (depths[node] ?? 0) + 1;
    if (depth > maxDepth)
      throw new ExplainError('MODEL_LIMIT', {
        got: `a deeper tree at ${path}`,
        want: `depth ${maxDepth}`,
      });
    for (const child of children) {
      if (child < 0 || child >= left.length) throw refuse(node, 'a child out of range');
      if (depths[child] !== -1) throw refuse(child, 'a loop or a shared child');
      if (parents[child] !== node) throw refuse(child, 'another parent than the node above');
      depths[child] = depth;
      order.push(child);
    }
  }
  return { order, depth: depths[order.at(-1) ?? 0] ?? 0 };
}

function layOut(
  columns: Columns,
  order: readonly number[],
  depth: number,
  context: TreeContext,
): Tree {
  const nodes = order.length;
  const leftChild = new Int32Array(nodes);
  const feature = new Int32Array(nodes);
  const threshold = new Float64Array(nodes);
  const defaultLeft = new Uint8Array(nodes);
  const value = new Float64Array(nodes);
  const cover = new Float64Array(nodes);
  const categories: (Int32Array | null)[] = [];
  let next = 1;
  order.forEach((old, node) => {
    const isSplit = (columns.left[old] ?? -1) >= 0;
    const set = columns.categories.get(old) ?? null;
    const condition = Math.fround(columns.condition[old] ?? NaN);
    categories.push(isSplit ? set : null);
    cover[node] = usable(Math.fround(columns.hessian[old] ?? NaN), columns, old, 'cover', 0);
    if (!isSplit) {
      const leaf = usable(condition, columns, old, 'leaf');
      value[node] = usable(Math.fround(leaf * context.weight), columns, old, 'weighted leaf');
      return;
    }
    leftChild[node] = next;
    next += 2;
    feature[node] = featureWithin(columns, old, context.features);
    if (set === null && Number.isNaN(condition)) throw unusable(columns, old, 'threshold');
    // XGBoost goes left on `<`.
    threshold[node] = nextBelow(condition);
    defaultLeft[node] = flag(columns, old);
  });
  return {
    nodes,
    leftChild,
    feature,
    threshold,
    defaultLeft,
    zeroMissing: null,
    categories,
    value,
    cover,
    depth,
    output: context.output,
  };
}

function featureWithin(columns: Columns, node: number, features: number): number {
  const feature = columns.feature[node] ?? -1;
  if (feature < 0 || feature >= features)
    throw new ExplainError('MODEL_FEATURE', {
      got: `feature ${feature} at ${columns.path} node ${node}`,
      want: `below ${features}`,
    });
  return feature;
}

function flag(columns: Columns, node: number): number {
  const value = columns.defaultLeft[node] ?? -1;
  if (value !== 0 && value !== 1)
    throw malformed(`${columns.path}.default_left[${node}]`, 'another number', '0 or 1');
  return value;
}

function usable(
  number: number,
  columns: Columns,
  node: number,
  what: string,
  least = -Infinity,
): number {
  if (!Number.isFinite(number) || number < least) throw unusable(columns, node, what);
  return number;
}

function unusable(columns: Columns, node: number, what: string): ExplainError {
  return new ExplainError('MODEL_VALUE', {
    got: `an unusable ${what} at ${columns.path} node ${node}`,
  });
}
