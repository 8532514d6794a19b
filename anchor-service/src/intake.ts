import {
  MAX_SPOOL_RECORD_BYTES,
  ShowcauseError,
  decodeMessage,
  isJsonObject,
  isProducerName,
  isRegistration,
  leafHash,
  parseEntry,
  streamPosition,
} from '@showcause/core';
import type { Hash, Json, KnownEntry, ParsedEntry, RegistrationEntry } from '@showcause/core';
import type { QuarantineReason } from './errors.ts';
import type { Position, SourceItem } from './ports.ts';

/** A message with an entry that has a place in a producer's stream. */
export interface StreamMessage {
  entry: Uint8Array;
  sealed: Uint8Array;
  hash: Hash;
  position: Position;
  /** hex; null in a typed entry, which does not say */
  prev: string | null;
  /** entry type, or the tag of a typed entry */
  type: string;
  /** an entry of a known type with a signature of its own; of others no more is kept than stands here */
  signed: KnownEntry | null;
  /** hex of SHA-256 of the sealed payload as the entry says it */
  payload: string | null;
}

export type Read =
  | { kind: 'stream'; message: StreamMessage }
  | { kind: 'registration'; bytes: Uint8Array; entry: RegistrationEntry }
  | { kind: 'bad'; reason: QuarantineReason };

/** Reads a message of a source; nothing it holds is believed yet. */
export function readMessage(item: SourceItem): Read {
  let entry: Uint8Array;
  let sealed: Uint8Array;
  let parsed: ParsedEntry;
  try {
    ({ entry, sealed } = decodeMessage(item.bytes));
    parsed = parseEntry(entry);
  } catch (error) {
    if (!(error instanceof ShowcauseError)) throw error;
    const isTooLong = item.bytes.length > MAX_SPOOL_RECORD_BYTES;
    return { kind: 'bad', reason: isTooLong ? 'OVERSIZED' : 'MALFORMED' };
  }
  if (parsed.kind === 'known') {
    const known = parsed.entry;
    if (known.type === 'genesis') return { kind: 'bad', reason: 'NOT_FOR_PRODUCERS' };
    if (isRegistration(known)) return { kind: 'registration', bytes: entry, entry: known };
  }
  const place = placeOf(parsed, item);
  if (place === null) return { kind: 'bad', reason: 'MALFORMED' };
  const hash = leafHash(entry);
  return { kind: 'stream', message: { entry, sealed, hash, ...place } };
}

/** A registration item: the bare entry, or a message that holds one. */
export function readRegistration(item: SourceItem): Read {
  if (item.bytes[0] !== 0x7b) {
    const read = readMessage(item);
    return read.kind === 'stream' ? { kind: 'bad', reason: 'REGISTRATION' } : read;
  }
  try {
    const parsed = parseEntry(item.bytes);
    if (parsed.kind === 'known' && isRegistration(parsed.entry))
      return { kind: 'registration', bytes: item.bytes, entry: parsed.entry };
  } catch (error) {
    if (!(error instanceof ShowcauseError)) throw error;
  }
  return { kind: 'bad', reason: 'REGISTRATION' };
}

type Place = Pick<StreamMessage, 'position' | 'prev' | 'type' | 'signed' | 'payload'>;

function placeOf(parsed: ParsedEntry, item: SourceItem): Place | null {
  if (parsed.kind === 'typed') {
    const { producer, epoch, seq } = item;
    if (!isProducerName(producer) || epoch === null || seq === null) return null;
    return {
      position: { producer, epoch, seq },
      prev: null,
      type: parsed.tag,
      signed: null,
      payload: null,
    };
  }
  const place = streamPosition(parsed);
  if (place === null) return null;
  const { prev, ...position } = place;
  const payload = (parsed.kind === 'known' ? parsed.entry : parsed.value) as { payload?: Json };
  return {
    position,
    prev,
    type: parsed.kind === 'known' ? parsed.entry.type : parsed.type,
    signed: parsed.kind === 'known' && 'sig' in parsed.entry ? parsed.entry : null,
    payload: isHash(payload.payload) ? payload.payload : null,
  };
}

function isHash(value: Json | undefined): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

/** Hex `prev` of a logged entry; null in a typed entry. */
export function prevOf(entry: Uint8Array): string | null {
  const parsed = parseEntry(entry);
  return parsed.kind === 'typed' ? null : (streamPosition(parsed)?.prev ?? null);
}

/** A stream start's claim about the epoch before it, from an entry that was accepted. */
export function previousOf(
  entry: KnownEntry | null,
): { epoch: number; seq: number; leaf: string } | null {
  if (entry === null || entry.type !== 'stream' || entry.event !== 'start') return null;
  return isJsonObject(entry.previous) ? entry.previous : null;
}
