import {
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  claimSchemaOf,
  decodeSignedPromise,
  encodeSignedPromise,
  equalBytes,
  openClaim,
  readSpoolRecord,
  spoolFileName,
  toHex,
} from '@showcause/core';
import type { JsonObject, Opening } from '@showcause/core';
import { claimsOf } from '../record/claim-tree.ts';
import type { IndexRecord } from '../spool/decision-index.ts';
import type { Disk } from '../spool/disk.ts';
import { BatchTree } from './batch.ts';
import type { SealingConfig } from './config.ts';
import { openEntry, readMessage, sealedEntryOf } from './open-entry.ts';
import type { SealedEntry } from './open-entry.ts';

/** One entry about a decision, opened, with what shows that it was promised. */
export interface ReadEntry {
  type: SealedEntry['type'];
  /** RFC 3339, whole seconds */
  time: string;
  entry: Uint8Array;
  leaf: Uint8Array;
  container: JsonObject;
  claims: JsonObject;
  /** openings of all claims; null where nothing was stated, which is to be shown as well */
  openings: readonly Opening[];
  /** promise ‖ signature, 212 bytes, and the entry's place in its batch */
  promise: Uint8Array;
  index: number;
  path: readonly Uint8Array[];
}

export interface ReadDecision {
  decisionId: string;
  /** oldest first; entries whose key was destroyed or whose segment is gone are left out */
  entries: readonly ReadEntry[];
  /** how many were left out */
  erased: number;
}

/** Where keys are looked up; null for one that was destroyed. */
interface Keys {
  key(ordinal: number): Uint8Array | null;
}

type ReadContext = Pick<SealingConfig, 'spoolDir' | 'producer' | 'featureNames'>;

/** Opens all entries that the index knows of one decision. */
export function readDecision(
  disk: Disk,
  config: ReadContext,
  keys: Keys,
  records: readonly IndexRecord[],
): ReadDecision | null {
  const [first] = records;
  if (first === undefined) return null;
  const entries = records
    .map((record) => readEntry(disk, config, keys, record))
    .filter((entry) => entry !== null);
  return { decisionId: first.decisionId, entries, erased: records.length - entries.length };
}

function readEntry(
  disk: Disk,
  config: ReadContext,
  keys: Keys,
  record: IndexRecord,
): ReadEntry | null {
  const key = keys.key(record.keyOrdinal);
  if (key === null) return null;
  const path = `${config.spoolDir}/${spoolFileName({ producer: config.producer, epoch: record.epoch, firstSeq: record.firstSeq })}`;
  const batch = readBatch(disk, path, record);
  if (batch === null) return null;
  const entry = sealedEntryOf(batch.message);
  const opened = entry === null ? null : openEntry(entry, batch.message.sealed, key);
  if (entry === null || opened === null) return null;
  const schema = claimSchemaOf(entry.type)!;
  const { tree } = claimsOf(
    schema,
    opened.container,
    opened.payloadHash,
    opened.keys,
    config.featureNames,
  );
  return {
    type: entry.type,
    time: entry.time,
    entry: batch.message.entry,
    leaf: batch.leaf,
    container: opened.container,
    claims: opened.container['claims'] as JsonObject,
    openings: schema.paths.map((claim) => openClaim(tree, claim)),
    promise: batch.promise,
    index: batch.index,
    path: batch.path,
  };
}

interface Batch {
  message: { entry: Uint8Array; sealed: Uint8Array };
  leaf: Uint8Array;
  promise: Uint8Array;
  index: number;
  path: readonly Uint8Array[];
}

const WINDOW = 1024 * 1024;

/** Reads from the batch's first record to its promise. */
function readBatch(disk: Disk, path: string, record: IndexRecord): Batch | null {
  // Removed by housekeeping: the log has the entry, nobody has what was sealed any more.
  if (disk.modified(path) === null) return null;
  const leaves: string[] = [];
  let wanted: Pick<Batch, 'message' | 'leaf' | 'index'> | null = null;
  let start = record.batchOffset;
  let bytes = disk.readAt(path, start, WINDOW);
  for (let at = 0; ;) {
    const read = readSpoolRecord(bytes, at);
    if (read.kind === 'corrupt') return null;
    if (read.kind === 'end') {
      start += at;
      const more = disk.readAt(path, start, Math.max(WINDOW, bytes.length - at + read.missing));
      if (more.length <= bytes.length - at) return null;
      bytes = more;
      at = 0;
      continue;
    }
    if (read.record.type === SPOOL_MESSAGE) {
      const { message, leaf } = readMessage(read.record.bytes);
      if (read.record.seq === record.seq) wanted = { message, leaf, index: leaves.length };
      leaves.push(toHex(leaf));
    } else if (read.record.type === SPOOL_PROMISE) {
      return wanted === null ? null : batchOf(wanted, leaves, read.record.bytes);
    }
    at = read.next;
  }
}

/** A batch that damage took a leaf from proves nothing any more. */
function batchOf(
  wanted: Pick<Batch, 'message' | 'leaf' | 'index'>,
  leaves: readonly string[],
  promise: Uint8Array,
): Batch | null {
  const signed = decodeSignedPromise(promise);
  const tree = new BatchTree(leaves);
  if (leaves.length !== signed.promise.count || !equalBytes(tree.root, signed.promise.batchRoot))
    return null;
  return { ...wanted, promise: encodeSignedPromise(signed), path: tree.path(wanted.index) };
}
