import { TILE_WIDTH, parseTilePath } from '@showcause/core';
import type { TileCoordinate } from '@showcause/core';

/** What a name below the root of a published log stands for. */
export type Place =
  | { kind: 'checkpoint' | 'mark' | 'temporary' | 'foreign' }
  | { kind: 'tile'; tile: TileCoordinate }
  | { kind: 'anchor'; size: number | 'latest' };

export const CHECKPOINT = 'checkpoint';
export const MARK = 'signed.json';
export const LATEST_ANCHOR = 'anchors/latest.json';

/** Names of files that durable writes rename away: a random part and `.tmp`. */
const TEMPORARY = /(^|[./])[0-9a-f]{12}\.tmp$/;
const ANCHOR = /^anchors\/(latest|0|[1-9][0-9]{0,15})\.json$/;
const FOLDER = /^(anchors|tile|tile\/(entries|0|[1-9][0-9]?)(\/x[0-9]{3}){0,5}(\/[0-9]{3}\.p)?)$/;

export function placeOf(path: string): Place {
  if (path === CHECKPOINT) return { kind: 'checkpoint' };
  if (path === MARK) return { kind: 'mark' };
  if (TEMPORARY.test(path)) return { kind: 'temporary' };
  const anchor = ANCHOR.exec(path)?.[1];
  if (anchor !== undefined)
    return { kind: 'anchor', size: anchor === 'latest' ? anchor : Number(anchor) };
  try {
    const tile = parseTilePath(path);
    return canBe(tile) ? { kind: 'tile', tile } : { kind: 'foreign' };
  } catch {
    return { kind: 'foreign' };
  }
}

/** Whether a published log may have this folder. */
export function isLogFolder(path: string): boolean {
  return FOLDER.test(path);
}

/** Items at a level of a tree of `size` leaves. */
export function itemsAt(level: number | 'entries', size: number): number {
  return level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level);
}

/** Width that a tile has at this size: 0 when the tree does not reach it. */
export function widthAt({ level, index }: Omit<TileCoordinate, 'width'>, size: number): number {
  return Math.max(0, Math.min(TILE_WIDTH, itemsAt(level, size) - index * TILE_WIDTH));
}

/** Whether any tree has this tile: sizes end below 2^53. */
function canBe({ level, index, width }: TileCoordinate): boolean {
  const items = itemsAt(level, Number.MAX_SAFE_INTEGER);
  return index <= Math.floor(items / TILE_WIDTH) && index * TILE_WIDTH + width <= items;
}
