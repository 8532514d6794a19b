import { ShowcauseError } from './errors.ts';
import { joinedRoot, leafHashInto } from './merkle.ts';
import type { HashReader, NodeCoordinate } from './tree.ts';

/** Hashes of a full tile, entries of a full bundle. */
export const TILE_WIDTH = 256;
const MAX_LEVEL = 63;
const MAX_ENTRY = 65_535;

/** A resource of c2sp.org/tlog-tiles: a hash tile, or a bundle of entries. */
export interface TileCoordinate {
  /** 0 to 63; an item of level L is the root of 256^L leaves */
  level: number | 'entries';
  index: number;
  /** 1 to 256; below 256 it is a partial tile */
  width: number;
}

/** `tile/<L>/<N>[.p/<W>]`, without a leading slash: index 1234067 is written `x001/x234/067`. */
export function tilePath(tile: TileCoordinate): string {
  const { level, index, width } = tile;
  if (!isTile(tile)) throw new RangeError(`got tile ${level}/${index} of width ${width}`);
  let rest = Math.floor(index / 1000);
  let path = threeDigits(index % 1000);
  for (; rest > 0; rest = Math.floor(rest / 1000)) path = `x${threeDigits(rest % 1000)}/${path}`;
  return `tile/${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

const pathGrammar =
  /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/;

/** The one spelling of each path. @throws {ShowcauseError} `TILE_PATH` */
export function parseTilePath(path: string): TileCoordinate {
  const [, level, index, width] = pathGrammar.exec(path) ?? [];
  const tile: TileCoordinate = {
    level: level === 'entries' ? level : Number(level),
    index: Number(index?.replace(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  // What was asked for is not repeated: an address may hold anything.
  if (!isTile(tile) || tilePath(tile) !== path)
    throw new ShowcauseError('TILE_PATH', { got: `${path.length} other characters` });
  return tile;
}

function isTile({ level, index, width }: TileCoordinate): boolean {
  const within = (n: number, least: number, most: number): boolean =>
    Number.isSafeInteger(n) && least <= n && n <= most;
  return (
    (level === 'entries' || within(level, 0, MAX_LEVEL)) &&
    within(index, 0, Number.MAX_SAFE_INTEGER) &&
    within(width, 1, TILE_WIDTH)
  );
}

function threeDigits(n: number): string {
  return String(n).padStart(3, '0');
}

/**
 * The hash tiles that growth from `oldSize` to `size` leaves makes or widens, each with the width it has at `size`.
 * By level, then index.
 */
export function newTiles(oldSize: number, size: number): TileCoordinate[] {
  checkGrowth(oldSize, size);
  const tiles: TileCoordinate[] = [];
  let [before, now] = [oldSize, size];
  for (let level = 0; now > before; level++) {
    tiles.push(...widened(level, before, now));
    before = Math.floor(before / TILE_WIDTH);
    now = Math.floor(now / TILE_WIDTH);
  }
  return tiles;
}

/** The entry bundles that growth from `oldSize` to `size` entries makes or widens. */
export function entryBundles(oldSize: number, size: number): TileCoordinate[] {
  checkGrowth(oldSize, size);
  return widened('entries', oldSize, size);
}

function widened(level: number | 'entries', before: number, now: number): TileCoordinate[] {
  const tiles: TileCoordinate[] = [];
  if (now === before) return tiles;
  for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < now; index++)
    tiles.push({ level, index, width: Math.min(TILE_WIDTH, now - index * TILE_WIDTH) });
  return tiles;
}

function checkGrowth(oldSize: number, size: number): void {
  if (!(
    Number.isSafeInteger(oldSize) &&
    Number.isSafeInteger(size) &&
    0 <= oldSize &&
    oldSize <= size
  ))
    throw new ShowcauseError('TREE_RANGE', { got: `sizes ${oldSize} and ${size}` });
}

/**
 * Each entry behind its length as a big-endian u16.
 * @param entries  1 to 256, each at most 65,535 bytes
 * @throws {ShowcauseError} `ENTRY_SIZE`
 */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length < 1 || entries.length > TILE_WIDTH)
    throw new RangeError(`got ${entries.length} entries, want 1 to ${TILE_WIDTH}`);
  let length = 0;
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY)
      throw new ShowcauseError('ENTRY_SIZE', {
        got: `${entry.length} bytes`,
        want: `at most ${MAX_ENTRY}`,
      });
    length += 2 + entry.length;
  }
  const bundle = new Uint8Array(length);
  let at = 0;
  for (const entry of entries) {
    bundle[at] = entry.length >> 8;
    bundle[at + 1] = entry.length & 255;
    bundle.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bundle;
}

/**
 * The entries of a bundle: views of `bytes`, not copies.
 * @param width  entries wanted, 1 to 256
 * @throws {ShowcauseError} `TILE_BYTES` unless it holds exactly that many and nothing else
 */
export function decodeEntryBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at + 2 <= bytes.length && entries.length < width) {
    const start = at + 2;
    const end = start + bytes[at]! * 256 + bytes[at + 1]!;
    if (end > bytes.length) break;
    entries.push(bytes.subarray(start, end));
    at = end;
  }
  if (entries.length !== width || at !== bytes.length)
    throw new ShowcauseError('TILE_BYTES', {
      got: `${entries.length} whole entries and ${bytes.length - at} bytes after them`,
      want: `exactly ${width} entries`,
    });
  return entries;
}

/**
 * Leaf hashes of the entries of a bundle, one after the other, as a tile of level 0 holds them.
 * @throws {ShowcauseError} as {@link decodeEntryBundle}
 */
export function bundleHashes(bytes: Uint8Array, width: number): Uint8Array {
  const hashes = new Uint8Array(32 * width);
  decodeEntryBundle(bytes, width).forEach((entry, i) => leafHashInto(entry, hashes, 32 * i));
  return hashes;
}

/**
 * Reads tree nodes out of the tiles of a log of `size` leaves; each tile is fetched once. The tiles are not trusted:
 * what is computed from them must be compared with a signed root.
 *
 * @param fetch  bytes of a hash tile of exactly the given width
 * @throws {ShowcauseError} from the reader: `TREE_RANGE` for a node outside the tree; `TILE_BYTES` for a tile of
 *   another length
 */
export function tileHashReader(
  size: number,
  fetch: (tile: TileCoordinate) => Promise<Uint8Array>,
): HashReader {
  return async (nodes) => {
    const places = nodes.map((node) => placeOf(node, size));
    const tiles = new Map<string, Promise<Uint8Array>>();
    for (const { tile } of places) {
      const path = tilePath(tile);
      if (!tiles.has(path)) tiles.set(path, fetchTile(tile, fetch));
    }
    const fetched = await Promise.all(places.map(({ tile }) => tiles.get(tilePath(tile))!));
    return places.map(({ first, count }, i) =>
      joinedRoot(fetched[i]!.subarray(32 * first, 32 * (first + count))),
    );
  };
}

async function fetchTile(
  tile: TileCoordinate,
  fetch: (tile: TileCoordinate) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const bytes = await fetch(tile);
  if (bytes.length !== 32 * tile.width)
    throw new ShowcauseError('TILE_BYTES', {
      got: `${bytes.length} bytes for ${tilePath(tile)}`,
      want: `${32 * tile.width}`,
    });
  return bytes;
}

/** The tile that holds a node, or the `count` items from `first` on that it is the root of. */
function placeOf(
  { level, index }: NodeCoordinate,
  size: number,
): { tile: TileCoordinate; first: number; count: number } {
  const valid =
    Number.isSafeInteger(level) &&
    0 <= level &&
    level <= 52 &&
    Number.isSafeInteger(index) &&
    0 <= index;
  if (!valid || index >= Math.floor(size / 2 ** level))
    throw new ShowcauseError('TREE_RANGE', { got: `node ${level}/${index}, size ${size}` });
  const count = 2 ** (level % 8);
  const tileLevel = Math.floor(level / 8);
  const item = index * count;
  const tileIndex = Math.floor(item / TILE_WIDTH);
  const items = Math.floor(size / TILE_WIDTH ** tileLevel);
  const width = Math.min(TILE_WIDTH, items - tileIndex * TILE_WIDTH);
  return { tile: { level: tileLevel, index: tileIndex, width }, first: item % TILE_WIDTH, count };
}
