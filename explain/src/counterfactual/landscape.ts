import type { Account } from './account.ts';
import type { FeatureMoves, Move } from './move.ts';

/** One row before a model: what it may become, and how far each change brings it. */
export interface Landscape {
  readonly row: Float64Array;
  /** changeable features in the order of the model; those that cannot move in this row have no moves */
  readonly features: readonly FeatureMoves[];
  /** whether `moves` are all there are: then a search over them can be exhaustive */
  readonly isComplete: boolean;
  /** gap of each move of one feature: how far from the goal, met below 0. @param changed  the row with other features changed */
  readonly profile: (changed: Float64Array, own: FeatureMoves) => Float64Array;
  /** gap of each pair of moves of two features, [i · moves of b + j]; null: the profiles have to do */
  readonly plane: ((a: FeatureMoves, b: FeatureMoves) => Float64Array) | null;
  /** above it a gap is open for sure, below its negative it is closed for sure */
  readonly band: number;
  /** the model's own number for a row, and whether it meets the goal */
  readonly ask: (row: Float64Array) => Answer;
  /** cells or predictions that a profile costs */
  readonly price: (own: FeatureMoves) => number;
  /** The same moves with nearer values in between, where cells do not say where the outcome turns. */
  readonly refine: (moves: readonly Move[], account: Account) => readonly Move[];
  /** The values around that keep the outcome, all together. */
  readonly widen: (moves: readonly Move[], account: Account) => Box;
}

export interface Answer {
  readonly value: number;
  readonly isMet: boolean;
}

/** Moves with the values around them that keep the outcome. */
export interface Box {
  readonly sides: readonly Side[];
  readonly proven: boolean;
}

export interface Side {
  readonly move: Move;
  readonly low: number;
  readonly high: number;
  /** for a category: the codes that keep the outcome */
  readonly oneOf: readonly number[] | null;
}

/** Where rounding could decide, the model is asked about the changed row. */
export function isClosed(
  { band, ask }: Landscape,
  gap: number,
  changed: () => Float64Array,
): boolean {
  return gap < -band || (gap <= band && ask(changed()).isMet);
}

/** The place itself, with nothing around it. */
export function pointBox(moves: readonly Move[]): Box {
  return { sides: moves.map((move) => pointSide(move)), proven: true };
}

export function pointSide(move: Move): Side {
  const { direction, value } = move;
  return {
    move,
    low: value,
    high: value,
    oneOf: direction === 0 && move.rank < 0 ? [value] : null,
  };
}

/** Whether the model says so of every corner of a box, which are paid for before the first is looked at. */
export function cornersMeet(
  { ask, row }: Landscape,
  sides: readonly Side[],
  account: Account,
): boolean {
  const corners = sides.reduce((product, side) => product * endsOf(side).length, 1);
  return account.spend(corners) && everyCorner(row, sides, (corner) => ask(corner).isMet);
}

/** One after the other: together they would be as many rows as the account allows. */
function everyCorner(
  row: Float64Array,
  [side, ...rest]: readonly Side[],
  holds: (corner: Float64Array) => boolean,
): boolean {
  if (side === undefined) return holds(row);
  return endsOf(side).every((value) =>
    everyCorner(row.with(side.move.feature, inReach(value)), rest, holds),
  );
}

function endsOf({ low, high, oneOf }: Side): readonly number[] {
  return oneOf ?? (low === high ? [low] : [low, high]);
}

/** An open end as the largest number there is: a model is asked about numbers only. */
function inReach(value: number): number {
  return Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE);
}
