import { ByteReader, concatBytes, fromHex, toHex, u32, u64 } from '@showcause/core';
import type { Steps } from '../sealing/steps.ts';
import type { Disk, DiskFile } from './disk.ts';

const NAME = 'decisions.index';
/** decisionId 16 ‖ kind u8 ‖ key ordinal u32 ‖ epoch u64 ‖ segment's first seq u64 ‖ seq u64 ‖ offset u32 ‖ batch offset u32 */
const RECORD_BYTES = 53;
const CHUNK_RECORDS = 65_536;

export const INDEX_DECISION = 1;
export const INDEX_FOLLOWUP = 2;
export const INDEX_EXPLANATION = 3;

/** The kind of an entry's record. */
export function indexKindOf(type: string): number {
  if (type === 'decision') return INDEX_DECISION;
  return type === 'explanation' ? INDEX_EXPLANATION : INDEX_FOLLOWUP;
}

/** A decision without its explanation, and the epoch that it was decided in. */
export interface Unexplained {
  decisionId: string;
  epoch: number;
}

/** Records of the index that are looked at for those: each decision has two. */
export const MOST_LOOKED_AT = 262_144;

/** Where an entry about a decision lies in the spool. */
export interface IndexRecord {
  /** hex, 16 bytes */
  decisionId: string;
  kind: number;
  keyOrdinal: number;
  epoch: number;
  firstSeq: number;
  seq: number;
  offset: number;
  /** where the batch of its promise begins in the same segment */
  batchOffset: number;
}

/**
 * From a decision's number to its place in the spool. Derived: whatever a crash takes from it is
 * rebuilt by opening the records, so it is written without a sync. Looked up by a scan of the file,
 * newest first: a page is rare, and the index of ten million decisions needs no memory.
 */
export class DecisionIndex {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #file: DiskFile;
  #length: number;
  #pending: Uint8Array[] = [];

  constructor(disk: Disk, dir: string) {
    this.#disk = disk;
    this.#path = `${dir}/${NAME}`;
    const missing = disk.read(this.#path) === null;
    this.#file = missing ? disk.create(this.#path) : disk.open(this.#path);
    this.#length = missing ? 0 : disk.size(this.#path) - (disk.size(this.#path) % RECORD_BYTES);
  }

  add(record: IndexRecord): void {
    this.#pending.push(
      concatBytes(
        fromHex(record.decisionId, 16),
        new Uint8Array([record.kind]),
        u32(record.keyOrdinal),
        u64(record.epoch),
        u64(record.firstSeq),
        u64(record.seq),
        u32(record.offset),
        u32(record.batchOffset),
      ),
    );
  }

  flush(): void {
    if (this.#pending.length === 0) return;
    const bytes = concatBytes(...this.#pending);
    this.#file.write(bytes, this.#length);
    this.#pending = [];
    this.#length += bytes.length;
  }

  /** All records of a decision, oldest first; one that was moved is where it lies now. */
  find(decisionId: string): Steps<IndexRecord[]> {
    this.flush();
    return findIn(this.#disk, this.#path, this.#length, decisionId);
  }

  /** Every record of epochs from `epoch` on, by {@link placeOf}, and the key that sealed its entry. */
  seen(epoch: number): Map<string, number> {
    const seen = new Map<string, number>();
    const bytes = this.#disk.readAt(this.#path, 0, this.#length);
    for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
      const record = decode(bytes.subarray(at, at + RECORD_BYTES));
      if (record.epoch >= epoch) seen.set(placeOf(record), record.keyOrdinal);
    }
    return seen;
  }

  /** Decisions without an explanation among so many newest records, oldest first. */
  unexplained(newest: number): Unexplained[] {
    this.flush();
    return unexplainedIn(this.#disk, this.#path, this.#length, newest);
  }

  close(): void {
    try {
      this.flush();
    } finally {
      this.#file.close();
    }
  }
}

/** The same of a spool that nobody holds. */
export function unexplainedInIndex(disk: Disk, dir: string, newest: number): Unexplained[] {
  const path = `${dir}/${NAME}`;
  if (disk.modified(path) === null) return [];
  const size = disk.size(path);
  return unexplainedIn(disk, path, size - (size % RECORD_BYTES), newest);
}

/** Another one after every change of that index. */
export function indexMark(disk: Disk, dir: string): string {
  const path = `${dir}/${NAME}`;
  const modified = disk.modified(path);
  return modified === null ? '' : `${disk.size(path)}:${modified}`;
}

function unexplainedIn(disk: Disk, path: string, length: number, newest: number): Unexplained[] {
  const from = Math.max(0, length - newest * RECORD_BYTES);
  const bytes = disk.readAt(path, from, length - from);
  const open = new Map<string, number>();
  for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
    const { decisionId, epoch, kind } = decode(bytes.subarray(at, at + RECORD_BYTES));
    if (kind === INDEX_DECISION) open.set(decisionId, epoch);
    if (kind === INDEX_EXPLANATION) open.delete(decisionId);
  }
  return Array.from(open, ([decisionId, epoch]) => ({ decisionId, epoch }));
}

/** All records of a decision in a spool that another process may be writing. */
export function* findInIndex(disk: Disk, dir: string, decisionId: string): Steps<IndexRecord[]> {
  const path = `${dir}/${NAME}`;
  if (disk.modified(path) === null) return [];
  const size = disk.size(path);
  return yield* findIn(disk, path, size - (size % RECORD_BYTES), decisionId);
}

function* findIn(
  disk: Disk,
  path: string,
  length: number,
  decisionId: string,
): Steps<IndexRecord[]> {
  const wanted = Buffer.from(decisionId, 'hex');
  const found = new Map<string, IndexRecord>();
  const step = CHUNK_RECORDS * RECORD_BYTES;
  for (let at = 0; at < length; at += step) {
    const chunk = Buffer.from(disk.readAt(path, at, Math.min(step, length - at)));
    for (let hit = chunk.indexOf(wanted); hit !== -1; hit = chunk.indexOf(wanted, hit + 1)) {
      if (hit % RECORD_BYTES !== 0) continue;
      const record = decode(chunk.subarray(hit, hit + RECORD_BYTES));
      found.set(`${record.epoch}:${record.seq}`, record);
    }
    yield;
  }
  return [...found.values()];
}

/** An entry and where it lies. */
export function placeOf({
  epoch,
  seq,
  firstSeq,
  offset,
}: Pick<IndexRecord, 'epoch' | 'seq' | 'firstSeq' | 'offset'>): string {
  return `${epoch}:${seq}:${firstSeq}:${offset}`;
}

function decode(bytes: Uint8Array): IndexRecord {
  const reader = new ByteReader(bytes);
  return {
    decisionId: toHex(reader.take(16)),
    kind: reader.uint(1),
    keyOrdinal: reader.uint(4),
    epoch: reader.uint(8),
    firstSeq: reader.uint(8),
    seq: reader.uint(8),
    offset: reader.uint(4),
    batchOffset: reader.uint(4),
  };
}
