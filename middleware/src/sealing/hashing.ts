import { hash } from 'node:crypto';

/**
 * SHA-256 where many short hashes are made: asking for a latin1 string and writing it where it
 * belongs costs a third of asking for a Buffer each time.
 */

/** Writes SHA-256(bytes) into `target` at `offset`. */
export function hashInto(target: Buffer, offset: number, bytes: Uint8Array): void {
  const digest = hash('sha256', bytes, 'binary');
  // For 32 bytes a loop costs half of a call into the runtime.
  for (let i = 0; i < 32; i++) target[offset + i] = digest.charCodeAt(i);
}

/** SHA-256 in hex. */
export function hashHex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

const BLOCK = 64;
const inner = Buffer.alloc(BLOCK + 96);
const outer = Buffer.alloc(BLOCK + 32);

/**
 * HMAC-SHA256 (RFC 2104) into `target`.
 * @param key  at most 64 bytes
 * @param message  at most 96 bytes
 */
export function hmacInto(
  target: Buffer,
  offset: number,
  key: Uint8Array,
  message: Uint8Array,
): void {
  for (let i = 0; i < BLOCK; i++) {
    const byte = key[i] ?? 0;
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  inner.set(message, BLOCK);
  hashInto(outer, BLOCK, inner.subarray(0, BLOCK + message.length));
  hashInto(target, offset, outer);
}
