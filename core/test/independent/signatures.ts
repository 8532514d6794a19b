import { createPublicKey, verify, webcrypto } from 'node:crypto';

/** P-256 by WebCrypto. @param key  x ‖ y @param signature  r ‖ s */
export async function p256Verifies(
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const point = Buffer.concat([Buffer.of(4), key]);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const publicKey = await webcrypto.subtle.importKey('raw', point, algorithm, false, ['verify']);
  return webcrypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, publicKey, signature, message);
}

/** Ed25519 by node:crypto, the key as DER. @param key  32 bytes */
export function ed25519Verifies(
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key]);
  return verify(
    null,
    message,
    createPublicKey({ key: der, format: 'der', type: 'spki' }),
    signature,
  );
}
