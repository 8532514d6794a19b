import { sumLeaves } from '../model/tree-model.ts';
import type { TreeModel } from '../model/tree-model.ts';

/** Most memory that tables take unless the caller says otherwise. */
export const DEFAULT_TABLE_BYTES = 64 * 1024 * 1024;

/** What an algorithm does: adds the attributions of all trees to `attributions` ([output][feature]). */
export interface AttributionKernel {
  readonly name: string;
  readonly baseValue: Float64Array;
  readonly tableBytes: number;
  attribute(row: Float64Array, attributions: readonly Float64Array[]): void;
}

/** Mean score of the rows, one per output. */
export function meanScore(model: TreeModel, rows: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(model.outputs);
  for (const row of rows)
    sumLeaves(model, row).score.forEach((score, output) => {
      total[output] = (total[output] ?? 0) + score;
    });
  return total.map((sum) => sum / rows.length);
}
