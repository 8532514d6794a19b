import { ed25519Verifies, p256Verifies } from '#signatures';

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const HALF_ORDER = P256_ORDER >> 1n;

/** Whether s <= n / 2: half of what common signers make is not, and a contract would refuse it. */
export function isLowS(signature: Uint8Array): boolean {
  return bigint(signature.subarray(32, 64)) <= HALF_ORDER;
}

/** r ‖ min(s, n - s): the one spelling that signer, verifier and contract share. 64 bytes in and out. */
export function toLowS(signature: Uint8Array): Uint8Array {
  if (isLowS(signature)) return signature;
  const low = new Uint8Array(signature);
  let s = P256_ORDER - bigint(signature.subarray(32, 64));
  for (let i = 63; i >= 32; i--) {
    low[i] = Number(s & 255n);
    s >>= 8n;
  }
  return low;
}

/**
 * ECDSA over P-256 and SHA-256, raw r ‖ s, high s refused.
 * @param publicKey  x ‖ y, 64 bytes
 * @param signature  64 bytes
 */
export function verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 64 || signature.length !== 64 || !isLowS(signature)) return false;
  return p256Verifies(publicKey, message, signature);
}

/** Ed25519, RFC 8032. @param publicKey 32 bytes @param signature 64 bytes */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  return ed25519Verifies(publicKey, message, signature);
}

function bigint(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}
