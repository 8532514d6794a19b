import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createPublicKey, verify } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isLowS, toBase64Url, toHex, verifyEd25519, verifyP256 } from '../../src/index.ts';
import {
  ed25519KeySigner,
  ensurePassphraseFile,
  generateKey,
  keyAlgorithms,
  keyPath,
  loadOrCreateKey,
  p256Signer,
  passphraseOf,
  readKeyFile,
  readPublicKey,
  writeKeyFile,
} from '../../src/node/index.ts';
import type { KeyRole } from '../../src/node/index.ts';
import { code, readVectors } from '../vectors.ts';

const roles = Object.keys(keyAlgorithms) as KeyRole[];
const message = new TextEncoder().encode('the message');
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'showcause-keys-'));
});
afterAll(() => rmSync(dir, { recursive: true }));
let serial = 0;
const fresh = (name = 'key'): string => join(dir, `${name}-${++serial}.json`);

describe.each(roles)('a %s key', (role) => {
  test('is written with mode 0600, in secret, and read back', () => {
    const path = fresh(role);
    const key = generateKey(role);
    writeKeyFile(path, key, 'passphrase');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).not.toContain(toHex(key.secretKey).slice(0, 16));
    expect(readKeyFile(path, 'passphrase')).toStrictEqual(key);
    expect(readPublicKey(path)).toStrictEqual({ role, publicKey: key.publicKey });
    const lengths = {
      Ed25519: [32, 32],
      'P-256': [64, 32],
      secp256k1: [64, 32],
      secret: [0, 64],
    } as const;
    expect([key.publicKey.length, key.secretKey.length]).toStrictEqual(
      lengths[keyAlgorithms[role]],
    );
  });

  test('is another one each time', () => {
    expect(toHex(generateKey(role).secretKey)).not.toBe(toHex(generateKey(role).secretKey));
  });
});

describe('a key file', () => {
  const key = generateKey('producer');
  let path: string;
  let file: Record<string, unknown>;
  beforeAll(() => {
    path = fresh();
    writeKeyFile(path, key, 'passphrase');
    file = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  });
  const changed = (change: Record<string, unknown> | string): string => {
    const other = fresh('bad');
    writeFileSync(
      other,
      typeof change === 'string' ? change : JSON.stringify({ ...file, ...change }),
      { mode: 0o600 },
    );
    return other;
  };

  test('is not overwritten', () => {
    const before = readFileSync(path);
    expect(() => writeKeyFile(path, key, 'other')).toThrow(code('KEY_FILE'));
    expect(readFileSync(path)).toStrictEqual(before);
    expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toStrictEqual([]);
  });

  test('does not open with another passphrase', () => {
    for (const wrong of ['Passphrase', '', 'passphrase '])
      expect(() => readKeyFile(path, wrong)).toThrow(code('KEY_PASSPHRASE'));
  });

  test('opens with the same passphrase in another normal form', () => {
    const accented = fresh();
    writeKeyFile(accented, key, 'caf\u00e9');
    expect(readKeyFile(accented, 'cafe\u0301')).toStrictEqual(key);
  });

  test('whose public key or role was exchanged does not open', () => {
    const other = toHex(generateKey('producer').publicKey);
    expect(() => readKeyFile(changed({ publicKey: other }), 'passphrase')).toThrow(
      code('KEY_PASSPHRASE'),
    );
    const guardian = changed({ role: 'guardian', algorithm: 'secp256k1' });
    expect(() => readKeyFile(guardian, 'passphrase')).toThrow(code('KEY_PASSPHRASE'));
  });

  test('that others may read is refused', () => {
    const open = changed({});
    for (const mode of [0o640, 0o604, 0o660]) {
      chmodSync(open, mode);
      expect(() => readKeyFile(open, 'passphrase')).toThrow(code('FILE_UNSAFE'));
      expect(() => readPublicKey(open)).toThrow(code('FILE_UNSAFE'));
    }
  });

  test.each(
    Object.entries<Record<string, unknown> | string>({
      'no JSON': 'key',
      'a list': '[]',
      'a member twice': '{"v":1,"v":1}',
      'another type': { type: 'key' },
      'another version': { v: 2 },
      'an unknown role': { role: 'admin' },
      'a role of every object': { role: 'constructor' },
      'another algorithm': { algorithm: 'Ed25519' },
      'a short public key': { publicKey: '00' },
      'no kdf': { kdf: null },
      'another kdf': { kdf: { name: 'none' } },
      'another cipher': { cipher: { name: 'none', nonce: 'AAAAAAAAAAAAAAAA' } },
      'a short nonce': { cipher: { name: 'AES-256-GCM', nonce: 'AAAA' } },
      'a short secret': { secret: 'AAAA' },
      'a secret that is no string': { secret: 7 },
    }),
  )('with %s is refused', (_name, change) => {
    expect(() => readKeyFile(changed(change), 'passphrase')).toThrow(code('KEY_FILE'));
  });

  test.each([
    { N: 2 ** 21 },
    { N: 1000 },
    { N: 1 },
    { N: 0 },
    { N: 2 ** 20 },
    { N: '32768' },
    { r: 0 },
    { r: 17 },
    { p: 17 },
    { p: 0.5 },
    { salt: 'AAAA' },
  ])('with the costs %j is refused before they are paid', (cost) => {
    const kdf = { ...(file['kdf'] as object), ...cost };
    expect(() => readKeyFile(changed({ kdf }), 'passphrase')).toThrow(code('KEY_FILE'));
  });

  test('that is large or a folder is refused; one that is missing is the file system’s error', () => {
    expect(() => readKeyFile(changed('x'.repeat(65_537)), 'p')).toThrow(code('FILE_UNSAFE'));
    const folder = mkdtempSync(join(dir, 'folder-'));
    expect(() => readKeyFile(folder, 'p')).toThrow(code('FILE_UNSAFE'));
    expect(() => readKeyFile(join(dir, 'none'), 'p')).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
  });
});

describe('published key files', () => {
  const vectors = readVectors<{
    passphrase: string;
    files: { role: KeyRole; file: string; secretKey: string }[];
  }>('keys');

  test.each(vectors.files)('open: $role', ({ role, file, secretKey }) => {
    const path = fresh(role);
    writeFileSync(path, file, { mode: 0o600 });
    const key = readKeyFile(path, vectors.passphrase);
    expect({ role: key.role, secretKey: toHex(key.secretKey) }).toStrictEqual({ role, secretKey });
    if (keyAlgorithms[role] === 'Ed25519')
      expect(verifyEd25519(key.publicKey, message, ed25519KeySigner(key)(message))).toBe(true);
    if (keyAlgorithms[role] === 'P-256')
      expect(verifyP256(key.publicKey, message, p256Signer(key)(message))).toBe(true);
  });
});

describe('a key folder', () => {
  test('is made with mode 0700; its key is made once', () => {
    const folder = join(dir, 'made');
    const first = loadOrCreateKey(folder, 'log', 'passphrase');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(existsSync(keyPath(folder, 'log'))).toBe(true);
    expect(loadOrCreateKey(folder, 'log', 'passphrase')).toStrictEqual(first);
    expect(() => loadOrCreateKey(folder, 'log', 'other')).toThrow(code('KEY_PASSPHRASE'));
  });

  test('has a passphrase of 32 random bytes with mode 0600, made once', () => {
    const folder = join(dir, 'phrase');
    const first = ensurePassphraseFile(folder);
    expect(first).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(statSync(join(folder, 'passphrase')).mode & 0o777).toBe(0o600);
    expect(ensurePassphraseFile(folder)).toBe(first);
    expect(passphraseOf(folder)).toBe(first);
    expect(passphraseOf(folder, 'given')).toBe('given');
  });

  test('without a passphrase is refused', () => {
    const folder = mkdtempSync(join(dir, 'empty-'));
    writeFileSync(join(folder, 'passphrase'), '\n', { mode: 0o600 });
    expect(() => passphraseOf(folder)).toThrow(code('KEY_PASSPHRASE'));
    expect(() => passphraseOf(folder, '')).toThrow(code('KEY_PASSPHRASE'));
    chmodSync(join(folder, 'passphrase'), 0o644);
    expect(() => passphraseOf(folder)).toThrow(code('FILE_UNSAFE'));
  });
});

describe('signers', () => {
  test('P-256 signatures verify and always have low s', () => {
    const key = generateKey('producer');
    const sign = p256Signer(key);
    for (let i = 0; i < 40; i++) {
      const signature = sign(message);
      expect(isLowS(signature)).toBe(true);
      expect(verifyP256(key.publicKey, message, signature)).toBe(true);
    }
    const [x, y] = [key.publicKey.subarray(0, 32), key.publicKey.subarray(32)].map(toBase64Url);
    const jwk = { kty: 'EC', crv: 'P-256', x: x!, y: y! };
    const publicKey = createPublicKey({ format: 'jwk', key: jwk });
    expect(
      verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, sign(message)),
    ).toBe(true);
  });

  test('Ed25519 signatures verify', () => {
    const key = generateKey('log');
    expect(verifyEd25519(key.publicKey, message, ed25519KeySigner(key)(message))).toBe(true);
  });

  test('a key of another algorithm is a bug', () => {
    expect(() => p256Signer(generateKey('operator'))).toThrow(TypeError);
    expect(() => p256Signer(generateKey('log'))).toThrow(TypeError);
    expect(() => ed25519KeySigner(generateKey('producer'))).toThrow(TypeError);
    expect(() => ed25519KeySigner(generateKey('store'))).toThrow(TypeError);
  });
});
