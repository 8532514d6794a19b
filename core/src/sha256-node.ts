import { hash } from 'node:crypto';

/** SHA-256 of `bytes`, 32 bytes: the runtime's own, chosen by the package's `imports` where Node runs it. */
export function sha256(bytes: Uint8Array): Uint8Array {
  // By way of a string: Node takes twice as long to hand out a Buffer.
  const text = hash('sha256', bytes, 'binary');
  const digest = new Uint8Array(32);
  for (let i = 0; i < 32; i++) digest[i] = text.charCodeAt(i);
  return digest;
}
