import { Buffer } from 'node:buffer';
import {
  createCipheriv,
  createDecipheriv,
  pbkdf2,
  randomBytes,
  randomUUID,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';
import { fromHex, isJsonObject, parseJson, toHex } from '@showcause/core';
import type { Json, JsonObject } from '@showcause/core';
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { keccak256 } from 'viem/utils';
import { ethereumAccount } from '../chain/accounts.ts';
import { SignerError } from './errors.ts';

const CIPHER = 'aes-128-ctr';
const DERIVED_BYTES = 32;
/** What this program would spend on one file: geth's standard costs need 256 MiB and 2^21 of the product. */
const MAX_SCRYPT_MEMORY = 512 * 1024 * 1024;
const MAX_SCRYPT_WORK = 2 ** 24;
const MAX_PBKDF2_ROUNDS = 10_000_000;
const MAX_SALT_BYTES = 64;
/** geth's standard. */
const COSTS = { n: 262_144, r: 8, p: 1 } as const;

type Kdf =
  | { name: 'scrypt'; n: number; r: number; p: number; salt: Uint8Array }
  | { name: 'pbkdf2'; c: number; salt: Uint8Array };

interface Keystore {
  iv: Uint8Array;
  /** 30 to 32 bytes: early writers left out leading zeros */
  ciphertext: Uint8Array;
  kdf: Kdf;
  mac: Uint8Array;
  /** lower-case hex without 0x, or null where the file does not say */
  address: string | null;
}

/**
 * Opens a keystore of the Web3 Secret Storage Definition, version 3. Members that wallets add beside `crypto` are ignored;
 * inside it everything unknown is refused, and costs beyond 512 MiB, 2^24 of n·r·p or 10^7 rounds are.
 * @returns the secp256k1 scalar, 32 bytes
 * @throws {SignerError} `SIGNER_KEYSTORE`, `SIGNER_PASSWORD`
 */
export async function openKeystore(text: string, password: string): Promise<Uint8Array> {
  const keystore = parseKeystore(text);
  const key = await derive(keystore.kdf, password);
  // Before anything is decrypted: a changed ciphertext tells nothing.
  if (!timingSafeEqual(macOf(key, keystore.ciphertext), keystore.mac))
    throw new SignerError('SIGNER_PASSWORD', { got: 'another MAC' });
  const decipher = createDecipheriv(CIPHER, key.subarray(0, 16), keystore.iv);
  const plain = Buffer.concat([decipher.update(keystore.ciphertext), decipher.final()]);
  const secret = new Uint8Array(32);
  secret.set(plain, 32 - plain.length);
  const address = addressOf(secret);
  if (keystore.address !== null && keystore.address !== address)
    throw new SignerError('SIGNER_KEYSTORE', {
      got: `the key of 0x${address}`,
      want: `0x${keystore.address}`,
    });
  return secret;
}

/**
 * The same, made: scrypt with n 262,144, r 8, p 1.
 * @param secret  secp256k1 scalar, 32 bytes
 * @throws {SignerError} `SIGNER_KEYSTORE` for what is no scalar
 */
export async function makeKeystore(secret: Uint8Array, password: string): Promise<string> {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const key = await derive({ name: 'scrypt', ...COSTS, salt }, password);
  const cipher = createCipheriv(CIPHER, key.subarray(0, 16), iv);
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]);
  const keystore = {
    version: 3,
    id: randomUUID(),
    address: addressOf(secret),
    crypto: {
      cipher: CIPHER,
      cipherparams: { iv: toHex(iv) },
      ciphertext: toHex(ciphertext),
      kdf: 'scrypt',
      kdfparams: { dklen: DERIVED_BYTES, ...COSTS, salt: toHex(salt) },
      mac: macOf(key, ciphertext).toString('hex'),
    },
  };
  return `${JSON.stringify(keystore, null, 2)}\n`;
}

const pbkdf2Key = promisify(pbkdf2);

async function derive(kdf: Kdf, password: string): Promise<Buffer> {
  if (kdf.name === 'pbkdf2')
    return await pbkdf2Key(password, kdf.salt, kdf.c, DERIVED_BYTES, 'sha256');
  const { n: N, r, p } = kdf;
  // Not the runtime's: OpenSSL refuses n of 2^16 and more with an r of 1, which the definition's own vector has.
  const maxmem = 2 * MAX_SCRYPT_MEMORY;
  return Buffer.from(
    await scryptAsync(password, kdf.salt, { N, r, p, dkLen: DERIVED_BYTES, maxmem }),
  );
}

/** keccak256(second half of the derived key ‖ ciphertext). */
function macOf(key: Uint8Array, ciphertext: Uint8Array): Buffer {
  return Buffer.from(keccak256(Buffer.concat([key.subarray(16, 32), ciphertext]), 'bytes'));
}

function addressOf(secret: Uint8Array): string {
  try {
    return ethereumAccount(secret).address.slice(2).toLowerCase();
  } catch {
    // What viem throws may hold the scalar.
    return refuse('no scalar of secp256k1');
  }
}

function parseKeystore(text: string): Keystore {
  try {
    const file = object(parseJson(text));
    if (file['version'] !== 3) refuse('another version');
    const crypto = members(file['crypto'], [
      'cipher',
      'cipherparams',
      'ciphertext',
      'kdf',
      'kdfparams',
      'mac',
    ]);
    if (crypto['cipher'] !== CIPHER) refuse('another cipher');
    const { address = null } = file;
    return {
      iv: bytes(members(crypto['cipherparams'], ['iv'])['iv'], 16, 16),
      ciphertext: bytes(crypto['ciphertext'], 30, 32),
      kdf: kdfOf(crypto),
      mac: bytes(crypto['mac'], 32, 32),
      address: address === null ? null : toHex(bytes(address, 20, 20)),
    };
  } catch (cause) {
    if (cause instanceof SignerError) throw cause;
    // The text is not quoted, and neither is what the parser says of it.
    return refuse('no strict JSON');
  }
}

function kdfOf({ kdf, kdfparams }: JsonObject): Kdf {
  if (kdf === 'pbkdf2') {
    const { c, dklen, prf, salt } = members(kdfparams, ['c', 'dklen', 'prf', 'salt']);
    if (prf !== 'hmac-sha256' || dklen !== DERIVED_BYTES) refuse('other parameters of pbkdf2');
    return { name: kdf, c: count(c, MAX_PBKDF2_ROUNDS), salt: bytes(salt, 1, MAX_SALT_BYTES) };
  }
  if (kdf !== 'scrypt') return refuse('another kdf');
  const params = members(kdfparams, ['dklen', 'n', 'r', 'p', 'salt']);
  if (params['dklen'] !== DERIVED_BYTES) refuse('another dklen');
  const n = count(params['n'], 2 ** 30);
  const r = count(params['r'], 2 ** 10);
  const p = count(params['p'], 2 ** 10);
  if (
    n < 2 ||
    !Number.isInteger(Math.log2(n)) ||
    128 * n * r > MAX_SCRYPT_MEMORY ||
    n * r * p > MAX_SCRYPT_WORK
  )
    refuse('costs of scrypt that this program does not pay');
  return { name: kdf, n, r, p, salt: bytes(params['salt'], 1, MAX_SALT_BYTES) };
}

function object(value: Json | undefined): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : refuse('another form');
}

/** Exactly these members. */
function members(value: Json | undefined, names: readonly string[]): JsonObject {
  const found = object(value);
  const given = Object.keys(found);
  if (given.length !== names.length || !names.every((name) => Object.hasOwn(found, name)))
    refuse(`members ${given.join(', ').slice(0, 200)}`, names.join(', '));
  return found;
}

function bytes(value: Json | undefined, least: number, most: number): Uint8Array {
  const hex = typeof value === 'string' ? value.replace(/^0x/, '').toLowerCase() : '';
  if (!/^([0-9a-f]{2})+$/.test(hex) || hex.length < 2 * least || hex.length > 2 * most)
    return refuse('a value that is not hex of its length');
  return fromHex(hex, hex.length / 2);
}

function count(value: Json | undefined, most: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most
    ? value
    : refuse('a cost that is no whole number in range');
}

function refuse(got: string, want = 'a keystore of version 3'): never {
  throw new SignerError('SIGNER_KEYSTORE', { got, want });
}
