import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from './bytes.ts';

const Point = ed25519.Point;

/** ECDSA P-256 over SHA-256(message). `publicKey` x ‖ y; `signature` r ‖ s. The caller has checked low s. */
export function p256Verifies(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const point = new Uint8Array(65);
  point[0] = 4;
  point.set(publicKey, 1);
  try {
    return p256.verify(signature, message, point, { lowS: true });
  } catch {
    return false; // not a point of the curve
  }
}

/**
 * Ed25519, RFC 8032 section 5.1.7 without the cofactor: encode(s·B − k·A) = R byte for byte, as the usual native
 * libraries decide it. The caller has refused weak keys.
 */
export function ed25519Verifies(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  const order = Point.Fn.ORDER;
  if (s >= order) return false;
  try {
    const a = Point.fromBytes(publicKey);
    const k = littleEndian(sha512(concatBytes(r, publicKey, message))) % order;
    const expected = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes();
    return equalBytes(expected, r);
  } catch {
    return false; // not a point of the curve
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}
