import { createCipheriv, scryptSync } from 'node:crypto';
import * as w from './world.mjs';
import { toBase64, toHex } from './world.mjs';

const passphrase = 'correct horse café';
const salt = new Uint8Array(16).fill(0x51);
const nonce = new Uint8Array(12).fill(0x61);
const costs = { N: 32_768, r: 8, p: 1 };

function keyFile(role, algorithm, publicKey, secretKey) {
  const key = scryptSync(passphrase.normalize('NFC'), salt, 32, { ...costs, maxmem: 2 ** 26 });
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(`showcause/key/v1 ${role} ${toHex(publicKey)}`));
  const secret = Buffer.concat([cipher.update(secretKey), cipher.final(), cipher.getAuthTag()]);
  const file = {
    v: 1,
    type: 'showcause/key',
    role,
    algorithm,
    publicKey: toHex(publicKey),
    kdf: { name: 'scrypt', ...costs, salt: toBase64(salt) },
    cipher: { name: 'AES-256-GCM', nonce: toBase64(nonce) },
    secret: toBase64(secret),
  };
  return { role, file: `${JSON.stringify(file, null, 2)}\n`, secretKey: toHex(secretKey) };
}

export function keys() {
  return {
    comment:
      'Key files of fixed keys, all under one passphrase, salt and nonce; in use salt and nonce are drawn for each file.',
    passphrase,
    files: [
      keyFile('log', 'Ed25519', w.logKey.publicKey, w.logKey.seed),
      keyFile('producer', 'P-256', w.producerKey.publicKey, w.producerKey.scalar),
      keyFile('store', 'secret', new Uint8Array(0), new Uint8Array(64).fill(0x71)),
    ],
  };
}
