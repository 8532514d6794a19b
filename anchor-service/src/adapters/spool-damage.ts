import { readSpoolRecord } from '@showcause/core';

const RECORD_HEAD_BYTES = 17;
/** Checksums over so many bytes are computed in one search: damage needs few, and only intent needs more. */
const MAX_CHECKED_BYTES = 64 * 1024 * 1024;

/**
 * Looks behind damage for the next whole record, byte by byte.
 * @returns where it begins; `none`; `too-many` when so much looks like the head of one that the search was given up
 */
export function findRecord(bytes: Uint8Array, from: number): number | 'none' | 'too-many' {
  let left = MAX_CHECKED_BYTES;
  for (let at = from; at + RECORD_HEAD_BYTES <= bytes.length; at++) {
    const length = lengthOf(bytes, at);
    if (length === null) continue;
    left -= length;
    if (left < 0) return 'too-many';
    if (readSpoolRecord(bytes, at).kind === 'record') return at;
  }
  return 'none';
}

/** Length of what may begin here by its length, seq and type; null when nothing may. */
function lengthOf(bytes: Uint8Array, at: number): number | null {
  const type = bytes[at + 16]!;
  if (type < 1 || type > 3 || bytes[at] !== 0 || bytes[at + 8] !== 0) return null;
  const length = bytes[at + 1]! * 2 ** 16 + bytes[at + 2]! * 2 ** 8 + bytes[at + 3]!;
  return at + RECORD_HEAD_BYTES + length <= bytes.length ? length : null;
}
