import type { Account } from './account.ts';
import { cornersMeet, isClosed, pointBox, pointSide } from './landscape.ts';
import type { Box, Landscape, Side } from './landscape.ts';
import { moved } from './move.ts';
import type { FeatureMoves, Move } from './move.ts';

/** Cells that a box may be made of; a larger one stays as it is. */
const MOST_CELLS = 4_096;

/** One change with the cells that it may have. */
interface Extent {
  readonly own: FeatureMoves;
  readonly move: Move;
  /** cells on the same side of the row's own value, by rank; categories in their order */
  readonly cells: readonly Move[];
  first: number;
  last: number;
  /** further categories that do as well */
  readonly also: Move[];
}

/**
 * Grows the cell of each change by its neighbours, one at a time and all changes in turn, as long as every cell of the
 * box reaches the goal. The model is constant on a cell, so the box is proven, and its corners are asked once more. What
 * the account does not allow is not grown.
 */
export function widenCells(landscape: Landscape, moves: readonly Move[], account: Account): Box {
  const within: Within = { landscape, account };
  const extents = moves.map((move) => extentOf(landscape, move));
  let isGrowing = true;
  while (isGrowing) {
    isGrowing = false;
    for (const extent of extents)
      for (const step of [1, -1] as const)
        if (grow(within, extents, extent, step)) isGrowing = true;
  }
  const sides = extents.map(sideOf);
  return cornersMeet(landscape, sides, account) ? { sides, proven: true } : pointBox(moves);
}

function extentOf({ features }: Landscape, move: Move): Extent {
  const own = features.find(({ feature }) => feature === move.feature) as FeatureMoves;
  const cells = own.moves
    .filter(({ direction, rank }) => direction === move.direction && rank >= 0 === move.rank >= 0)
    .sort((a, b) => a.rank - b.rank || a.value - b.value);
  const place = cells.indexOf(move);
  return { own, move, cells, first: place, last: place, also: [] };
}

/** The row and what may still be spent on it. */
interface Within {
  readonly landscape: Landscape;
  readonly account: Account;
}

function grow(within: Within, extents: readonly Extent[], extent: Extent, step: 1 | -1): boolean {
  const place = step === 1 ? extent.last + 1 : extent.first - 1;
  const added = extent.cells[place];
  if (added === undefined) return false;
  const isRanked = added.rank >= 0;
  const reaches = reachesWith(within, extents, extent, added);
  if (!reaches && isRanked) return false;
  // Categories have no order: one that does not do is passed over.
  if (!isRanked && reaches) extent.also.push(added);
  if (step === 1) extent.last++;
  else extent.first--;
  return true;
}

/** Whether all cells of the box that have `added` for one change reach the goal. */
function reachesWith(
  within: Within,
  extents: readonly Extent[],
  extent: Extent,
  added: Move,
): boolean {
  const others = extents.filter((other) => other !== extent);
  const cells = others.reduce((product, other) => product * included(other).length, 1);
  if (cells > MOST_CELLS) return false;
  return every(within, moved(within.landscape.row, [added]), others);
}

function every(within: Within, row: Float64Array, rest: readonly Extent[]): boolean {
  const { account, landscape } = within;
  const [next, ...further] = rest;
  if (next === undefined) return account.spend(1) && landscape.ask(row).isMet;
  const cells = included(next);
  if (further.length > 0) return cells.every((move) => every(within, moved(row, [move]), further));
  if (!account.spend(landscape.price(next.own))) return false;
  const gaps = landscape.profile(row, { ...next.own, moves: cells });
  return cells.every((move, i) => isClosed(landscape, gaps[i] ?? NaN, () => moved(row, [move])));
}

function included({ also, cells, first, last, move }: Extent): readonly Move[] {
  return move.rank >= 0 ? cells.slice(first, last + 1) : [move, ...also];
}

function sideOf(extent: Extent): Side {
  const { also, cells, first, last, move } = extent;
  if (move.rank < 0)
    return {
      ...pointSide(move),
      oneOf: [move, ...also].map(({ value }) => value).sort((a, b) => a - b),
    };
  const low = cells[first]?.low ?? move.value;
  const high = cells[last]?.high ?? move.value;
  return { move, low, high, oneOf: null };
}
