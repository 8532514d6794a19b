import { sumLeaves } from '../model/tree-model.ts';
import type { TreeModel } from '../model/tree-model.ts';

/** Most memory that tables take unless the caller says otherwise. */
export const DEFAULT_TABLE_BYTES = 64 * 1024 * 1024;

/**
 * Most rows that go through one tree before the next: its tables then come from memory once for all of them. More rows would
 * themselves leave the caches.
 */
export const BLOCK_ROWS = 256;

/**
 * Who runs the sums: the WebAssembly kernel, which gives way to its TypeScript twin where it is refused, or the twin. Both give
 * the same bytes; which one it was is in the kernel's name.
 */
export const ENGINES = ['wasm', 'typescript'] as const;

export type EngineName = (typeof ENGINES)[number];

/** What an algorithm does with cast rows. */
export interface AttributionKernel {
  readonly name: string;
  readonly baseValue: Float64Array;
  readonly tableBytes: number;
  /**
   * Writes the attributions of many rows, [row][output][feature], from `first` on: the same bytes as row by row, whatever was
   * there. Allocates nothing once warm.
   */
  attributeRows(rows: readonly Float64Array[], out: Float64Array, first: number): void;
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
