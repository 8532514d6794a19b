import { sha256 as noble } from '@noble/hashes/sha2.js';

/** SHA-256 of `bytes`, 32 bytes: pure JavaScript, for browsers. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return noble(bytes);
}
