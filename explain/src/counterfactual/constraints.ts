import type { Required } from './mutable.ts';
import type { Direction, Move } from './move.ts';
import type { ResolvedConstraint } from './resolve.ts';

/** Whether moves, at most one a feature, hold all constraints. */
export function holds(constraints: readonly ResolvedConstraint[], moves: readonly Move[]): boolean {
  return constraints.every(
    (constraint) =>
      !isTriggered(constraint, moves) ||
      satisfies(constraint.required, effectOf(constraint, moves)),
  );
}

/** The constraints that moves break only because a feature does not move yet. */
export function missingMoves(
  constraints: readonly ResolvedConstraint[],
  moves: readonly Move[],
): readonly ResolvedConstraint[] {
  return constraints.filter(
    (constraint) =>
      isTriggered(constraint, moves) &&
      (constraint.required === 'up' || constraint.required === 'down') &&
      effectOf(constraint, moves) === null,
  );
}

function isTriggered(
  { cause, moves: wanted }: ResolvedConstraint,
  moves: readonly Move[],
): boolean {
  const move = moves.find(({ feature }) => feature === cause);
  if (move === undefined) return false;
  return wanted === 'any' || move.direction === (wanted === 'up' ? 1 : -1);
}

/** null where the feature stays. A value where none was has no direction. */
function effectOf({ effect }: ResolvedConstraint, moves: readonly Move[]): Direction | null {
  return moves.find(({ feature }) => feature === effect)?.direction ?? null;
}

function satisfies(required: Required, direction: Direction | null): boolean {
  if (required === 'up') return direction === 1;
  if (required === 'down') return direction === -1;
  if (required === 'stays') return direction === null;
  if (required === 'not-up') return direction !== 1;
  return direction !== -1;
}
