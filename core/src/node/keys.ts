import { Buffer } from 'node:buffer';
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  scryptSync,
  sign,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  fromBase64,
  fromBase64Url,
  fromHex,
  fromUtf8,
  toBase64,
  toBase64Url,
  toHex,
} from '../bytes.ts';
import { ShowcauseError } from '../errors.ts';
import { isJsonObject, parseJson } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { toLowS } from '../signatures.ts';
import { createFileDurably, makeDirectories, readSecretFile } from './files.ts';

/** Each role and its algorithm: one key, one role. The layout on disk is spec/keys.md. */
export const keyAlgorithms = {
  log: 'Ed25519',
  registrar: 'Ed25519',
  producer: 'P-256',
  operator: 'secp256k1',
  countersigner: 'secp256k1',
  guardian: 'secp256k1',
  proposer: 'secp256k1',
  authoriser: 'secp256k1',
  /** 64 random bytes: AES-256 key that wraps subject keys ‖ HMAC key of pseudonyms */
  store: 'secret',
} as const;
export type KeyRole = keyof typeof keyAlgorithms;

const publicKeyBytes = { Ed25519: 32, 'P-256': 64, secp256k1: 64, secret: 0 } as const;
const TAG_BYTES = 16;

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
  if (algorithm === 'secret')
    return { role, publicKey: new Uint8Array(0), secretKey: new Uint8Array(randomBytes(64)) };
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
  if (!createFileDurably(path, formatKeyFile(key, passphrase), 0o600))
    throw new ShowcauseError('KEY_FILE', {
      got: `an existing file at ${path}`,
      want: 'a new path',
    });
}

function formatKeyFile(key: KeyPair, passphrase: string): string {
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
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** @throws {ShowcauseError} `KEY_FILE`, `KEY_PASSPHRASE`, `FILE_UNSAFE` */
export function readKeyFile(path: string, passphrase: string): KeyPair {
  const file = parseKeyFile(path);
  const key = derive(passphrase, file.salt, file.kdf);
  const decipher = createDecipheriv('aes-256-gcm', key, file.nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(`showcause/key/v1 ${file.role} ${toHex(file.publicKey)}`));
  const body = file.secret.subarray(0, file.secret.length - TAG_BYTES);
  decipher.setAuthTag(file.secret.subarray(file.secret.length - TAG_BYTES));
  try {
    const secretKey = new Uint8Array(Buffer.concat([decipher.update(body), decipher.final()]));
    return { role: file.role, publicKey: file.publicKey, secretKey };
  } catch {
    throw new ShowcauseError('KEY_PASSPHRASE', { got: path });
  }
}

/** The public half alone; needs no passphrase. @throws {ShowcauseError} `KEY_FILE`, `FILE_UNSAFE` */
export function readPublicKey(path: string): { role: KeyRole; publicKey: Uint8Array } {
  const { role, publicKey } = parseKeyFile(path);
  return { role, publicKey };
}

/** `<dir>/<role>.json` */
export function keyPath(dir: string, role: KeyRole): string {
  return join(dir, `${role}.json`);
}

/** Reads the role's key of a key folder, or makes it. The folder is made with mode 0700. */
export function loadOrCreateKey(dir: string, role: KeyRole, passphrase: string): KeyPair {
  makeDirectories(dir, 0o700);
  const path = keyPath(dir, role);
  // Of two processes at once one makes the file; both read the one that is there.
  if (!existsSync(path))
    createFileDurably(path, formatKeyFile(generateKey(role), passphrase), 0o600);
  return readKeyFile(path, passphrase);
}

/**
 * The folder's passphrase: what the caller gives, else the 0600 file `<dir>/passphrase`.
 * @throws {ShowcauseError} `KEY_PASSPHRASE` when it is empty; `FILE_UNSAFE`
 */
export function passphraseOf(dir: string, given?: string): string {
  const passphrase = given ?? readSecretFile(join(dir, 'passphrase')).toString('utf8').trimEnd();
  if (passphrase === '') throw new ShowcauseError('KEY_PASSPHRASE', { got: 'an empty passphrase' });
  return passphrase;
}

/** Makes `<dir>/passphrase` with 32 random bytes unless it is there. Convenient for development; production brings its own. */
export function ensurePassphraseFile(dir: string): string {
  makeDirectories(dir, 0o700);
  const path = join(dir, 'passphrase');
  if (!existsSync(path)) createFileDurably(path, `${toBase64Url(randomBytes(32))}\n`, 0o600);
  return passphraseOf(dir);
}

/** Signs P-256 over SHA-256(message): raw r ‖ s, low s. @throws {TypeError} for the key of another algorithm */
export function p256Signer(key: KeyPair): (message: Uint8Array) => Uint8Array {
  const secret = privateKey(key, 'P-256');
  return (message) =>
    toLowS(new Uint8Array(sign('sha256', message, { key: secret, dsaEncoding: 'ieee-p1363' })));
}

/** Signs Ed25519 (RFC 8032). @throws {TypeError} for the key of another algorithm */
export function ed25519KeySigner(key: KeyPair): (message: Uint8Array) => Uint8Array {
  const secret = privateKey(key, 'Ed25519');
  return (message) => new Uint8Array(sign(null, message, secret));
}

function privateKey(key: KeyPair, algorithm: 'P-256' | 'Ed25519'): KeyObject {
  if (keyAlgorithms[key.role] !== algorithm)
    throw new TypeError(`got a ${key.role} key, want ${algorithm}`);
  const d = toBase64Url(key.secretKey);
  const x = toBase64Url(key.publicKey.subarray(0, 32));
  return algorithm === 'Ed25519'
    ? createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x, d } })
    : createPrivateKey({
        format: 'jwk',
        key: { kty: 'EC', crv: 'P-256', x, y: toBase64Url(key.publicKey.subarray(32)), d },
      });
}

interface Kdf {
  N: number;
  r: number;
  p: number;
}

function derive(passphrase: string, salt: Uint8Array, kdf: Kdf): Buffer {
  return scryptSync(passphrase.normalize('NFC'), salt, 32, {
    N: kdf.N,
    r: kdf.r,
    p: kdf.p,
    maxmem: SCRYPT.maxmem,
  });
}

interface KeyFile {
  role: KeyRole;
  publicKey: Uint8Array;
  kdf: Kdf;
  salt: Uint8Array;
  nonce: Uint8Array;
  /** ciphertext ‖ tag */
  secret: Uint8Array;
}

function parseKeyFile(path: string): KeyFile {
  try {
    const file = fields(parseJson(fromUtf8(readSecretFile(path))));
    const { role } = file;
    if (file['type'] !== 'showcause/key' || file['v'] !== 1)
      throw new RangeError('a showcause/key of version 1');
    if (typeof role !== 'string' || !isKeyRole(role)) throw new RangeError('a known role');
    const algorithm = keyAlgorithms[role];
    const kdf = fields(file['kdf']);
    const cipher = fields(file['cipher']);
    if (
      file['algorithm'] !== algorithm ||
      kdf['name'] !== 'scrypt' ||
      cipher['name'] !== 'AES-256-GCM'
    )
      throw new RangeError('the algorithms of its role');
    return {
      role,
      publicKey: fromHex(text(file['publicKey']), publicKeyBytes[algorithm]),
      kdf: costs(kdf),
      salt: fromBase64(text(kdf['salt']), 16),
      nonce: fromBase64(text(cipher['nonce']), 12),
      secret: fromBase64(text(file['secret']), (algorithm === 'secret' ? 64 : 32) + TAG_BYTES),
    };
  } catch (cause) {
    if (cause instanceof ShowcauseError && cause.code === 'FILE_UNSAFE') throw cause;
    if (cause instanceof ShowcauseError || cause instanceof RangeError)
      throw new ShowcauseError('KEY_FILE', { got: path, want: 'a key file of version 1', cause });
    throw cause; // the file system's own
  }
}

/** Costs that this program would pay: a power of two, at most 64 MiB. */
function costs({ N, r, p }: JsonObject): Kdf {
  const sane =
    isCost(N, 2 ** 20) &&
    Number.isInteger(Math.log2(N)) &&
    N > 1 &&
    isCost(r, 16) &&
    isCost(p, 16) &&
    128 * N * r < SCRYPT.maxmem;
  if (!sane) throw new RangeError('sane scrypt costs');
  return { N, r, p };
}

function isCost(value: Json | undefined, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
}

function isKeyRole(role: string): role is KeyRole {
  return Object.hasOwn(keyAlgorithms, role);
}

function fields(value: Json | undefined): JsonObject {
  if (value === undefined || !isJsonObject(value)) throw new RangeError('an object');
  return value;
}

function text(value: Json | undefined): string {
  if (typeof value !== 'string') throw new RangeError('a string');
  return value;
}
