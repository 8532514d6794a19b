import { keyOf } from './account.ts';
import type { Found, Quest } from './account.ts';
import { holds } from './constraints.ts';
import { isClosed } from './landscape.ts';
import { moved } from './move.ts';
import type { FeatureMoves, Move } from './move.ts';
import { settle } from './settle.ts';

/** Changes made so far, in the order of their features. */
interface State {
  readonly moves: readonly Move[];
  readonly gap: number;
  readonly distance: number;
}

/** States that go on at each step: the closest to the goal, and those that come closest for their distance. */
const CLOSEST = 12;
const THRIFTIEST = 8;

/**
 * Best-first search beyond what can be exhausted: one change at a time is added to the most promising states, and what
 * reaches the goal is brought as near as it gets. Finds good options, not provably the nearest.
 *
 * @param radius  number of changes up to which all are known
 */
export function beam(quest: Quest, known: readonly Found[], radius: number): Found[] {
  const { bounds, constraints } = quest;
  const found: Found[] = [];
  const enough = (): boolean => known.length + found.length >= bounds.options;
  let states: State[] = [{ moves: [], gap: Infinity, distance: 0 }];
  for (let changes = 1; changes <= bounds.changes && states.length > 0 && !enough(); changes++) {
    const next = expand(quest, states);
    const { closed, open } = parted(quest, next);
    for (const state of closed) {
      if (changes <= radius && holds(constraints, state.moves)) continue;
      const option = settle(quest, state.moves);
      if (option !== null && ![...known, ...found].some((one) => keyOf(one) === keyOf(option)))
        found.push(option);
    }
    states = promising(open);
  }
  return found;
}

/** Each state with one more feature changed: as far as it helps most, and where it helps most for its distance. */
function expand({ account, landscape }: Quest, states: readonly State[]): State[] {
  const next = new Map<string, State>();
  for (const state of states) {
    const changed = moved(landscape.row, state.moves);
    for (const own of landscape.features) {
      if (own.moves.length === 0 || state.moves.some(({ feature }) => feature === own.feature))
        continue;
      if (!account.spend(landscape.price(own))) return [...next.values()];
      for (const one of bestMoves(state, own, landscape.profile(changed, own)))
        next.set(one.moves.map(({ feature, value }) => `${feature}:${value}`).join(), one);
    }
  }
  return [...next.values()];
}

function bestMoves(state: State, own: FeatureMoves, gaps: Float64Array): State[] {
  const states = own.moves.map((move, i) => ({
    moves: [...state.moves, move].sort((a, b) => a.feature - b.feature),
    gap: gaps[i] ?? NaN,
    distance: state.distance + move.distance,
  }));
  const closest = states.reduce((best, one) => (one.gap < best.gap ? one : best));
  const before = Number.isFinite(state.gap) ? state.gap : Math.max(...gaps);
  const thrift = (one: State): number => (before - one.gap) / one.distance;
  const thriftiest = states.reduce((best, one) => (thrift(one) > thrift(best) ? one : best));
  return closest === thriftiest ? [closest] : [closest, thriftiest];
}

/** Those that reach the goal, or would once a constraint's move is added, and the rest. */
function parted(
  { landscape }: Quest,
  states: readonly State[],
): { closed: State[]; open: State[] } {
  const closed: State[] = [];
  const open: State[] = [];
  for (const state of states)
    (isClosed(landscape, state.gap, () => moved(landscape.row, state.moves)) ? closed : open).push(
      state,
    );
  return { closed, open };
}

function promising(states: readonly State[]): State[] {
  const closest = [...states].sort((a, b) => a.gap - b.gap || a.distance - b.distance);
  const thriftiest = closest
    .slice(CLOSEST)
    .sort((a, b) => a.distance - b.distance || a.gap - b.gap);
  return [...closest.slice(0, CLOSEST), ...thriftiest.slice(0, THRIFTIEST)];
}
