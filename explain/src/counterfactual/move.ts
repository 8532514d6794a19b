import type { MutableFeature } from './mutable.ts';

/** -1 down, 1 up, 0 a category or a value where none was */
export type Direction = -1 | 0 | 1;

/** A feature's value changed to a cell of values that the model cannot tell apart. */
export interface Move {
  readonly feature: number;
  readonly direction: Direction;
  /** the cell's value that is nearest to the row's own */
  readonly value: number;
  /** ends of the cell within the bounds; infinite where it is open */
  readonly low: number;
  readonly high: number;
  /** cost · |value - own| / scale */
  readonly distance: number;
  /** place in the model's cells of the feature; -1 for a category */
  readonly rank: number;
}

/** Moves of one feature, the nearest first. */
export interface FeatureMoves {
  readonly feature: number;
  readonly mutable: MutableFeature;
  readonly step: number | null;
  readonly scale: number;
  readonly categories: readonly number[] | null;
  readonly moves: readonly Move[];
}

/** By distance, then by value: the order in which ties are settled. */
export function byDistance(a: Move, b: Move): number {
  return a.distance - b.distance || a.value - b.value;
}

/** @param moves  at most one a feature */
export function moved(row: Float64Array, moves: readonly Move[]): Float64Array {
  const changed = Float64Array.from(row);
  for (const { feature, value } of moves) changed[feature] = value;
  return changed;
}

export function distanceOf(moves: readonly Move[]): number {
  return moves.reduce((sum, { distance }) => sum + distance, 0);
}
