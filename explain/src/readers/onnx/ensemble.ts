import { ExplainError } from '../../errors.ts';
import { buildTrees } from '../../model/build-tree.ts';
import type { SourceLeaf, SourceSplit } from '../../model/build-tree.ts';
import type { Tree } from '../../model/tree.ts';
import { nextBelow, nextBelow64 } from '../../numeric/float32.ts';

export type Mode = 'LEQ' | 'LT' | 'GTE' | 'GT' | 'EQ' | 'NEQ' | 'MEMBER';

/** One question of an ONNX tree: the true child where it holds. */
export interface OnnxSplit {
  readonly mode: Mode;
  readonly feature: number;
  readonly value: number;
  /** of MEMBER */
  readonly members: readonly number[];
  readonly missingIsTrue: boolean;
  readonly whenTrue: number;
  readonly whenFalse: number;
}

/** A leaf: [output, weight] pairs. */
export interface OnnxLeaf {
  readonly weights: readonly (readonly [output: number, weight: number])[];
}

export interface OnnxTree {
  readonly path: string;
  readonly root: number;
  readonly nodes: ReadonlyMap<number, OnnxSplit | OnnxLeaf>;
}

export interface EnsembleContext {
  readonly features: number;
  readonly outputs: number;
  readonly type: 'float32' | 'float64';
  readonly maxNodes: number;
  readonly maxDepth: number;
  /** thresholds of what a scaling in front makes of the columns, as thresholds of the columns; null where there is none */
  readonly thresholdOf: ((feature: number, threshold: number) => number) | null;
}

/** Trees of the graph as trees that go left on `<=`; only outputs that a tree speaks of get one. */
export function readOnnxTrees(trees: readonly OnnxTree[], context: EnsembleContext): Tree[] {
  let left = context.maxNodes;
  return trees.flatMap((tree) => {
    const outputs = outputsOf(tree, context.outputs);
    const built = buildTrees(
      {
        path: tree.path,
        nodes: tree.nodes.size,
        root: tree.root,
        node: (id) => {
          const node = tree.nodes.get(id);
          if (node === undefined) return undefined;
          return 'weights' in node ? leafOf(node, outputs) : splitOf(node, tree.path, context);
        },
      },
      { features: context.features, outputs, maxNodes: left, maxDepth: context.maxDepth },
    );
    left -= tree.nodes.size * built.length;
    return built;
  });
}

function outputsOf(tree: OnnxTree, outputs: number): number[] {
  const spoken = new Set<number>();
  for (const node of tree.nodes.values())
    if ('weights' in node)
      for (const [output] of node.weights) {
        if (!Number.isInteger(output) || output < 0 || output >= outputs)
          throw new ExplainError('MODEL_MALFORMED', {
            got: `an output out of range at ${tree.path}`,
            want: `below ${outputs}`,
          });
        spoken.add(output);
      }
  return spoken.size === 0 ? [0] : [...spoken].sort((a, b) => a - b);
}

function leafOf(leaf: OnnxLeaf, outputs: readonly number[]): SourceLeaf {
  const values = outputs.map((wanted) =>
    leaf.weights.reduce((sum, [output, weight]) => (output === wanted ? sum + weight : sum), 0),
  );
  return { values, cover: 0 };
}

function splitOf(
  split: OnnxSplit,
  path: string,
  { type, features, thresholdOf }: EnsembleContext,
): SourceSplit {
  const { mode, feature, value, missingIsTrue, whenTrue, whenFalse } = split;
  const below = type === 'float32' ? nextBelow : nextBelow64;
  const asked = (threshold: number, isTrueLeft: boolean): SourceSplit => ({
    feature,
    threshold:
      thresholdOf === null || !(feature >= 0 && feature < features)
        ? threshold
        : thresholdOf(feature, threshold),
    categories: null,
    defaultLeft: missingIsTrue === isTrueLeft,
    left: isTrueLeft ? whenTrue : whenFalse,
    right: isTrueLeft ? whenFalse : whenTrue,
    cover: 0,
  });
  /** Listed categories go right. */
  const listed = (members: readonly number[], isListedTrue: boolean): SourceSplit => {
    if (thresholdOf !== null)
      throw new ExplainError('MODEL_UNSUPPORTED', {
        got: `an equality behind a scaling at ${path}`,
        want: 'comparisons',
      });
    return { ...asked(NaN, !isListedTrue), categories: categoriesOf(members, path) };
  };
  if (Number.isNaN(value))
    throw new ExplainError('MODEL_VALUE', { got: `an unusable threshold at ${path}` });
  switch (mode) {
    case 'LEQ':
      return asked(value, true);
    case 'LT':
      return asked(below(value), true);
    case 'GT':
      return asked(value, false);
    case 'GTE':
      return asked(below(value), false);
    case 'EQ':
      return listed([value], true);
    case 'NEQ':
      return listed([value], false);
    case 'MEMBER':
      return listed(split.members, true);
  }
}

function categoriesOf(members: readonly number[], path: string): Int32Array {
  if (!members.every((member) => Number.isInteger(member) && member >= 0 && member < 2 ** 31))
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: `an equality with something else than a category at ${path}`,
      want: 'whole numbers from 0',
    });
  return Int32Array.from(new Set(members)).sort();
}
