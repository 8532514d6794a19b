import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Stats } from 'node:fs';
import {
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  decodeSpoolHeader,
  findSpoolRecord,
  readSpoolRecord,
} from '@showcause/core';
import type { SpoolHeader, SpoolRecord } from '@showcause/core';
import { isMissing } from '@showcause/core/node';
import { ServiceError } from '../errors.ts';
import type { SourceItem } from '../ports.ts';

/** The largest record and its head, and all that is read at once. */
const MAX_READ_BYTES = 4 * 1024 * 1024;
const MAX_HEADER_BYTES = 512;
/** The header with the longest name. */
const SHORT_HEADER_BYTES = 121 + 64 + 4;
const MAX_BROKEN_BYTES = 1024 * 1024;
/** A segment is a plain file: a pipe would never open, and a link leads out of its producer's folder. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** One file of a spool folder, and how far it was read. */
export interface Segment {
  /** `spool/<folder>/<file name>`, the folder as a hash: names are the producer's to choose, and two may choose one */
  stream: string;
  name: string;
  path: string;
  /** segments of one producer follow each other */
  producerKey: string;
  header: SpoolHeader | null;
  /** bytes before it were handed out */
  at: number;
  isDone: boolean;
  /** what it was when it was last synced; written after that, it is synced again */
  synced: { size: number; mtimeMs: number } | null;
  /** which segment was its producer's newest when a sync of this one failed */
  mistrustedWith: string | null;
  /** since when the bytes at `at` cannot be read, or were last searched in vain */
  stuckSince: number | null;
  /** it could not be read, and that was said */
  isFailing: boolean;
}

export interface Circumstances {
  isNewest: boolean;
  /** name of its producer's newest segment */
  newest: string;
  datasync: (fd: number) => void;
  now: number;
  graceMs: number;
}

/** The next items of a segment. @throws whatever the file system throws; `SOURCE_SPOOL` for what is no file */
export function readSegment(
  segment: Segment,
  maxItems: number,
  maxBytes: number,
  circumstances: Circumstances,
): SourceItem[] {
  const { isNewest, now, graceMs } = circumstances;
  const fd = openOrNull(segment.path);
  if (fd === null) return [];
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new ServiceError('SOURCE_SPOOL', { got: segment.name });
    const { size } = stat;
    if (size <= segment.at) {
      if (!isNewest) segment.isDone = true;
      return [];
    }
    syncOnce(fd, segment, stat, circumstances);
    if (segment.header === null && !readHeader(fd, segment, size)) {
      if (!isGivenUp(segment, isNewest, now, graceMs)) return [];
      segment.isDone = true;
      // Cut short while it was begun: it never held a record.
      return size < SHORT_HEADER_BYTES ? [] : [broken(segment, fd, 0, size)];
    }
    const items = readRecords(fd, segment, size, maxItems, maxBytes);
    if (items.length > 0) {
      segment.stuckSince = null;
      return items;
    }
    if (segment.at === size) {
      if (!isNewest) segment.isDone = true;
      return [];
    }
    if (!isGivenUp(segment, isNewest, now, graceMs)) return [];
    const skipped = skipDamage(fd, segment, size, circumstances);
    return skipped === null ? [] : [skipped];
  } finally {
    closeSync(fd);
  }
}

/**
 * What was synced and did not change since is durable: a segment that is read piece by piece is not synced for each.
 * After a failed sync Linux marks the lost pages clean, so that a second one would lie. Its writer begins no segment
 * any more, and whoever recovers the spool writes the tail again first: a newer segment says that the bytes are there.
 */
function syncOnce(
  fd: number,
  segment: Segment,
  { size, mtimeMs }: Stats,
  { newest, datasync }: Circumstances,
): void {
  const { synced } = segment;
  if (segment.mistrustedWith === newest) throw unsynced(segment);
  if (synced?.size === size && synced.mtimeMs === mtimeMs) return;
  try {
    datasync(fd);
  } catch (cause) {
    segment.mistrustedWith = newest;
    segment.synced = null;
    throw unsynced(segment, cause);
  }
  segment.mistrustedWith = null;
  segment.synced = { size, mtimeMs };
}

function unsynced({ name }: Segment, cause?: unknown): ServiceError {
  const got = `${name}, whose sync has failed: it is read once its producer was restarted`;
  return new ServiceError('SOURCE_SPOOL', { got, cause });
}

/** A segment that has a successor is final; the newest one may still be in the middle of a write, or be repaired. */
function isGivenUp(segment: Segment, isNewest: boolean, now: number, graceMs: number): boolean {
  if (!isNewest) return true;
  segment.stuckSince ??= now;
  return now - segment.stuckSince >= graceMs;
}

function readHeader(fd: number, segment: Segment, size: number): boolean {
  try {
    const { header, length } = decodeSpoolHeader(readAt(fd, 0, Math.min(size, MAX_HEADER_BYTES)));
    segment.header = header;
    segment.at = Math.max(segment.at, length);
    return true;
  } catch {
    return false;
  }
}

function readRecords(
  fd: number,
  segment: Segment,
  size: number,
  maxItems: number,
  maxBytes: number,
): SourceItem[] {
  const items: SourceItem[] = [];
  let want = Math.min(MAX_READ_BYTES, Math.max(maxBytes, 64 * 1024));
  for (;;) {
    const start = segment.at;
    const bytes = readAt(fd, start, Math.min(size - start, want));
    let at = 0;
    while (items.length < maxItems) {
      const read = readSpoolRecord(bytes, at);
      if (read.kind !== 'record') break;
      items.push(itemOf(segment, read.record, start + at, start + read.next));
      at = read.next;
    }
    segment.at = start + at;
    if (items.length > 0 || want >= MAX_READ_BYTES || size - start <= want) return items;
    want = MAX_READ_BYTES;
  }
}

function itemOf(segment: Segment, record: SpoolRecord, from: number, to: number): SourceItem {
  const kind =
    record.type === SPOOL_MESSAGE
      ? 'message'
      : record.type === SPOOL_PROMISE
        ? 'promise'
        : 'registration';
  const { producer, epoch } = segment.header!;
  const { bytes, seq } = record;
  return { stream: segment.stream, from, to, kind, bytes, promise: null, producer, epoch, seq };
}

/**
 * Goes on behind bytes that no record explains. In the newest segment they are a tail that its writer may finish or
 * cut off, unless a whole record stands behind them; anywhere else they are damage.
 */
function skipDamage(
  fd: number,
  segment: Segment,
  size: number,
  { isNewest, now }: Circumstances,
): SourceItem | null {
  const bytes = readAt(fd, segment.at, Math.min(size - segment.at, 16 * MAX_READ_BYTES));
  const found = findSpoolRecord(bytes, 1);
  if (typeof found === 'number') return broken(segment, fd, segment.at, segment.at + found);
  if (isNewest && found === 'none') {
    // Searched again only after another while: what is written meanwhile is read at once.
    segment.stuckSince = now;
    return null;
  }
  segment.isDone = !isNewest;
  return broken(segment, fd, segment.at, size);
}

function broken(segment: Segment, fd: number, from: number, to: number): SourceItem {
  segment.at = to;
  segment.stuckSince = null;
  return {
    stream: segment.stream,
    from,
    to,
    kind: 'broken',
    bytes: readAt(fd, from, Math.min(to - from, MAX_BROKEN_BYTES)),
    promise: null,
    producer: segment.header?.producer ?? null,
    epoch: null,
    seq: null,
    reason: 'CORRUPT',
  };
}

function openOrNull(path: string): number | null {
  try {
    return openSync(path, OPEN_FLAGS);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function readAt(fd: number, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const read = readSync(fd, bytes, at, length - at, position + at);
    if (read === 0) break;
    at += read;
  }
  return bytes.subarray(0, at);
}
