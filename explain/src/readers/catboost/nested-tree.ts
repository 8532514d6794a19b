import { ExplainError } from '../../errors.ts';
import { buildTrees } from '../../model/build-tree.ts';
import type { SourceLeaf, SourceSplit } from '../../model/build-tree.ts';
import type { Tree } from '../../model/tree.ts';
import { DocumentReader } from '../document.ts';
import { boundsOf, readSplit } from './split.ts';
import type { CatboostTreeContext } from './split.ts';

/** A tree of `grow_policy` Depthwise or Lossguide: objects with `split`, `left` and `right`, or `value` and `weight`. */
export function readNestedTree(reader: DocumentReader, context: CatboostTreeContext): Tree[] {
  const nodes: (SourceSplit | SourceLeaf)[] = [];
  readNode(reader, context, nodes);
  return buildTrees(
    { path: reader.path, nodes: nodes.length, root: nodes.length - 1, node: (id) => nodes[id] },
    boundsOf(context),
  );
}

/** Appends the nodes below and then the node; the reader bounds how deep a document nests. @returns its number */
function readNode(
  reader: DocumentReader,
  context: CatboostTreeContext,
  nodes: (SourceSplit | SourceLeaf)[],
): number {
  if (nodes.length >= context.maxNodes)
    throw new ExplainError('MODEL_LIMIT', {
      got: `more nodes at ${reader.path}`,
      want: `at most ${context.maxNodes}`,
    });
  if (!reader.has('split')) return nodes.push(readLeaf(reader, context)) - 1;
  const left = readNode(reader.object('left'), context, nodes);
  const right = readNode(reader.object('right'), context, nodes);
  const cover = (nodes[left]?.cover ?? NaN) + (nodes[right]?.cover ?? NaN);
  return (
    nodes.push({ ...readSplit(reader.object('split'), context.features), left, right, cover }) - 1
  );
}

function readLeaf(reader: DocumentReader, { outputs, scale }: CatboostTreeContext): SourceLeaf {
  const value = reader.at('value');
  const weight = reader.at('weight');
  const values =
    outputs === 1 && typeof value === 'number' ? [value] : [...reader.numbers('value')];
  return {
    values: values.map((each) => scale * each),
    cover: typeof weight === 'number' ? weight : 0,
  };
}
