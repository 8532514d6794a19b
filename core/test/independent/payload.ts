import { webcrypto } from 'node:crypto';
import { Buffer } from 'node:buffer';

const { subtle } = webcrypto;

/** HKDF-SHA256 without salt, 32 bytes, by WebCrypto. */
export async function hkdf(key: Uint8Array, info: string): Promise<Buffer> {
  const base = await subtle.importKey('raw', key, 'HKDF', false, ['deriveBits']);
  const algorithm = {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(0),
    info: Buffer.from(info),
  };
  return Buffer.from(await subtle.deriveBits(algorithm, base, 256));
}

/** spec/payload.md, "Sealed payload", by WebCrypto: AES-KW, then AES-GCM. */
export async function openSealed(sealed: Uint8Array, subjectKey: Uint8Array, entryId: string) {
  const wrapping = await subtle.importKey('raw', subjectKey, 'AES-KW', false, ['unwrapKey']);
  const unwrapped = await subtle.unwrapKey(
    'raw',
    sealed.slice(0, 40),
    wrapping,
    'AES-KW',
    'AES-GCM',
    true,
    ['decrypt'],
  );
  const recordKey = Buffer.from(await subtle.exportKey('raw', unwrapped));
  const payloadKey = await subtle.importKey(
    'raw',
    await hkdf(recordKey, 'showcause/payload/v1'),
    'AES-GCM',
    false,
    ['decrypt'],
  );
  const additionalData = Buffer.concat([
    Buffer.from('showcause/pay/v1'),
    Buffer.from(entryId, 'hex'),
  ]);
  const algorithm = { name: 'AES-GCM', iv: sealed.slice(40, 52), additionalData, tagLength: 128 };
  const container = Buffer.from(await subtle.decrypt(algorithm, payloadKey, sealed.slice(52)));
  return {
    recordKey,
    container,
    json: container.subarray(4, 4 + container.readUInt32BE(0)).toString(),
  };
}
