import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { toBase64Url } from './bytes.ts';

// Importing a key costs more than checking a signature, and a log has few keys.
const MAX_CACHED_KEYS = 64;
const keys = new Map<string, KeyObject | null>();

function publicKey(kind: 'P-256' | 'Ed25519', bytes: Uint8Array): KeyObject | null {
  const name = `${kind} ${toBase64Url(bytes)}`;
  const known = keys.get(name);
  if (known !== undefined) return known;
  const key = importKey(kind, bytes);
  if (keys.size >= MAX_CACHED_KEYS) keys.clear();
  keys.set(name, key);
  return key;
}

function importKey(kind: 'P-256' | 'Ed25519', bytes: Uint8Array): KeyObject | null {
  const x = toBase64Url(bytes.subarray(0, 32));
  try {
    return kind === 'P-256'
      ? createPublicKey({
          format: 'jwk',
          key: { kty: 'EC', crv: 'P-256', x, y: toBase64Url(bytes.subarray(32)) },
        })
      : createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
  } catch {
    return null; // not a point of the curve
  }
}

/** ECDSA P-256 over SHA-256(message). `publicKey` x ‖ y; `signature` r ‖ s. The caller has checked low s. */
export function p256Verifies(
  point: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const key = publicKey('P-256', point);
  return key !== null && verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/** Ed25519 (RFC 8032). */
export function ed25519Verifies(
  point: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const key = publicKey('Ed25519', point);
  return key !== null && verify(null, message, key, signature);
}
