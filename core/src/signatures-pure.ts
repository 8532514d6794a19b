import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';

/** ECDSA P-256 over SHA-256(message). `publicKey` x ‖ y; `signature` r ‖ s. The caller has checked low s. */
export function p256Verifies(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const point = new Uint8Array(65);
  point[0] = 4;
  point.set(publicKey, 1);
  try {
    return p256.verify(signature, message, point, { lowS: true });
  } catch {
    return false; // not a point of the curve
  }
}

/** Ed25519 (RFC 8032), with the strictness of ZIP 215 turned off. */
export function ed25519Verifies(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}
