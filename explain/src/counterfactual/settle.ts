import type { Found, Quest } from './account.ts';
import { holds, missingMoves } from './constraints.ts';
import { isClosed } from './landscape.ts';
import { distanceOf, moved } from './move.ts';
import type { FeatureMoves, Move } from './move.ts';

/** Rounds over all changes; each makes at least one nearer or ends it. */
const ROUNDS = 8;

/**
 * Moves that reach the goal, brought as near as single changes of them get: a change that is not needed goes, any other
 * takes the nearest value that still does. Null when no added move can make them hold the constraints.
 */
export function settle(quest: Quest, start: readonly Move[]): Found | null {
  let moves = completed(quest, start);
  if (moves === null) return null;
  for (let round = 0; round < ROUNDS; round++) {
    const before: number = distanceOf(moves);
    for (const { feature } of moves) moves = nearer(quest, moves, feature);
    if (distanceOf(moves) >= before) break;
  }
  return { moves, distance: distanceOf(moves) };
}

/** The moves that constraints ask for beside these, the nearest that keep the goal. */
function completed(quest: Quest, start: readonly Move[]): readonly Move[] | null {
  const { bounds, constraints } = quest;
  let moves = start;
  for (let [missing] = missingMoves(constraints, moves); missing !== undefined;) {
    const { effect, required } = missing;
    const own = quest.landscape.features.find(({ feature }) => feature === effect);
    const wanted = required === 'up' ? 1 : -1;
    if (own === undefined || moves.length >= bounds.changes) return null;
    const added = firstThat(quest, moves, own, ({ direction }) => direction === wanted);
    if (added === null) return null;
    moves = inOrder([...moves, added]);
    [missing] = missingMoves(constraints, moves);
  }
  return holds(constraints, moves) ? moves : null;
}

function nearer(quest: Quest, moves: readonly Move[], feature: number): readonly Move[] {
  const { constraints, landscape } = quest;
  const current = moves.find((move) => move.feature === feature);
  const own = landscape.features.find((one) => one.feature === feature);
  if (current === undefined || own === undefined) return moves;
  const rest = moves.filter((move) => move !== current);
  const isNeedless =
    rest.length > 0 && holds(constraints, rest) && landscape.ask(moved(landscape.row, rest)).isMet;
  if (isNeedless) return rest;
  const better = firstThat(
    quest,
    rest,
    own,
    (move) => move.distance < current.distance && holds(constraints, inOrder([...rest, move])),
  );
  return better === null ? moves : inOrder([...rest, better]);
}

/** The nearest eligible move of a feature that, with the others, reaches the goal. */
function firstThat(
  { account, landscape }: Quest,
  others: readonly Move[],
  own: FeatureMoves,
  isEligible: (move: Move) => boolean,
): Move | null {
  if (!own.moves.some(isEligible) || !account.spend(landscape.price(own))) return null;
  const changed = moved(landscape.row, others);
  const gaps = landscape.profile(changed, own);
  for (const [i, move] of own.moves.entries())
    if (isEligible(move) && isClosed(landscape, gaps[i] ?? NaN, () => moved(changed, [move])))
      return move;
  return null;
}

function inOrder(moves: readonly Move[]): readonly Move[] {
  return [...moves].sort((a, b) => a.feature - b.feature);
}
