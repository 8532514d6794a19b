import { TILE_WIDTH, tilePath } from '@showcause/core';
import type { Hash, TileCoordinate } from '@showcause/core';
import { MAX_BUNDLE_BYTES } from './bundle.ts';
import type { StoredFile, StoredLog } from './ports.ts';

export const HASH_BYTES = 32;
/** A byte more than a full tile tells trailing ones from a whole file. */
const MAX_TILE_BYTES = 64 * 1024;

/** A tile as stored, at the path it was found at: the full one stands in for a partial one that is gone. */
export interface StoredTile {
  path: string;
  file: StoredFile;
}

export async function readTile(log: StoredLog, tile: TileCoordinate): Promise<StoredTile> {
  const most = tile.level === 'entries' ? MAX_BUNDLE_BYTES : MAX_TILE_BYTES;
  const path = tilePath(tile);
  const file = await log.read(path, most);
  if (file.state !== 'missing' || tile.width === TILE_WIDTH) return { path, file };
  const full = tilePath({ ...tile, width: TILE_WIDTH });
  const standIn = await log.read(full, most);
  return standIn.state === 'missing' ? { path, file } : { path: full, file: standIn };
}

/** The first `width` hashes of a stored hash tile of exactly its width; null when it is anything else. */
export function hashesIn({ path, file }: StoredTile, tile: TileCoordinate): Uint8Array | null {
  if (file.state !== 'bytes') return null;
  const stored = path === tilePath(tile) ? tile.width : TILE_WIDTH;
  if (file.bytes.length !== HASH_BYTES * stored) return null;
  return file.bytes.subarray(0, HASH_BYTES * tile.width);
}

export function splitHashes(bytes: Uint8Array): Hash[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.subarray(HASH_BYTES * i, HASH_BYTES * (i + 1)),
  );
}

/** The first item that differs between two tiles, over the shorter one; -1 when none does. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return Math.floor(at / HASH_BYTES);
  return -1;
}
