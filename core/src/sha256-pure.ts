import { sha256 as noble } from '@noble/hashes/sha2.js';

/** SHA-256 of `bytes`, 32 bytes: pure JavaScript, for browsers. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return noble(bytes);
}

/** Writes SHA-256 of `bytes` to `target` from `at` on; both may be one buffer. */
export function sha256Into(bytes: Uint8Array, target: Uint8Array, at: number): void {
  target.set(noble(bytes), at);
}
