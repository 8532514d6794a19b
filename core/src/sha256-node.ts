import { hash } from 'node:crypto';

/** SHA-256 of `bytes`, 32 bytes: the runtime's own, chosen by the package's `imports` where Node runs it. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const digest = new Uint8Array(32);
  sha256Into(bytes, digest, 0);
  return digest;
}

/** Writes SHA-256 of `bytes` to `target` from `at` on; both may be one buffer. */
export function sha256Into(bytes: Uint8Array, target: Uint8Array, at: number): void {
  // By way of a string: Node takes twice as long to hand out a Buffer.
  const text = hash('sha256', bytes, 'binary');
  for (let i = 0; i < 32; i++) target[at + i] = text.charCodeAt(i);
}
