import type { EngineName } from '../kernel.ts';

/** A plan ready to compute. Ranks go in, sums come out; one call at a time. */
export interface HybridEngine {
  readonly name: EngineName;
  /** [row][rank slot]: written before `attribute` */
  readonly ranks: Int32Array;
  /** [row][cell][lane]: `attribute` adds to it; an attribution is the sum of both lanes */
  readonly sums: Float64Array;
  /** Adds the attributions of the first `rows` rows, tree by tree. Allocates nothing. */
  readonly attribute: (rows: number) => void;
}

/** Sizes of an engine's arrays. */
export interface Capacity {
  readonly rows: number;
  readonly rankSlots: number;
  readonly cells: number;
}
