import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SPOOL_MESSAGE, SPOOL_PROMISE, decodeSpoolHeader, readSpoolRecord } from '@showcause/core';
import type { SpoolHeader, SpoolRecord } from '@showcause/core';
import { isMissing } from '@showcause/core/node';
import { ServiceError } from '../errors.ts';
import type { Logger, ReadLimits, Source, SourceItem } from '../ports.ts';

export interface SpoolSourceOptions {
  /** folders that producers write */
  folders: readonly string[];
  logger: Logger;
  /** Unix milliseconds */
  clock?: () => number;
  pollMs?: number;
  /** for how long the end of the newest segment may be unreadable before it counts as damage */
  graceMs?: number;
}

const DEFAULT_POLL_MS = 20;
const DEFAULT_GRACE_MS = 2_000;
/** Folders are listed this often; segments that are open are looked at in each poll. */
const LIST_EVERY_MS = 200;
const READ_BYTES = 1024 * 1024;
/** The largest record and its head. */
const MAX_READ_BYTES = 4 * READ_BYTES;
const MAX_HEADER_BYTES = 512;
/** The header with the longest name. */
const SHORT_HEADER_BYTES = 121 + 64 + 4;
const MAX_BROKEN_BYTES = 1024 * 1024;
const RECORD_HEAD_BYTES = 17;
const SEGMENT_NAME = /^[a-z0-9~-]{1,64}-[0-9]{16}-[0-9]{16}\.spool$/;

interface Segment {
  /** `spool/<file name>`: unique in a log, because producer, epoch and first seq are */
  stream: string;
  name: string;
  path: string;
  /** segments of one producer follow each other */
  producerKey: string;
  header: SpoolHeader | null;
  /** bytes before it were handed out */
  at: number;
  isDone: boolean;
  /** since when the bytes at `at` cannot be read */
  stuckSince: number | null;
}

/**
 * The embedded transport: reads the spool folders of producers on this machine. Bytes are synced before they are handed
 * out, so that the log never knows more than the disk. Records that damage made unreadable are handed out as broken, and
 * reading goes on at the next whole record.
 */
export function spoolSource(options: SpoolSourceOptions): Source {
  const segments = new Map<string, Segment>();
  const clock = options.clock ?? Date.now;
  let cursorOf: (stream: string) => Promise<number> = () => Promise.resolve(0);
  let listedAt = -Infinity;

  async function list(): Promise<void> {
    if (clock() - listedAt < LIST_EVERY_MS && segments.size > 0) return;
    listedAt = clock();
    const found = new Set<string>();
    for (const folder of options.folders)
      for (const name of namesIn(folder)) {
        if (!SEGMENT_NAME.test(name)) continue;
        const path = join(folder, name);
        found.add(path);
        if (segments.has(path)) continue;
        const stream = `spool/${name}`;
        const at = await cursorOf(stream);
        const producerKey = `${folder}/${name.slice(0, -40)}`;
        segments.set(path, {
          stream,
          name,
          path,
          producerKey,
          header: null,
          at,
          isDone: false,
          stuckSince: null,
        });
      }
    for (const path of segments.keys()) if (!found.has(path)) segments.delete(path);
  }

  function collect(limits: ReadLimits): SourceItem[] {
    const items: SourceItem[] = [];
    let left = limits.maxBytes;
    const ordered = [...segments.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const newest = new Map<string, Segment>();
    for (const segment of ordered) newest.set(segment.producerKey, segment);
    const blocked = new Set<string>();
    for (const segment of ordered) {
      if (items.length >= limits.maxItems || left <= 0) break;
      if (segment.isDone || blocked.has(segment.producerKey)) continue;
      const isNewest = newest.get(segment.producerKey) === segment;
      const read = readSegment(segment, limits.maxItems - items.length, left, {
        isNewest,
        now: clock(),
        graceMs: options.graceMs ?? DEFAULT_GRACE_MS,
      });
      if (read.some(({ kind }) => kind === 'broken'))
        options.logger.error(
          { segment: segment.name, at: segment.at },
          'unreadable bytes in a spool segment',
        );
      items.push(...read);
      for (const item of read) left -= item.to - item.from;
      // Later segments wait until this one is read to its end: order is the producer's.
      if (!segment.isDone) blocked.add(segment.producerKey);
    }
    return items;
  }

  return {
    open(cursor) {
      cursorOf = cursor;
      return Promise.resolve();
    },
    async read(limits, signal) {
      const deadline = clock() + limits.waitMs;
      for (;;) {
        await list();
        const items = collect(limits);
        if (items.length > 0 || signal.aborted || clock() >= deadline) return items;
        await pause(options.pollMs ?? DEFAULT_POLL_MS, signal);
      }
    },
    close: () => Promise.resolve(),
  };
}

interface Circumstances {
  isNewest: boolean;
  now: number;
  graceMs: number;
}

function readSegment(
  segment: Segment,
  maxItems: number,
  maxBytes: number,
  { isNewest, now, graceMs }: Circumstances,
): SourceItem[] {
  const fd = openOrNull(segment.path);
  if (fd === null) return [];
  try {
    const { size } = fstatSync(fd);
    if (size <= segment.at) {
      if (!isNewest) segment.isDone = true;
      return [];
    }
    fdatasyncSync(fd);
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
    const skipped = skipDamage(fd, segment, size, isNewest);
    return skipped === null ? [] : [skipped];
  } finally {
    closeSync(fd);
  }
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
  let want = Math.min(READ_BYTES, Math.max(maxBytes, 64 * 1024));
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
  isNewest: boolean,
): SourceItem | null {
  const bytes = readAt(fd, segment.at, Math.min(size - segment.at, 64 * READ_BYTES));
  for (let at = 1; at + RECORD_HEAD_BYTES <= bytes.length; at++) {
    if (!mayBeginRecord(bytes, at) || readSpoolRecord(bytes, at).kind !== 'record') continue;
    return broken(segment, fd, segment.at, segment.at + at);
  }
  if (isNewest) return null;
  segment.isDone = true;
  return broken(segment, fd, segment.at, size);
}

/** A length and a type that a record may have, looked at before a checksum is computed. */
function mayBeginRecord(bytes: Uint8Array, at: number): boolean {
  const length =
    bytes[at]! * 2 ** 24 + bytes[at + 1]! * 2 ** 16 + bytes[at + 2]! * 2 ** 8 + bytes[at + 3]!;
  const type = bytes[at + 16]!;
  return type >= 1 && type <= 3 && at + RECORD_HEAD_BYTES + length <= bytes.length;
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

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (cause) {
    // A producer that has not started yet has no folder.
    if (isMissing(cause)) return [];
    throw new ServiceError('SOURCE_SPOOL', { got: folder, cause });
  }
}

function openOrNull(path: string): number | null {
  try {
    return openSync(path, 'r');
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

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
