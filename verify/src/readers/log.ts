import {
  ShowcauseError,
  TILE_WIDTH,
  TreeFrontier,
  decodeEntryBundle,
  equalBytes,
  formatTlogProof,
  parseAnchorEvidence,
  parseEntry,
  parseEntryOf,
  parseJson,
  producerKeyId,
  proveConsistency,
  proveInclusion,
  tileHashReader,
  fromHex,
  fromUtf8,
  toHex,
} from '@showcause/core';
import type { AnchorEvidence, EntryOf, Hash } from '@showcause/core';
import { directoryLog, httpLog } from '@showcause/core/node';
import type { LogReader } from '@showcause/core/node';
import { CouldNotCheck } from '../errors.ts';
import type { LogAuditor } from '../log/auditor.ts';
import type { LoggedAnchorage } from '../log-contracts.ts';
import { TileMaker } from '../log/tiles.ts';
import type { ExpectedTile } from '../log/tiles.ts';

/** Whether a log is served, rather than a folder. */
export function isAddress(where: string): boolean {
  return /^https?:\/\//.test(where);
}

/** A published log by folder or address. @param token of a reader, for a log that is not public */
export function openLog(where: string, token?: string): LogReader {
  if (!isAddress(where)) return directoryLog(where);
  try {
    return httpLog(where, token === undefined ? {} : { token });
  } catch (error) {
    throw new CouldNotCheck('LOG_FETCH', error instanceof Error ? error.message : 'no address');
  }
}

/** Every entry in order, bundle by bundle. @throws {ShowcauseError} `LOG_FETCH`, `TILE_BYTES` */
export async function* logEntries(log: LogReader, size: number): AsyncGenerator<Uint8Array> {
  // One bundle after the other: a size that is a lie costs nothing until it is served.
  for (let index = 0; index * TILE_WIDTH < size; index++) {
    const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
    yield* decodeEntryBundle(await log.tile({ level: 'entries', index, width }), width);
  }
}

/**
 * Feeds a whole log to an auditor, and compares the hash tiles that it serves.
 * @param progress  told the number of entries now and then
 */
export async function auditLog(
  log: LogReader,
  auditor: LogAuditor,
  progress?: (entries: number) => void,
): Promise<void> {
  const size = auditor.size;
  if (size === null) return;
  const tiles = new TileMaker();
  let index = 0;
  try {
    for await (const entry of logEntries(log, size)) {
      auditor.add(index, entry);
      for (const tile of tiles.append(auditor.lastLeaf)) await compareTile(log, auditor, tile);
      index++;
      if (index % 10_000 === 0) progress?.(index);
    }
    for (const tile of tiles.rest()) await compareTile(log, auditor, tile);
  } catch (error) {
    if (!(error instanceof ShowcauseError)) throw error;
    auditor.unreadable({
      code: error.code,
      detail: `after ${index} entries: ${error.got}`,
      refutes: error.code !== 'LOG_FETCH',
    });
  }
}

async function compareTile(
  log: LogReader,
  auditor: LogAuditor,
  expected: ExpectedTile,
): Promise<void> {
  try {
    auditor.tile(expected, await log.tile(expected.tile));
  } catch (error) {
    if (!(error instanceof ShowcauseError)) throw error;
    auditor.tile(expected, error.code === 'LOG_FETCH' ? null : new Uint8Array(0));
  }
}

/** Consistency proof between two sizes of a log, computed from the tiles it serves. Null when it cannot give one. */
export async function consistencyProof(
  log: LogReader,
  oldSize: number,
  size: number,
): Promise<Hash[] | null> {
  if (oldSize === size) return [];
  if (oldSize < 1 || oldSize > size) return null;
  try {
    return await proveConsistency(
      oldSize,
      size,
      tileHashReader(size, (tile) => log.tile(tile)),
    );
  } catch (error) {
    if (error instanceof ShowcauseError) return null;
    throw error;
  }
}

/**
 * Looks for a leaf in every hash tile of the lowest level, which are open to all.
 * @returns its index or null, and the root that all the leaves give
 * @throws {ShowcauseError} `LOG_FETCH`, `TILE_BYTES`
 */
export async function findLeaf(
  log: LogReader,
  size: number,
  leaf: Hash,
): Promise<{ index: number | null; root: Hash }> {
  const tree = TreeFrontier.empty();
  let found: number | null = null;
  for (let index = 0; index * TILE_WIDTH < size; index++) {
    const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
    const bytes = await log.tile({ level: 0, index, width });
    for (let item = 0; item < width; item++) {
      const hash = bytes.slice(32 * item, 32 * item + 32);
      if (found === null && equalBytes(hash, leaf)) found = tree.size;
      tree.append(hash);
    }
  }
  return { index: found, root: tree.root() };
}

/** A c2sp.org/tlog-proof computed from the tiles that a log serves. @throws {ShowcauseError} */
export async function inclusionProof(
  log: LogReader,
  index: number,
  head: { checkpoint: Uint8Array; size: number },
): Promise<string> {
  const read = tileHashReader(head.size, (tile) => log.tile(tile));
  const hashes = await proveInclusion(index, head.size, read);
  return formatTlogProof({ index, hashes, checkpoint: head.checkpoint });
}

/** Inclusion path of entry 0, computed from the tiles that a log serves; null when it cannot give one. */
export function genesisPath(log: LogReader, size: number): Promise<Hash[] | null> {
  // From the tree of size 1 a consistency proof is that path.
  return consistencyProof(log, 1, size);
}

/** The newest anchor that the log publishes; null when there is none. @throws {CouldNotCheck} when it cannot be read */
export async function latestAnchor(log: LogReader): Promise<AnchorEvidence | null> {
  const bytes = await log.file('anchors/latest.json');
  return bytes === null ? null : parseAnchorEvidence(parseJson(fromUtf8(bytes)));
}

/** Exact bytes of entry 0. */
export async function genesisOf(log: LogReader, size: number): Promise<Uint8Array> {
  for await (const entry of logEntries(log, Math.min(size, 256))) return entry;
  throw new CouldNotCheck('VERIFY_MISSING', 'the log is empty');
}

/** The `anchorage` entries of a log with what shows their place under its head. @throws {ShowcauseError} `LOG_FETCH`, `TILE_BYTES` */
export async function anchoragesOf(log: LogReader, size: number): Promise<LoggedAnchorage[]> {
  const found: LoggedAnchorage[] = [];
  const read = tileHashReader(size, (tile) => log.tile(tile));
  let index = -1;
  for await (const bytes of logEntries(log, size)) {
    index++;
    const entry = anchorageIn(bytes);
    if (entry === null) continue;
    const path = await proveInclusion(index, size, read);
    const { succession } = entry;
    const handover =
      succession === null ? null : await consistencyProof(log, succession.first.size, size);
    found.push({ index, bytes, path, handover });
  }
  return found;
}

/** Canonical JSON spells a member in one way: whatever does not hold it is not parsed. */
function anchorageIn(bytes: Uint8Array): EntryOf<'anchorage'> | null {
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes('"type":"anchorage"'))
    return null;
  try {
    return parseEntryOf('anchorage', bytes);
  } catch {
    return null; // `verify log` reports what is malformed
  }
}

/** The `key` entry that registers a key, looked for from the beginning; null when none is found. */
export async function findKeyEntry(
  log: LogReader,
  size: number,
  keyId: Uint8Array,
): Promise<Uint8Array | null> {
  const wanted = toHex(keyId);
  for await (const bytes of logEntries(log, size)) {
    let parsed;
    try {
      parsed = parseEntry(bytes);
    } catch {
      continue; // `verify log` reports what is malformed
    }
    if (parsed.kind !== 'known' || parsed.entry.type !== 'key' || parsed.entry.action !== 'add')
      continue;
    if (toHex(producerKeyId(fromHex(parsed.entry.key, 64))) === wanted) return bytes;
  }
  return null;
}
