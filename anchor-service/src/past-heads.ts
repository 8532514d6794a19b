import {
  CodedError,
  TILE_WIDTH,
  TreeFrontier,
  equalBytes,
  leafHash,
  peakCoordinates,
  tileHashReader,
  tilePath,
  toHex,
} from '@showcause/core';
import type { Hash, HashReader } from '@showcause/core';
import { ServiceError } from './errors.ts';
import type { Head, LogFiles, Store } from './ports.ts';

interface Places {
  store: Pick<Store, 'head' | 'leaves'>;
  files: Pick<LogFiles, 'read'>;
}

type PastHead = Pick<Head, 'size'> & { root: Hash };

/** Leaves that are read from the store at a time. */
const CHUNK = 64 * TILE_WIDTH;
const HASH_BYTES = 32;

/**
 * A head of the past must be one of this store's. Where its tiles are published, the leaves behind it show that; else, or where they do
 * not, all leaves before it are hashed again.
 * @throws {ServiceError} `PUBLISH_ROLLBACK`, `PUBLISH_FORK`
 */
export async function checkPast({ store, files }: Places, past: PastHead): Promise<void> {
  const { size, peaks } = await store.head();
  if (past.size > size)
    throw new ServiceError('PUBLISH_ROLLBACK', {
      got: `a store of size ${size}`,
      want: `at least ${past.size}`,
    });
  const root = TreeFrontier.from(size, peaks).root();
  if (past.size < size && (await continues({ store, files }, past, { size, root }))) return;
  const there = past.size === size ? root : await storedRoot(store, past.size);
  if (!equalBytes(there, past.root))
    throw new ServiceError('PUBLISH_FORK', {
      got: `another root at size ${past.size}`,
      want: toHex(past.root),
    });
}

/** Whether the past tree, as it is published, and the store's leaves behind it give the store's head. */
async function continues(
  { store, files }: Places,
  past: PastHead,
  head: PastHead,
): Promise<boolean> {
  const frontier = await publishedFrontier(files, past);
  if (frontier === null) return false;
  await appendStored(frontier, store, head.size);
  return equalBytes(frontier.root(), head.root);
}

/** The right edge of a published tree, when its tiles are whole and give its root. */
async function publishedFrontier(
  files: Places['files'],
  { size, root }: PastHead,
): Promise<TreeFrontier | null> {
  if (size === 0) return null;
  try {
    const peaks = await publishedHashes(files, size)(peakCoordinates(size));
    const frontier = TreeFrontier.from(size, peaks);
    return equalBytes(frontier.root(), root) ? frontier : null;
  } catch (error) {
    if (error instanceof CodedError && error.code === 'TILE_BYTES') return null;
    throw error;
  }
}

/** The tree of `size` leaves, from a published one and the stored entries behind it. @param past  null: the empty tree */
export async function frontierAt(
  { store, files }: { store: Pick<Store, 'leaves'>; files: Places['files'] },
  past: PastHead | null,
  size: number,
): Promise<TreeFrontier> {
  const published = past === null ? null : await publishedFrontier(files, past);
  const frontier = published ?? TreeFrontier.empty();
  await appendStored(frontier, store, size);
  return frontier;
}

/** Root of the first `size` leaves, recomputed from the stored entries. */
export async function storedRoot(store: Pick<Store, 'leaves'>, size: number): Promise<Hash> {
  const frontier = TreeFrontier.empty();
  await appendStored(frontier, store, size);
  return frontier.root();
}

async function appendStored(
  frontier: TreeFrontier,
  store: Pick<Store, 'leaves'>,
  size: number,
): Promise<void> {
  while (frontier.size < size) {
    const leaves = await store.leaves(frontier.size, Math.min(CHUNK, size - frontier.size));
    if (leaves.length === 0)
      throw new ServiceError('STORE_FAILED', { got: `no leaf ${frontier.size}` });
    for (const { entry } of leaves) frontier.append(leafHash(entry));
  }
}

/** Hashes of the published tree, from its tiles; a partial tile that is gone is cut from the full one. */
export function publishedHashes(files: Pick<LogFiles, 'read'>, size: number): HashReader {
  return tileHashReader(size, async (tile) => {
    const partial = await files.read(tilePath(tile));
    if (partial !== null || tile.width === TILE_WIDTH) return partial ?? new Uint8Array(0);
    const full = await files.read(tilePath({ ...tile, width: TILE_WIDTH }));
    return full?.subarray(0, HASH_BYTES * tile.width) ?? new Uint8Array(0);
  });
}
