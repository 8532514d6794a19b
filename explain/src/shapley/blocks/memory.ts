import { LANES } from './plan.ts';
import type { Plan } from './plan.ts';

/** What an engine works on; whoever calls it fills ranks and reads totals. */
export interface Memory {
  readonly tables: Float64Array;
  /** [group of LANES rows][slot][lane] */
  readonly ranks: Int32Array;
  /** [group of LANES rows][output · features + feature][lane] */
  readonly totals: Float64Array;
}

/** Adds the attributions of the first `rows` rows of its memory to their totals; others of the last group are undefined. */
export interface Engine {
  readonly name: string;
  readonly memory: Memory;
  readonly run: (rows: number) => void;
}

/** Length of each array for batches of `groups` groups of LANES rows. */
export function sizes(plan: Plan, groups: number): Record<keyof Memory, number> {
  return {
    tables: plan.numbers,
    ranks: groups * plan.slots * LANES,
    totals: groups * plan.totals * LANES,
  };
}
