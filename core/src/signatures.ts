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
export function verifyP256(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 64 || signature.length !== 64 || !isLowS(signature)) return false;
  return p256Verifies(publicKey, message, signature);
}

/**
 * Ed25519 by RFC 8032 section 5.1.7 without the cofactor, and stricter: public keys of small order (one
 * signature then fits many messages) and non-canonical ones are refused. One verdict in every runtime.
 * @param publicKey  32 bytes
 * @param signature  64 bytes
 */
export function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64 || isWeakEd25519(publicKey)) return false;
  return ed25519Verifies(publicKey, message, signature);
}

const FIELD_25519 = 2n ** 255n - 19n;
/** The y coordinates of the eight points of small order. */
const SMALL_ORDER_Y = new Set([
  0n,
  1n,
  FIELD_25519 - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
]);

function isWeakEd25519(publicKey: Uint8Array): boolean {
  const y = bigint(Uint8Array.from(publicKey).reverse()) & (2n ** 255n - 1n);
  return y >= FIELD_25519 || SMALL_ORDER_Y.has(y);
}

function bigint(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}
