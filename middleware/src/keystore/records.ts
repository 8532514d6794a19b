import { createHmac } from 'node:crypto';
import { ByteReader, concatBytes, crc32c, u32, utf8 } from '@showcause/core';
import { unwrapKey } from '@showcause/core/node';
import { AuditError } from '../errors.ts';

export const MAGIC = utf8('SCKEYS01');
/** kind u8 ‖ ordinal u32 ‖ owner 32 ‖ wrapped key 40 ‖ crc32c u32 */
export const RECORD_BYTES = 81;
export const KEY = 1;
export const ASSIGNED = 2;
export const DESTROYED = 3;

export interface KeyRecord {
  kind: number;
  ordinal: number;
  owner: Uint8Array;
  wrapped: Uint8Array;
}

export function encodeRecord(
  kind: number,
  ordinal: number,
  owner: Uint8Array,
  wrapped: Uint8Array = new Uint8Array(40),
): Uint8Array {
  const body = concatBytes(new Uint8Array([kind]), u32(ordinal), owner, wrapped);
  return concatBytes(body, u32(crc32c(body)));
}

/** @returns null for bytes that were not written so */
export function decodeRecord(bytes: Uint8Array): KeyRecord | null {
  const reader = new ByteReader(bytes);
  const kind = reader.uint(1);
  const ordinal = reader.uint(4);
  const owner = reader.take(32);
  const wrapped = reader.take(40);
  const intact = reader.uint(4) === crc32c(bytes, 0, RECORD_BYTES - 4);
  return intact && kind >= KEY && kind <= DESTROYED ? { kind, ordinal, owner, wrapped } : null;
}

/** @param storeKey  64 bytes: AES-256 wrapping key ‖ HMAC key of pseudonyms */
export function openKey(storeKey: Uint8Array, wrapped: Uint8Array): Uint8Array {
  try {
    return unwrapKey(wrapped, storeKey.subarray(0, 32));
  } catch (cause) {
    throw new AuditError('KEY_STORE', {
      got: 'a key that does not open under this store key',
      cause,
    });
  }
}

/** HMAC-SHA256 of a subject under the store key: hex, 32 bytes. */
export function pseudonymOf(storeKey: Uint8Array, subject: string): string {
  return hmacOf(storeKey, 'showcause/subject/v1', subject);
}

export function hmacOf(storeKey: Uint8Array, label: string, text: string): string {
  return createHmac('sha256', storeKey.subarray(32)).update(`${label}\0${text}`).digest('hex');
}
