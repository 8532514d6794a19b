import type { Tree } from '../model/tree.ts';
import type { TreeModel } from '../model/tree-model.ts';
import { shapleyWeights } from '../numeric/shapley-weights.ts';
import { DEFAULT_TABLE_BYTES, meanScore } from './kernel.ts';
import type { AttributionKernel } from './kernel.ts';
import { attributeByRows, rowLoop } from './background-loop.ts';
import { attributeByPatterns, patternTable, patternTableBytes } from './pattern-table.ts';
import type { PatternTable } from './pattern-table.ts';

/**
 * Interventional SHAP against background rows. Each tree gets a table of its leaves by pattern, so that a row costs
 * the same for 10 background rows and for 10,000; trees whose table would pass what is left of `maxTableBytes` are walked
 * once per background row instead. Sums run by tree, so that replay gives the same bytes; as table and walk round
 * differently, a limit other than the default is part of the kernel's name.
 */
export function interventionalKernel(
  model: TreeModel,
  background: readonly Float64Array[],
  maxTableBytes: number,
): AttributionKernel {
  const depth = model.trees.reduce((most, tree) => Math.max(most, tree.depth), 1);
  const weights = shapleyWeights(depth);
  const loop = rowLoop(model.featureNames.length, depth, weights);
  let tableBytes = 0;
  const plans = model.trees.map((tree): { tree: Tree; table: PatternTable | null } => {
    const bytes = patternTableBytes(tree);
    if (tableBytes + bytes > maxTableBytes) return { tree, table: null };
    tableBytes += bytes;
    return { tree, table: patternTable(tree, background, weights, depth) };
  });
  const attribute: AttributionKernel['attribute'] = (row, attributions) => {
    for (const { tree, table } of plans) {
      const target = attributions[tree.output];
      if (target === undefined || tree.nodes === 1) continue;
      if (table === null) attributeByRows(tree, row, background, loop, target);
      else attributeByPatterns(table, row, target);
    }
  };
  return {
    name:
      maxTableBytes === DEFAULT_TABLE_BYTES ? 'ts-patterns/1' : `ts-patterns/1/${maxTableBytes}`,
    baseValue: meanScore(model, background),
    tableBytes,
    attribute,
    attributeRows: (rows, out) => {
      const features = model.featureNames.length;
      rows.forEach((row, index) => {
        const targets = Array.from({ length: model.outputs }, (_, output) =>
          out.subarray(
            (index * model.outputs + output) * features,
            (index * model.outputs + output + 1) * features,
          ),
        );
        attribute(row, targets);
      });
    },
  };
}
