import { ExplainError } from '../../errors.ts';
import { buildTrees } from '../../model/build-tree.ts';
import type { Tree } from '../../model/tree.ts';
import { DocumentReader, malformed } from '../document.ts';
import { boundsOf, readSplit } from './split.ts';
import type { CatboostTreeContext, Split } from './split.ts';

const MAX_SPLITS = 20;

/**
 * An oblivious tree, one question a level: bit j of a leaf's index is the answer to split j. It is laid out with its
 * last split on top, as CatBoost's own ShapValues has it.
 */
export function readObliviousTree(reader: DocumentReader, context: CatboostTreeContext): Tree[] {
  const splits = readSplits(reader, context);
  const leaves = 2 ** splits.length;
  const values = sized(reader, 'leaf_values', leaves * context.outputs);
  const covers = coversOf(
    reader.has('leaf_weights') ? sized(reader, 'leaf_weights', leaves) : new Float64Array(leaves),
  );
  // Nodes are numbered as in a heap: children of i are 2i and 2i + 1, leaves begin at 2^depth.
  return buildTrees(
    {
      path: reader.path,
      nodes: 2 * leaves - 1,
      root: 1,
      node: (id) => {
        const cover = covers[id];
        if (cover === undefined || id < 1) return undefined;
        if (id >= leaves) return { values: leafValues(values, id - leaves, context), cover };
        const split = splits[splits.length - 1 - levelOf(id)];
        return split && { ...split, left: 2 * id, right: 2 * id + 1, cover };
      },
    },
    boundsOf(context),
  );
}

function readSplits(reader: DocumentReader, context: CatboostTreeContext): readonly Split[] {
  const isThere = reader.has('splits') && reader.at('splits') !== null;
  const list = isThere ? reader.list('splits') : [];
  if (list.length > MAX_SPLITS)
    throw new ExplainError('MODEL_LIMIT', {
      got: `${list.length} splits at ${reader.path}`,
      want: `at most ${MAX_SPLITS}`,
    });
  return list.map((item, index) =>
    readSplit(new DocumentReader(item, `${reader.path}.splits[${index}]`), context.features),
  );
}

function sized(reader: DocumentReader, name: string, length: number): Float64Array {
  const numbers = reader.numbers(name);
  if (numbers.length !== length)
    throw malformed(`${reader.path}.${name}`, `${numbers.length} numbers`, `${length}`);
  return numbers;
}

function leafValues(
  values: Float64Array,
  leaf: number,
  { outputs, scale }: CatboostTreeContext,
): number[] {
  return Array.from(
    values.subarray(leaf * outputs, (leaf + 1) * outputs),
    (value) => scale * value,
  );
}

function levelOf(id: number): number {
  return 31 - Math.clz32(id);
}

/** Weight of every node of the heap: each inner one is the sum of its children. */
function coversOf(weights: Float64Array): Float64Array {
  const covers = new Float64Array(2 * weights.length);
  covers.set(weights, weights.length);
  for (let node = weights.length - 1; node > 0; node--)
    covers[node] = (covers[2 * node] ?? NaN) + (covers[2 * node + 1] ?? NaN);
  return covers;
}
