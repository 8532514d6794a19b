import {
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  decodeSpoolHeader,
  findSpoolRecord,
  readSpoolRecord,
} from '@showcause/core';
import type { Disk } from './disk.ts';
import { lockState } from './lock.ts';
import type { LockState } from './lock.ts';
import type { ProcessTable } from './lock-holder.ts';
import { CURSOR, QUARANTINE } from './mend.ts';
import { readRemoved } from './removed.ts';
import type { RemovedSegments } from './removed.ts';
import { RESERVE } from './room.ts';
import { readEpochState } from './state.ts';
import type { EpochState } from './state.ts';

/** Where reading a segment ended: at its last byte, in a torn tail, or at damage with whole records behind it. */
export interface SegmentEnd {
  kind: 'clean' | 'torn' | 'corrupt';
  /** the first byte that no whole record holds */
  byte: number;
}

/** One segment by what its records' heads say; no entry is read. */
export interface SegmentFacts {
  name: string;
  bytes: number;
  producer: string;
  epoch: number;
  firstSeq: number;
  /** null without a message */
  lastSeq: number | null;
  messages: number;
  promises: number;
  registrations: number;
  /** messages before the last promise */
  promised: number;
  unpromised: number;
  end: SegmentEnd;
}

/** A file that is named like a segment and has no whole header. */
export interface BrokenSegment {
  name: string;
  bytes: number;
  code: 'SPOOL_SEGMENT';
}

/** What lies in a spool folder. No personal data, nothing opened. */
export interface SpoolInspection {
  dir: string;
  segments: readonly (SegmentFacts | BrokenSegment)[];
  /** of all segments */
  bytes: number;
  freeBytes: number;
  lock: LockState;
  /** null when its file is not readable */
  epoch: EpochState | null;
  /** how far a transport took the spool; null where none did */
  published: string | null;
  quarantine: readonly { name: string; bytes: number }[];
  /** bytes held back for the end of the stream; 0 when they are used up, or none are kept */
  reserve: number;
  /** what housekeeping took from the old end; null for nothing, or when the note is not readable */
  removed: RemovedSegments | null;
}

/** Looks without writing, beside a running producer too. */
export function inspectSpool(disk: Disk, dir: string, processes?: ProcessTable): SpoolInspection {
  const segments = segmentNames(disk, dir).map((name) =>
    factsOf(name, disk.read(`${dir}/${name}`)!),
  );
  const cursor = disk.read(`${dir}/${CURSOR}`);
  return {
    dir,
    segments,
    bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    freeBytes: disk.freeBytes(dir),
    lock: lockState(disk, dir, processes),
    epoch: orNull(() => readEpochState(disk, dir)),
    published: cursor === null ? null : new TextDecoder().decode(cursor),
    quarantine: disk
      .list(`${dir}/${QUARANTINE}`)
      .map((name) => ({ name, bytes: disk.size(`${dir}/${QUARANTINE}/${name}`) })),
    reserve: disk.modified(`${dir}/${RESERVE}`) === null ? 0 : disk.size(`${dir}/${RESERVE}`),
    removed: orNull(() => readRemoved(disk, dir)),
  };
}

/** Segment files of a folder, oldest first. */
export function segmentNames(disk: Disk, dir: string): string[] {
  return disk.list(dir).filter((name) => name.endsWith('.spool'));
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function factsOf(name: string, bytes: Uint8Array): SegmentFacts | BrokenSegment {
  let opened: ReturnType<typeof decodeSpoolHeader>;
  try {
    opened = decodeSpoolHeader(bytes);
  } catch {
    return { name, bytes: bytes.length, code: 'SPOOL_SEGMENT' };
  }
  const { producer, epoch, firstSeq } = opened.header;
  return {
    name,
    bytes: bytes.length,
    producer,
    epoch,
    firstSeq,
    ...tally(bytes, opened.length),
  };
}

function tally(
  bytes: Uint8Array,
  start: number,
): Omit<SegmentFacts, 'name' | 'bytes' | 'producer' | 'epoch' | 'firstSeq'> {
  const counts = { messages: 0, promises: 0, registrations: 0, promised: 0 };
  let lastSeq: number | null = null;
  let at = start;
  for (;;) {
    const read = readSpoolRecord(bytes, at);
    if (read.kind !== 'record') break;
    const { type, seq } = read.record;
    if (type === SPOOL_MESSAGE) {
      counts.messages++;
      lastSeq = seq;
    } else if (type === SPOOL_PROMISE) {
      counts.promises++;
      counts.promised = counts.messages;
    } else counts.registrations++;
    at = read.next;
  }
  return {
    ...counts,
    lastSeq,
    unpromised: counts.messages - counts.promised,
    end: { kind: endAt(bytes, at), byte: at },
  };
}

/** How bytes end that hold whole records up to `at`. */
export function endAt(bytes: Uint8Array, at: number): SegmentEnd['kind'] {
  if (at === bytes.length) return 'clean';
  return findSpoolRecord(bytes, at + 1) === 'none' ? 'torn' : 'corrupt';
}
