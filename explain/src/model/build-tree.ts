import { ExplainError } from '../errors.ts';
import type { Tree } from './tree.ts';

export interface SourceLeaf {
  /** one value per output that the tree adds to */
  readonly values: readonly number[];
  readonly cover: number;
}

export interface SourceSplit {
  readonly feature: number;
  /** left iff x <= threshold; NaN where nothing goes left */
  readonly threshold: number;
  readonly defaultLeft: boolean;
  readonly zeroMissing?: boolean;
  /** sorted categories that go right; null for a numeric split */
  readonly categories: Int32Array | null;
  readonly left: number;
  readonly right: number;
  readonly cover: number;
}

/** An untrusted tree as a file has it: numbered nodes, `root` at the top. */
export interface TreeSource {
  /** place in the file, for errors */
  readonly path: string;
  /** nodes that must be reachable, each once */
  readonly nodes: number;
  readonly root: number;
  readonly node: (id: number) => SourceSplit | SourceLeaf | undefined;
}

export interface TreeBounds {
  readonly features: number;
  /** outputs that its leaves speak of, in the order of `values` */
  readonly outputs: readonly number[];
  readonly maxNodes: number;
  readonly maxDepth: number;
}

/**
 * Lays a tree out breadth first, one `Tree` per output over shared arrays.
 *
 * @throws ExplainError MODEL_LIMIT, MODEL_TREE (loop, shared or missing child), MODEL_FEATURE, MODEL_VALUE
 */
export function buildTrees(source: TreeSource, bounds: TreeBounds): Tree[] {
  if (source.nodes > bounds.maxNodes)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${source.nodes} nodes at ${source.path}`,
      want: `at most ${bounds.maxNodes}`,
    });
  const { order, depth } = breadthFirst(source, bounds.maxDepth);
  const nodes = order.length;
  const shape = {
    nodes,
    leftChild: new Int32Array(nodes),
    feature: new Int32Array(nodes),
    threshold: new Float64Array(nodes),
    defaultLeft: new Uint8Array(nodes),
    categories: new Array<Int32Array | null>(nodes).fill(null),
    cover: new Float64Array(nodes),
    depth,
  };
  const zeroMissing = new Uint8Array(nodes);
  const values = bounds.outputs.map(() => new Float64Array(nodes));
  let next = 1;
  order.forEach((item, node) => {
    shape.cover[node] = usable(item.cover, source, 'cover', 0);
    if ('values' in item) return writeLeaf(item, values, node, source);
    shape.leftChild[node] = next;
    next += 2;
    shape.feature[node] = within(item.feature, bounds.features, source);
    shape.threshold[node] = item.threshold;
    shape.defaultLeft[node] = item.defaultLeft ? 1 : 0;
    shape.categories[node] = item.categories;
    zeroMissing[node] = item.zeroMissing === true ? 1 : 0;
  });
  const shared = { ...shape, zeroMissing: zeroMissing.includes(1) ? zeroMissing : null };
  return bounds.outputs.map((output, index) => ({
    ...shared,
    value: values[index] ?? new Float64Array(nodes),
    output,
  }));
}

function writeLeaf(
  leaf: SourceLeaf,
  values: readonly Float64Array[],
  node: number,
  source: TreeSource,
): void {
  if (leaf.values.length !== values.length)
    throw new ExplainError('MODEL_MALFORMED', {
      got: `${leaf.values.length} values in a leaf at ${source.path}`,
      want: `${values.length}`,
    });
  values.forEach((column, output) => {
    column[node] = usable(leaf.values[output] ?? NaN, source, 'leaf', -Infinity);
  });
}

/** The nodes breadth first, children side by side; refuses what is no tree. */
function breadthFirst(
  source: TreeSource,
  maxDepth: number,
): { order: (SourceSplit | SourceLeaf)[]; depth: number } {
  const seen = new Set<number>();
  const depths: number[] = [];
  const order: (SourceSplit | SourceLeaf)[] = [];
  const visit = (id: number, depth: number): void => {
    const node = source.node(id);
    if (node === undefined) throw broken(source, 'a child out of range');
    if (seen.has(id)) throw broken(source, 'a loop or a shared child');
    if (depth > maxDepth)
      throw new ExplainError('MODEL_LIMIT', {
        got: `a deeper tree at ${source.path}`,
        want: `depth ${maxDepth}`,
      });
    seen.add(id);
    depths.push(depth);
    order.push(node);
  };
  visit(source.root, 0);
  for (let at = 0; at < order.length; at++) {
    const node = order[at];
    if (node === undefined || 'values' in node) continue;
    const depth = (depths[at] ?? 0) + 1;
    visit(node.left, depth);
    visit(node.right, depth);
  }
  if (order.length !== source.nodes)
    throw broken(source, `${source.nodes - order.length} nodes out of reach`);
  return { order, depth: depths.at(-1) ?? 0 };
}

function broken(source: TreeSource, got: string): ExplainError {
  return new ExplainError('MODEL_TREE', {
    got: `${got} at ${source.path}`,
    want: 'each node with one parent',
  });
}

function within(feature: number, features: number, source: TreeSource): number {
  if (!Number.isInteger(feature) || feature < 0 || feature >= features)
    throw new ExplainError('MODEL_FEATURE', {
      got: `feature ${feature} at ${source.path}`,
      want: `below ${features}`,
    });
  return feature;
}

function usable(number: number, source: TreeSource, what: string, least: number): number {
  if (!Number.isFinite(number) || number < least)
    throw new ExplainError('MODEL_VALUE', { got: `an unusable ${what} at ${source.path}` });
  return number;
}
