import {
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  decodeMessage,
  decodeSignedPromise,
  decodeSpoolHeader,
  findSpoolRecord,
  leafHash,
  readSpoolRecord,
} from '@showcause/core';
import type { Hash, Message, SignedPromise, SpoolHeader } from '@showcause/core';

/** A message as it lies in a segment. */
export interface ScannedMessage {
  seq: number;
  leaf: Hash;
  message: Message;
  offset: number;
  /** offset of the first record of the promise's batch it belongs to, once known */
  batchOffset: number;
}

export interface ScannedSegment {
  name: string;
  header: SpoolHeader;
  bytes: Uint8Array;
  messages: ScannedMessage[];
  promises: SignedPromise[];
  /** messages behind the last promise */
  uncovered: ScannedMessage[];
  /** bytes that hold whole records */
  goodBytes: number;
  end: 'clean' | 'torn' | 'corrupt';
}

/**
 * Reads all records of one segment. `torn`: no whole record behind the good ones. `corrupt`: there is one.
 * @throws {ShowcauseError} `SPOOL_SEGMENT` when the header itself is not whole
 */
export function scanSegment(name: string, bytes: Uint8Array): ScannedSegment {
  const { header, length } = decodeSpoolHeader(bytes);
  return scanRecords(name, header, bytes, length);
}

/** The same from `start` on, for what lies behind a corrupt record. */
export function scanRecords(
  name: string,
  header: SpoolHeader,
  bytes: Uint8Array,
  start: number,
): ScannedSegment {
  const messages: ScannedMessage[] = [];
  const promises: SignedPromise[] = [];
  let uncovered: ScannedMessage[] = [];
  let batchOffset = start;
  let at = start;
  for (;;) {
    const read = readSpoolRecord(bytes, at);
    if (read.kind !== 'record')
      return {
        name,
        header,
        bytes,
        messages,
        promises,
        uncovered,
        goodBytes: at,
        end: judgeEnd(bytes, at),
      };
    const { record } = read;
    if (record.type === SPOOL_MESSAGE) {
      const message = decodeMessage(record.bytes);
      const scanned = {
        seq: record.seq,
        leaf: leafHash(message.entry),
        message,
        offset: at,
        batchOffset,
      };
      messages.push(scanned);
      uncovered.push(scanned);
    } else if (record.type === SPOOL_PROMISE) {
      promises.push(decodeSignedPromise(record.bytes));
      uncovered = [];
      batchOffset = read.next;
    }
    at = read.next;
  }
}

/**
 * Bytes that hold no whole record any more are the trace of a crash: a record cut short, blocks that
 * the file system allotted and never filled, parts of one unfinished group write. With a whole
 * record behind them, at any byte offset since a changed length hides where it begins, they are damage.
 */
function judgeEnd(bytes: Uint8Array, at: number): ScannedSegment['end'] {
  if (at === bytes.length) return 'clean';
  return findSpoolRecord(bytes, at + 1) === 'none' ? 'torn' : 'corrupt';
}
