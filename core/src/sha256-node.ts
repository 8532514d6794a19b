import { hash } from 'node:crypto';

/** SHA-256 of `bytes`, 32 bytes: the runtime's own, chosen by the package's `imports` where Node runs it. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const digest = hash('sha256', bytes, 'buffer');
  return new Uint8Array(digest.buffer, digest.byteOffset, 32);
}
