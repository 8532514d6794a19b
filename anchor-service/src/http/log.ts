import {
  formatTlogProof,
  parseTilePath,
  proveConsistency,
  proveInclusion,
  rootAt,
  tilePath,
} from '@showcause/core';
import type { Hash } from '@showcause/core';
import { ServiceError } from '../errors.ts';
import type { Leaf, LogFiles, SignedCheckpoint, StoreReader } from '../ports.ts';
import { publishedHashes } from '../past-heads.ts';

/** What the HTTP API reads: committed rows that are published, and published files. Nothing here can write. */
export interface PublicLog {
  store: Omit<StoreReader, 'quarantineCounts' | 'quarantinedBytes' | 'close'>;
  files: Pick<LogFiles, 'read' | 'stat' | 'open'>;
  /** The newest checkpoint that is served; null before the first. */
  published(): SignedCheckpoint | null;
}

export interface InclusionAnswer {
  index: number;
  size: number;
  root: Hash;
  leaf: Hash;
  hashes: readonly Hash[];
  /** the signed note of exactly this size, where the log signed one */
  checkpoint: Uint8Array | null;
}

export function publishedSize(log: PublicLog): number {
  return log.published()?.size ?? 0;
}

/** @throws {ServiceError} `NOT_PUBLISHED` */
export async function publishedLeaf(log: PublicLog, index: number): Promise<Leaf> {
  const [leaf] = index < publishedSize(log) ? await log.store.leaves(index, 1) : [];
  if (leaf === undefined) throw new ServiceError('NOT_PUBLISHED', { got: `index ${index}` });
  return leaf;
}

/** @throws {ServiceError} `NOT_PUBLISHED`, `REQUEST_MALFORMED` */
export async function inclusionOf(
  log: PublicLog,
  index: number,
  askedSize: number | null,
): Promise<InclusionAnswer> {
  const size = checkedSize(log, askedSize);
  if (index >= size)
    throw new ServiceError('NOT_PUBLISHED', { got: `index ${index} in size ${size}` });
  const read = publishedHashes(log.files, publishedSize(log));
  const [leaf, hashes, checkpoint] = await Promise.all([
    publishedLeaf(log, index),
    proveInclusion(index, size, read),
    checkpointAt(log, size),
  ]);
  return { index, size, root: await rootOf(log, size), leaf: leaf.hash, hashes, checkpoint };
}

/** c2sp.org/tlog-proof text. @throws {ServiceError} `NOT_PUBLISHED` when no checkpoint of this size was signed */
export function tlogProofOf({ index, hashes, checkpoint, size }: InclusionAnswer): string {
  if (checkpoint === null)
    throw new ServiceError('NOT_PUBLISHED', { got: `no checkpoint of size ${size}` });
  return formatTlogProof({ index, hashes: [...hashes], checkpoint });
}

/** @throws {ServiceError} `NOT_PUBLISHED`, `REQUEST_MALFORMED` */
export async function consistencyOf(
  log: PublicLog,
  oldSize: number,
  askedSize: number | null,
): Promise<{ oldSize: number; size: number; hashes: readonly Hash[] }> {
  const size = checkedSize(log, askedSize);
  if (oldSize < 1 || oldSize > size)
    throw new ServiceError('REQUEST_MALFORMED', { got: `old=${oldSize}`, want: `1 to ${size}` });
  const read = publishedHashes(log.files, publishedSize(log));
  return { oldSize, size, hashes: await proveConsistency(oldSize, size, read) };
}

/** The one spelling of a tile's C2SP path. @throws {CodedError} `TILE_PATH` */
export function tilePathOf(path: string): string {
  return tilePath(parseTilePath(path));
}

async function checkpointAt(log: PublicLog, size: number): Promise<Uint8Array | null> {
  const published = log.published();
  if (published?.size === size) return published.note;
  return (await log.store.checkpointOf(size))?.note ?? null;
}

async function rootOf(log: PublicLog, size: number): Promise<Hash> {
  return rootAt(size, publishedHashes(log.files, publishedSize(log)));
}

function checkedSize(log: PublicLog, asked: number | null): number {
  const most = publishedSize(log);
  const size = asked ?? most;
  if (size < 1 || size > most)
    throw new ServiceError('NOT_PUBLISHED', { got: `size ${size}`, want: `1 to ${most}` });
  return size;
}
