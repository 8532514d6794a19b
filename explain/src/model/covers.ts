import { ExplainError } from '../errors.ts';
import { asBackground, backgroundFacts } from './hash.ts';
import type { Background } from './hash.ts';
import { requireTrees } from './model.ts';
import { goesLeft } from './tree.ts';
import type { Tree } from './tree.ts';
import { castRow } from './tree-model.ts';
import type { FeatureRow, TreeModel } from './tree-model.ts';

/**
 * The model with covers counted from rows, for files that hold none, such as ONNX: path-dependent attributions then
 * speak of these rows instead of the training data, and name them as `background`.
 *
 * @throws ExplainError EXPLAIN_BACKGROUND without rows, FEATURE_COUNT
 */
export function withCovers(of: TreeModel, given: Background | readonly FeatureRow[]): TreeModel {
  const model = requireTrees(of);
  const { rows } = asBackground(given);
  if (rows.length === 0)
    throw new ExplainError('EXPLAIN_BACKGROUND', { got: '0 rows', want: 'at least one' });
  const cast = rows.map((row) => castRow(model, row));
  const trees = model.trees.map((tree) => ({ ...tree, cover: countRows(tree, cast) }));
  const coverRows = backgroundFacts(given);
  return Object.freeze({ ...model, trees, coverSource: 'count' as const, coverRows });
}

function countRows(tree: Tree, rows: readonly Float64Array[]): Float64Array {
  const cover = new Float64Array(tree.nodes);
  for (const row of rows)
    for (let node = 0, left = 0; ;) {
      cover[node] = (cover[node] ?? 0) + 1;
      left = tree.leftChild[node] ?? 0;
      if (left === 0) break;
      node = goesLeft(tree, node, row[tree.feature[node] ?? 0] ?? NaN) ? left : left + 1;
    }
  return cover;
}
