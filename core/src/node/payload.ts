import { Buffer } from 'node:buffer';
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { ByteReader, concatBytes, fromHex, u32, utf8 } from '../bytes.ts';
import { ShowcauseError } from '../errors.ts';
import { canonicalBytes, isJsonObject, parseCanonicalJson } from '../json.ts';
import type { JsonObject } from '../json.ts';
import { MAX_SEALED_BYTES } from '../spool.ts';

const AAD_LABEL = utf8('showcause/pay/v1');
/** RFC 3394 section 2.2.3.1. */
const WRAP_IV = fromHex('a6a6a6a6a6a6a6a6');
const WRAPPED_KEY_BYTES = 40;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** What sealing adds to a container. */
const SEAL_BYTES = WRAPPED_KEY_BYTES + NONCE_BYTES + TAG_BYTES;
const PADDING_STEP = 1024;

/** Keys derived from one entry's random record key. */
export interface RecordKeys {
  recordKey: Uint8Array;
  payloadKey: Uint8Array;
  saltKey: Uint8Array;
}

/** HKDF-SHA256(record key), info `showcause/payload/v1` and `showcause/salt/v1`; 32 bytes each. */
export function deriveRecordKeys(recordKey: Uint8Array): RecordKeys {
  return {
    recordKey,
    payloadKey: hkdf(recordKey, 'showcause/payload/v1'),
    saltKey: hkdf(recordKey, 'showcause/salt/v1'),
  };
}

export function newRecordKeys(): RecordKeys {
  return deriveRecordKeys(new Uint8Array(randomBytes(32)));
}

/** Salts of slots 0..count-1: bytes 32i..32i+31 of AES-256-CTR(salt key, zero IV). */
export function claimSalts(saltKey: Uint8Array, count: number): Uint8Array {
  const cipher = createCipheriv('aes-256-ctr', saltKey, Buffer.alloc(16));
  return new Uint8Array(cipher.update(Buffer.alloc(32 * count)));
}

/** Salts of a vector claim's elements: the same, under HKDF(salt key, `showcause/salt/v1/<slot>`). */
export function vectorSalts(saltKey: Uint8Array, slot: number, count: number): Uint8Array {
  return claimSalts(hkdf(saltKey, `showcause/salt/v1/${slot}`), count);
}

/** u32 length ‖ JCS ‖ zeros to a multiple of 1 KiB: the length of an application does not show. */
export function encodeContainer(container: JsonObject): Uint8Array {
  const json = canonicalBytes(container);
  const bytes = new Uint8Array(paddedBytes(json.length));
  bytes.set(u32(json.length));
  bytes.set(json, 4);
  return bytes;
}

function paddedBytes(length: number): number {
  return Math.ceil((4 + length) / PADDING_STEP) * PADDING_STEP;
}

/** @throws {ShowcauseError} `PAYLOAD_MALFORMED` */
export function decodeContainer(bytes: Uint8Array): JsonObject {
  try {
    const reader = new ByteReader(bytes);
    const json = reader.take(reader.uint(4));
    // Exactly the padding that encodeContainer makes: one spelling, so that claim 0 has one value.
    if (reader.rest().some((byte) => byte !== 0) || bytes.length !== paddedBytes(json.length))
      throw new RangeError('padding');
    const value = parseCanonicalJson(json);
    if (!isJsonObject(value)) throw new RangeError('not an object');
    return value;
  } catch (cause) {
    throw new ShowcauseError('PAYLOAD_MALFORMED', {
      got: `${bytes.length} bytes`,
      want: 'a padded container',
      cause,
    });
  }
}

/**
 * wrapped record key 40 (AES-256-KW under the subject's key) ‖ nonce 12 ‖ AES-256-GCM(payload key, container) ‖ tag 16;
 * AAD = `showcause/pay/v1` ‖ entry id.
 * @param entryId  hex, 16 bytes
 * @throws {ShowcauseError} `PAYLOAD_SIZE` above 512 KiB
 */
export function sealPayload(
  container: Uint8Array,
  keys: RecordKeys,
  subjectKey: Uint8Array,
  entryId: string,
): Uint8Array {
  if (container.length + SEAL_BYTES > MAX_SEALED_BYTES)
    throw new ShowcauseError('PAYLOAD_SIZE', {
      got: `a container of ${container.length} bytes`,
      want: `at most ${MAX_SEALED_BYTES - SEAL_BYTES}`,
    });
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keys.payloadKey, nonce);
  cipher.setAAD(concatBytes(AAD_LABEL, fromHex(entryId, 16)));
  return concatBytes(
    wrapKey(keys.recordKey, subjectKey),
    nonce,
    cipher.update(container),
    cipher.final(),
    cipher.getAuthTag(),
  );
}

/**
 * @throws {ShowcauseError} `PAYLOAD_KEY` when it was sealed under another key or entry id; `PAYLOAD_MALFORMED`
 */
export function openPayload(
  sealed: Uint8Array,
  subjectKey: Uint8Array,
  entryId: string,
): { container: Uint8Array; keys: RecordKeys } {
  if (sealed.length < SEAL_BYTES || sealed.length > MAX_SEALED_BYTES)
    throw new ShowcauseError('PAYLOAD_MALFORMED', { got: `${sealed.length} bytes` });
  try {
    const keys = deriveRecordKeys(unwrapKey(sealed.subarray(0, WRAPPED_KEY_BYTES), subjectKey));
    const body = sealed.subarray(WRAPPED_KEY_BYTES + NONCE_BYTES);
    const decipher = createDecipheriv(
      'aes-256-gcm',
      keys.payloadKey,
      sealed.subarray(WRAPPED_KEY_BYTES, WRAPPED_KEY_BYTES + NONCE_BYTES),
      { authTagLength: TAG_BYTES },
    );
    decipher.setAAD(concatBytes(AAD_LABEL, fromHex(entryId, 16)));
    decipher.setAuthTag(body.subarray(body.length - TAG_BYTES));
    const container = concatBytes(
      decipher.update(body.subarray(0, body.length - TAG_BYTES)),
      decipher.final(),
    );
    return { container, keys };
  } catch (cause) {
    throw new ShowcauseError('PAYLOAD_KEY', { got: 'an authentication failure', cause });
  }
}

/** AES-256 key wrap, RFC 3394: 32 bytes to 40. */
export function wrapKey(key: Uint8Array, wrappingKey: Uint8Array): Uint8Array {
  const cipher = createCipheriv('id-aes256-wrap', wrappingKey, WRAP_IV);
  return concatBytes(cipher.update(key), cipher.final());
}

/** Throws when the integrity check of RFC 3394 fails. */
export function unwrapKey(wrapped: Uint8Array, wrappingKey: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('id-aes256-wrap', wrappingKey, WRAP_IV);
  return concatBytes(decipher.update(wrapped), decipher.final());
}

function hkdf(key: Uint8Array, info: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), info, 32));
}
