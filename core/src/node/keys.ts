import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  scryptSync,
  sign,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fromBase64, fromBase64Url, fromHex, toBase64, toBase64Url, toHex } from '../bytes.ts';
import { ShowcauseError } from '../errors.ts';
import { isJsonObject, parseJson } from '../json.ts';
import { toLowS } from '../signatures.ts';
import { readSecretFile, writeFileDurably } from './files.ts';

/** Roles of design section 7.1, and the two symmetric keys beside the middleware. */
export const keyAlgorithms = {
  log: 'Ed25519',
  registrar: 'Ed25519',
  producer: 'P-256',
  operator: 'secp256k1',
  countersigner: 'secp256k1',
  guardian: 'secp256k1',
  authoriser: 'secp256k1',
  /** 64 random bytes: AES-256 key that wraps subject keys ‖ HMAC key of pseudonyms */
  store: 'secret',
} as const;
export type KeyRole = keyof typeof keyAlgorithms;

export interface KeyPair {
  role: KeyRole;
  /** Ed25519 32 bytes; P-256 and secp256k1 x ‖ y, 64 bytes; secret: empty */
  publicKey: Uint8Array;
  /** Ed25519 seed, P-256 and secp256k1 scalar: 32 bytes; secret: 64 bytes */
  secretKey: Uint8Array;
}

/** Fresh key material from the system's random source. */
export function generateKey(role: KeyRole): KeyPair {
  const algorithm = keyAlgorithms[role];
  if (algorithm === 'secret') return { role, publicKey: new Uint8Array(0), secretKey: new Uint8Array(randomBytes(64)) };
  if (algorithm === 'Ed25519') {
    const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
    return { role, publicKey: fromBase64Url(jwk.x!, 32), secretKey: fromBase64Url(jwk.d!, 32) };
  }
  const ecdh = createECDH(algorithm === 'P-256' ? 'prime256v1' : 'secp256k1');
  ecdh.generateKeys();
  const secretKey = new Uint8Array(32);
  const scalar = ecdh.getPrivateKey();
  secretKey.set(scalar, 32 - scalar.length);
  return { role, publicKey: new Uint8Array(ecdh.getPublicKey().subarray(1)), secretKey };
}

const SCRYPT = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const;

/**
 * Writes `<role>.json` with mode 0600: the public key in clear, the secret under
 * AES-256-GCM with a key from scrypt(passphrase). Refuses to overwrite.
 * @throws {ShowcauseError} `KEY_FILE` when the file is there already
 */
export function writeKeyFile(path: string, key: KeyPair, passphrase: string): void {
  if (existsSync(path)) throw new ShowcauseError('KEY_FILE', { got: `an existing file at ${path}`, want: 'a new path' });
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', derive(passphrase, salt, SCRYPT), nonce);
  cipher.setAAD(Buffer.from(`showcause/key/v1 ${key.role} ${toHex(key.publicKey)}`));
  const secret = Buffer.concat([cipher.update(key.secretKey), cipher.final(), cipher.getAuthTag()]);
  const file = {
    v: 1,
    type: 'showcause/key',
    role: key.role,
    algorithm: keyAlgorithms[key.role],
    publicKey: toHex(key.publicKey),
    kdf: { name: 'scrypt', N: SCRYPT.N, r: SCRYPT.r, p: SCRYPT.p, salt: toBase64(salt) },
    cipher: { name: 'AES-256-GCM', nonce: toBase64(nonce) },
    secret: toBase64(secret),
  };
  writeFileDurably(path, `${JSON.stringify(file, null, 2)}\n`, 0o600);
}

/** @throws {ShowcauseError} `KEY_FILE`, `KEY_PASSPHRASE`, `FILE_UNSAFE` */
export function readKeyFile(path: string, passphrase: string): KeyPair {
  const file = parseKeyFile(path);
  const key = derive(passphrase, fromBase64(file.salt, 16), file.kdf);
  const bytes = fromBase64(file.secret);
  const decipher = createDecipheriv('aes-256-gcm', key, fromBase64(file.nonce, 12));
  decipher.setAAD(Buffer.from(`showcause/key/v1 ${file.role} ${file.publicKey}`));
  decipher.setAuthTag(bytes.subarray(bytes.length - 16));
  try {
    const secret = Buffer.concat([decipher.update(bytes.subarray(0, bytes.length - 16)), decipher.final()]);
    return { role: file.role, publicKey: fromHex(file.publicKey), secretKey: new Uint8Array(secret) };
  } catch {
    throw new ShowcauseError('KEY_PASSPHRASE', { got: path });
  }
}

/** The public half alone; needs no passphrase. @throws {ShowcauseError} `KEY_FILE` */
export function readPublicKey(path: string): { role: KeyRole; publicKey: Uint8Array } {
  const file = parseKeyFile(path);
  return { role: file.role, publicKey: fromHex(file.publicKey) };
}

/** `<dir>/<role>.json` */
export function keyPath(dir: string, role: KeyRole): string {
  return join(dir, `${role}.json`);
}

/** Reads the role's key of a key folder, or makes it. The folder is made with mode 0700. */
export function loadOrCreateKey(dir: string, role: KeyRole, passphrase: string): KeyPair {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = keyPath(dir, role);
  if (!existsSync(path)) writeKeyFile(path, generateKey(role), passphrase);
  return readKeyFile(path, passphrase);
}

/** The folder's passphrase: what the caller gives, else the 0600 file `<dir>/passphrase`. */
export function passphraseOf(dir: string, given?: string): string {
  if (given !== undefined) return given;
  return readSecretFile(join(dir, 'passphrase')).toString('utf8').trimEnd();
}

/** Makes `<dir>/passphrase` with 32 random bytes unless it is there. Convenient for development; production brings its own. */
export function ensurePassphraseFile(dir: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, 'passphrase');
  if (!existsSync(path)) writeFileDurably(path, `${toBase64Url(randomBytes(32))}\n`, 0o600);
  return passphraseOf(dir);
}

/** Signs P-256 over SHA-256(message): raw r ‖ s, low s. */
export function p256Signer(key: KeyPair): (message: Uint8Array) => Uint8Array {
  const secret = privateKey(key);
  return (message) => toLowS(new Uint8Array(sign('sha256', message, { key: secret, dsaEncoding: 'ieee-p1363' })));
}

/** Signs Ed25519 (RFC 8032). */
export function ed25519KeySigner(key: KeyPair): (message: Uint8Array) => Uint8Array {
  const secret = privateKey(key);
  return (message) => new Uint8Array(sign(null, message, secret));
}

function privateKey(key: KeyPair): KeyObject {
  const d = toBase64Url(key.secretKey);
  const x = toBase64Url(key.publicKey.subarray(0, 32));
  return keyAlgorithms[key.role] === 'Ed25519'
    ? createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x, d } })
    : createPrivateKey({
        format: 'jwk',
        key: { kty: 'EC', crv: 'P-256', x, y: toBase64Url(key.publicKey.subarray(32)), d },
      });
}

/** The Ed25519 public key of a 32-byte seed. */
export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  const prefix = fromHex('302e020100300506032b657004220420');
  const key = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' });
  return fromBase64Url(createPublicKey(key).export({ format: 'jwk' }).x!, 32);
}

interface Kdf {
  N: number;
  r: number;
  p: number;
}

function derive(passphrase: string, salt: Uint8Array, kdf: Kdf): Buffer {
  return scryptSync(passphrase.normalize('NFC'), salt, 32, { N: kdf.N, r: kdf.r, p: kdf.p, maxmem: SCRYPT.maxmem });
}

function parseKeyFile(path: string): { role: KeyRole; publicKey: string; kdf: Kdf; salt: string; nonce: string; secret: string } {
  const value = parseJson(readSecretFile(path).toString('utf8'));
  const bad = (want: string): never => {
    throw new ShowcauseError('KEY_FILE', { got: path, want });
  };
  if (!isJsonObject(value) || value['type'] !== 'showcause/key' || value['v'] !== 1) return bad('a showcause/key of version 1');
  const { role, publicKey, kdf, cipher, secret } = value;
  if (typeof role !== 'string' || !Object.hasOwn(keyAlgorithms, role)) return bad('a known role');
  if (kdf === undefined || cipher === undefined || !isJsonObject(kdf) || !isJsonObject(cipher)) return bad('kdf and cipher');
  const { N, r, p, salt } = kdf;
  const { nonce } = cipher;
  if (typeof N !== 'number' || typeof r !== 'number' || typeof p !== 'number' || N > 2 ** 20 || r > 16 || p > 16) return bad('sane scrypt costs');
  if (typeof publicKey !== 'string' || typeof salt !== 'string' || typeof nonce !== 'string' || typeof secret !== 'string') return bad('strings');
  return { role: role as KeyRole, publicKey, kdf: { N, r, p }, salt, nonce, secret };
}
