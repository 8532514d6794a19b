import type { Found, Quest } from './account.ts';
import { holds } from './constraints.ts';
import { isClosed } from './landscape.ts';
import { moved } from './move.ts';
import type { FeatureMoves, Move } from './move.ts';

/** What changing one feature alone does. */
export interface Alone {
  readonly own: FeatureMoves;
  /** per move: whether it reaches the goal and holds the constraints */
  readonly reaches: readonly boolean[];
}

export interface Exhausted {
  readonly found: readonly Found[];
  /** number of changed features up to which nothing was left out */
  readonly radius: number;
}

/**
 * The nearest option of each feature and, where those are too few, of each pair of features of which neither would do
 * alone at that value. All cells are looked at, or as many pairs as the budget allows.
 */
export function exhaust(quest: Quest): Exhausted {
  const { bounds, landscape } = quest;
  const alone: Alone[] = [];
  for (const own of landscape.features.filter(({ moves }) => moves.length > 0)) {
    if (!quest.account.spend(landscape.price(own))) return { found: singles(alone), radius: 0 };
    alone.push({ own, reaches: reachesAlone(quest, own) });
  }
  const found = singles(alone);
  if (found.length >= bounds.options || bounds.changes < 2) return { found, radius: 1 };
  const pairs: Found[] = [];
  for (const [i, a] of alone.entries())
    for (const b of alone.slice(i + 1)) {
      const price = landscape.price(a.own) * landscape.price(b.own);
      if (!quest.account.spend(price)) return { found: [...found, ...pairs], radius: 1 };
      const pair = nearestPair(quest, a, b);
      if (pair !== null) pairs.push(pair);
    }
  return { found: [...found, ...pairs], radius: 2 };
}

function reachesAlone({ constraints, landscape }: Quest, own: FeatureMoves): boolean[] {
  const gaps = landscape.profile(landscape.row, own);
  return own.moves.map(
    (move, i) =>
      isClosed(landscape, gaps[i] ?? NaN, () => moved(landscape.row, [move])) &&
      holds(constraints, [move]),
  );
}

function singles(alone: readonly Alone[]): Found[] {
  return alone.flatMap(({ own, reaches }) => {
    const first = own.moves[reaches.indexOf(true)];
    return first === undefined ? [] : [{ moves: [first], distance: first.distance }];
  });
}

/** Moves are sorted by distance: what lies beyond the best so far is not looked at. */
function nearestPair({ constraints, landscape }: Quest, a: Alone, b: Alone): Found | null {
  const gaps = gapsOf(landscape, a.own, b.own);
  const width = b.own.moves.length;
  let best: Found | null = null;
  for (const [i, first] of a.own.moves.entries()) {
    if (a.reaches[i] === true) continue;
    for (let j = 0; j < width; j++) {
      const second = b.own.moves[j] as Move;
      const distance = first.distance + second.distance;
      if (best !== null && distance >= best.distance) break;
      const gap = gaps[i * width + j] ?? NaN;
      if (gap > landscape.band || b.reaches[j] === true) continue;
      const moves = [first, second];
      if (!holds(constraints, moves)) continue;
      if (isClosed(landscape, gap, () => moved(landscape.row, moves))) best = { moves, distance };
    }
  }
  return best;
}

function gapsOf(
  { plane, profile, row }: Quest['landscape'],
  a: FeatureMoves,
  b: FeatureMoves,
): Float64Array {
  if (plane !== null) return plane(a, b);
  const gaps = new Float64Array(a.moves.length * b.moves.length);
  a.moves.forEach((move, i) => gaps.set(profile(moved(row, [move]), b), i * b.moves.length));
  return gaps;
}
