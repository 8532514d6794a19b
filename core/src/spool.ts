import { ByteReader, concatBytes, equalBytes, fromUtf8, u32, u64, utf8 } from './bytes.ts';
import { crc32c } from './crc32c.ts';
import { MAX_ENTRY_BYTES, isProducerName } from './entry.ts';
import { ShowcauseError } from './errors.ts';

/** What a spool record holds. The numbers are the format. */
export const SPOOL_MESSAGE = 1;
export const SPOOL_PROMISE = 2;
export const SPOOL_REGISTRATION = 3;
export type SpoolRecordType =
  typeof SPOOL_MESSAGE | typeof SPOOL_PROMISE | typeof SPOOL_REGISTRATION;

/** A sealed payload is at most 512 KiB; a record holds an entry and one of them. */
export const MAX_SEALED_BYTES = 512 * 1024;
export const MAX_SPOOL_RECORD_BYTES = 4 + MAX_ENTRY_BYTES + MAX_SEALED_BYTES;
const RECORD_HEAD_BYTES = 17;

const MAGIC = 'SCSPOOL1';

/** First bytes of every segment file. */
export interface SpoolHeader {
  logId: Uint8Array;
  keyId: Uint8Array;
  epoch: number;
  /** seq of the first message in this segment */
  firstSeq: number;
  /** leaf hash of the producer's entry before it, 32 bytes (`prev` of the first message) */
  prev: Uint8Array;
  producer: string;
}

export interface SpoolRecord {
  type: SpoolRecordType;
  /** a message's own seq; the last seq a promise covers; 0 for a registration */
  seq: number;
  /** read: a view of the segment's bytes, not a copy */
  bytes: Uint8Array;
}

/**
 * magic 8 ‖ logId 32 ‖ key id 32 ‖ epoch u64 ‖ firstSeq u64 ‖ prev 32 ‖ name length u8 ‖ name ‖ crc32c u32; the CRC covers
 * all before it. Big-endian, as everywhere.
 */
export function encodeSpoolHeader(header: SpoolHeader): Uint8Array {
  if (!isProducerName(header.producer)) throw new RangeError('got no producer name');
  for (const part of ['logId', 'keyId', 'prev'] as const)
    if (header[part].length !== 32)
      throw new RangeError(`got ${part} of ${header[part].length} bytes, want 32`);
  const name = utf8(header.producer);
  const body = concatBytes(
    utf8(MAGIC),
    header.logId,
    header.keyId,
    u64(header.epoch),
    u64(header.firstSeq),
    header.prev,
    new Uint8Array([name.length]),
    name,
  );
  return concatBytes(body, u32(crc32c(body)));
}

/** @throws {ShowcauseError} `SPOOL_SEGMENT`, also when the bytes end within the header: such a file holds no record */
export function decodeSpoolHeader(bytes: Uint8Array): { header: SpoolHeader; length: number } {
  try {
    const reader = new ByteReader(bytes);
    const magic = reader.take(8);
    const header: SpoolHeader = {
      logId: reader.take(32),
      keyId: reader.take(32),
      epoch: reader.uint(8),
      firstSeq: reader.uint(8),
      prev: reader.take(32),
      producer: fromUtf8(reader.take(reader.uint(1))),
    };
    const length = bytes.length - reader.remaining;
    if (!equalBytes(magic, utf8(MAGIC))) throw new RangeError('magic');
    if (reader.uint(4) !== crc32c(bytes, 0, length)) throw new RangeError('CRC');
    if (!isProducerName(header.producer)) throw new RangeError('producer name');
    return { header, length: length + 4 };
  } catch (cause) {
    throw new ShowcauseError('SPOOL_SEGMENT', {
      got: `${bytes.length} bytes`,
      want: 'a segment header',
      cause,
    });
  }
}

/** len u32 ‖ crc32c u32 ‖ seq u64 ‖ type u8 ‖ bytes; the CRC covers seq, type and bytes. */
export function encodeSpoolRecord(record: SpoolRecord): Uint8Array {
  if (record.bytes.length > MAX_SPOOL_RECORD_BYTES)
    throw new RangeError(
      `got ${record.bytes.length} bytes, want at most ${MAX_SPOOL_RECORD_BYTES}`,
    );
  const tail = concatBytes(u64(record.seq), new Uint8Array([record.type]), record.bytes);
  return concatBytes(u32(record.bytes.length), u32(crc32c(tail)), tail);
}

export type SpoolRead =
  | { kind: 'record'; record: SpoolRecord; next: number }
  /** the bytes end before the record does: a tail still being written, or torn by a crash */
  | { kind: 'end'; missing: number }
  /** length or CRC is wrong although enough bytes are there */
  | { kind: 'corrupt' };

/**
 * Reads the record at `at` of a segment's bytes. At the tail of the last segment `end` and `corrupt` are both what a
 * crash leaves (a file system may show zeros, or parts of one unfinished group write); {@link findSpoolRecord} tells
 * whether anything whole comes after.
 */
export function readSpoolRecord(bytes: Uint8Array, at: number): SpoolRead {
  const left = bytes.length - at;
  if (left < RECORD_HEAD_BYTES) return { kind: 'end', missing: RECORD_HEAD_BYTES - left };
  const head = new DataView(bytes.buffer, bytes.byteOffset + at, RECORD_HEAD_BYTES);
  const length = head.getUint32(0);
  const seq = head.getUint32(8) * 2 ** 32 + head.getUint32(12);
  const type = head.getUint8(16);
  if (length > MAX_SPOOL_RECORD_BYTES || !Number.isSafeInteger(seq) || !isRecordType(type))
    return { kind: 'corrupt' };
  const next = at + RECORD_HEAD_BYTES + length;
  if (next > bytes.length) return { kind: 'end', missing: next - bytes.length };
  if (crc32c(bytes, at + 8, next) !== head.getUint32(4)) return { kind: 'corrupt' };
  return {
    kind: 'record',
    record: { type, seq, bytes: bytes.subarray(at + RECORD_HEAD_BYTES, next) },
    next,
  };
}

/** Checksums over so many bytes are computed in one search: damage needs few, and only intent needs more. */
const MAX_CHECKED_BYTES = 64 * 1024 * 1024;

/**
 * Looks behind damage for the first whole record at or after `from`, byte by byte.
 * @returns where it begins; `none`; `too-many` when so much looks like the head of one that the search was given up
 */
export function findSpoolRecord(bytes: Uint8Array, from: number): number | 'none' | 'too-many' {
  let left = MAX_CHECKED_BYTES;
  for (let at = from; at + RECORD_HEAD_BYTES <= bytes.length; at++) {
    const length = possibleLength(bytes, at);
    if (length === null) continue;
    left -= length;
    if (left < 0) return 'too-many';
    if (readSpoolRecord(bytes, at).kind === 'record') return at;
  }
  return 'none';
}

/** Length of what may begin here by its length, seq and type; null when nothing may. */
function possibleLength(bytes: Uint8Array, at: number): number | null {
  // The top bytes of length and seq are zero in every record.
  if (!isRecordType(bytes[at + 16]!) || bytes[at] !== 0 || bytes[at + 8] !== 0) return null;
  const length = bytes[at + 1]! * 2 ** 16 + bytes[at + 2]! * 2 ** 8 + bytes[at + 3]!;
  const isWhole = at + RECORD_HEAD_BYTES + length <= bytes.length;
  return isWhole && length <= MAX_SPOOL_RECORD_BYTES ? length : null;
}

function isRecordType(type: number): type is SpoolRecordType {
  return type === SPOOL_MESSAGE || type === SPOOL_PROMISE || type === SPOOL_REGISTRATION;
}

/** `<producer>-<epoch>-<firstSeq>.spool`, with `/` of the producer's name as `~`, numbers 16 digits wide so that names sort. */
export function spoolFileName(
  header: Pick<SpoolHeader, 'producer' | 'epoch' | 'firstSeq'>,
): string {
  const digits = (value: number): string => String(value).padStart(16, '0');
  return `${header.producer.replaceAll('/', '~')}-${digits(header.epoch)}-${digits(header.firstSeq)}.spool`;
}

/** So many processes may share one spool folder. */
export const MAX_WORKERS = 128;

/** The number of a worker whose spool a folder within a shared spool folder is, or null for any other name. */
export function workerOfFolder(name: string): number | null {
  return /^(?:0|[1-9][0-9]{0,2})$/.test(name) && Number(name) < MAX_WORKERS ? Number(name) : null;
}

/** A message as Kafka's value and the spool carry it. */
export interface Message {
  /** exact leaf bytes */
  entry: Uint8Array;
  /** sealed payload; empty where the entry has none */
  sealed: Uint8Array;
}

/** u32 entry length ‖ entry ‖ sealed payload. @throws {RangeError} above the limits of entry or payload */
export function encodeMessage(message: Message): Uint8Array {
  if (
    message.entry.length < 1 ||
    message.entry.length > MAX_ENTRY_BYTES ||
    message.sealed.length > MAX_SEALED_BYTES
  )
    throw new RangeError(
      `got an entry of ${message.entry.length} and a payload of ${message.sealed.length} bytes`,
    );
  return concatBytes(u32(message.entry.length), message.entry, message.sealed);
}

/** Entry and payload are views of `bytes`, not copies. @throws {ShowcauseError} `BYTES_LENGTH`, `ENTRY_SIZE` */
export function decodeMessage(bytes: Uint8Array): Message {
  const length = lengthAhead(bytes);
  if (length < 1 || length > MAX_ENTRY_BYTES)
    throw new ShowcauseError('ENTRY_SIZE', {
      got: `${length} bytes`,
      want: `1 to ${MAX_ENTRY_BYTES}`,
    });
  const sealed = bytes.length - 4 - length;
  if (sealed < 0 || sealed > MAX_SEALED_BYTES)
    throw new ShowcauseError('BYTES_LENGTH', {
      got: `${bytes.length - 4} bytes behind the length`,
      want: `${length} of the entry and at most ${MAX_SEALED_BYTES} sealed`,
    });
  return { entry: bytes.subarray(4, 4 + length), sealed: bytes.subarray(4 + length) };
}

/** Byte by byte: all that a reader allocates would be most of what reading a message costs. */
function lengthAhead(bytes: Uint8Array): number {
  if (bytes.length < 4)
    throw new ShowcauseError('BYTES_LENGTH', {
      got: `${bytes.length} bytes`,
      want: 'a length of 4',
    });
  return bytes[0]! * 2 ** 24 + bytes[1]! * 2 ** 16 + bytes[2]! * 2 ** 8 + bytes[3]!;
}
