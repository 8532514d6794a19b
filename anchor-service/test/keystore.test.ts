import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { fromHex, toHex } from '@showcause/core';
import { generateKey } from '@showcause/core/node';
import { makeKeystore, openKeystore } from '../src/signers/keystore.ts';

interface Vector {
  json: {
    version: number;
    crypto: Record<string, unknown> & { kdfparams: Record<string, unknown> };
  };
  password: string;
  priv: string;
}
const { source: _, ...vectors } = JSON.parse(
  readFileSync(new URL('./data/keystore-v3.json', import.meta.url), 'utf8'),
) as Record<string, Vector>;
/** opens in no time: n is 2 */
const light = vectors['31_byte_key']!;

const code = (name: string): unknown => expect.objectContaining({ code: name });

describe('a keystore of version 3', () => {
  test.each(Object.entries(vectors))('opens the published vector %s', async (_name, vector) => {
    const { json, password, priv } = vector;
    const secret = await openKeystore(JSON.stringify(json), password);
    expect(toHex(secret)).toBe(priv.padStart(64, '0'));
  });

  test('what is made opens again, holds no secret in clear, and is what geth makes', async () => {
    const { secretKey } = generateKey('operator');
    const text = await makeKeystore(secretKey, 'päss word');
    expect(text).not.toContain(toHex(secretKey));
    expect(JSON.parse(text)).toMatchObject({
      version: 3,
      crypto: { kdf: 'scrypt', kdfparams: { n: 262144, r: 8, p: 1, dklen: 32 } },
    });
    expect(toHex(await openKeystore(text, 'päss word'))).toBe(toHex(secretKey));
    await expect(openKeystore(text, 'pass word')).rejects.toThrow(code('SIGNER_PASSWORD'));
  }, 30_000);

  test('a changed ciphertext, iv or MAC, or the address of another, is refused', async () => {
    const changed = (of: Record<string, unknown>): string =>
      JSON.stringify({ ...light.json, crypto: { ...light.json.crypto, ...of } });
    const flip = (hex: unknown): string =>
      String(hex).replace(/^./, (c) => (c === '0' ? '1' : '0'));
    for (const of of [
      { ciphertext: flip(light.json.crypto['ciphertext']) },
      { mac: flip(light.json.crypto['mac']) },
    ])
      await expect(openKeystore(changed(of), 'foo')).rejects.toThrow(code('SIGNER_PASSWORD'));
    const other = JSON.stringify({ ...light.json, address: '00'.repeat(20) });
    await expect(openKeystore(other, 'foo')).rejects.toThrow(code('SIGNER_KEYSTORE'));
    // The MAC does not cover the iv: only the address tells.
    const own = { ...light.json, address: await addressOf(light) };
    expect(await openKeystore(JSON.stringify(own), 'foo')).toHaveLength(32);
    const iv = { cipherparams: { iv: '00'.repeat(16) } };
    await expect(
      openKeystore(JSON.stringify({ ...own, crypto: { ...own.crypto, ...iv } }), 'foo'),
    ).rejects.toThrow(code('SIGNER_KEYSTORE'));
  });

  const params = (of: Record<string, unknown>): object => ({
    kdfparams: { ...light.json.crypto.kdfparams, ...of },
  });
  test.each<[string, object]>([
    ['memory beyond what is paid', params({ n: 2 ** 20, r: 8 })],
    ['work beyond what is paid', params({ n: 2 ** 18, r: 8, p: 16 })],
    ['an n that is no power of two', params({ n: 1000 })],
    ['an n of one', params({ n: 1 })],
    ['a huge n', params({ n: 2 ** 52 })],
    ['an r of none', params({ r: 0 })],
    ['a fraction of p', params({ p: 1.5 })],
    ['another length of the key', params({ dklen: 64 })],
    ['no salt', params({ salt: '' })],
    ['a salt that is no hex', params({ salt: 'xy' })],
    ['a parameter more', params({ q: 1 })],
    ['another cipher', { cipher: 'aes-128-cbc' }],
    ['another kdf', { kdf: 'argon2id' }],
    [
      'a pbkdf2 without end',
      { kdf: 'pbkdf2', kdfparams: { c: 1e9, dklen: 32, prf: 'hmac-sha256', salt: 'aa' } },
    ],
    [
      'a pbkdf2 with another hash',
      { kdf: 'pbkdf2', kdfparams: { c: 1, dklen: 32, prf: 'hmac-sha1', salt: 'aa' } },
    ],
    ['a short MAC', { mac: 'aa' }],
    ['a long ciphertext', { ciphertext: 'aa'.repeat(33) }],
    ['an empty ciphertext', { ciphertext: '' }],
    ['a short iv', { cipherparams: { iv: 'aa' } }],
    ['a member more', { hint: 'x' }],
  ])('%s is refused before anything is derived', async (_name, of) => {
    const json = { ...light.json, crypto: { ...light.json.crypto, ...of } };
    const started = performance.now();
    await expect(openKeystore(JSON.stringify(json), 'foo')).rejects.toThrow(
      code('SIGNER_KEYSTORE'),
    );
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test.each([
    ['no JSON', '{'],
    ['a name twice', '{"version":3,"version":3}'],
    ['version 1', JSON.stringify({ ...light.json, version: 1 })],
    ['no crypto', '{"version":3}'],
    ['an array', '[]'],
  ])('%s is refused', async (_name, text) => {
    await expect(openKeystore(text, 'foo')).rejects.toThrow(code('SIGNER_KEYSTORE'));
  });

  test('no scalar is made into a keystore, and none is named', async () => {
    for (const secret of [new Uint8Array(32), fromHex('ff'.repeat(32), 32)])
      await expect(makeKeystore(secret, 'x')).rejects.toThrow(
        expect.objectContaining({
          code: 'SIGNER_KEYSTORE',
          message: expect.not.stringMatching(/ffff/),
        }),
      );
  }, 30_000);
});

async function addressOf({ json, password }: Vector): Promise<string> {
  const { ethereumAccount } = await import('../src/chain/accounts.ts');
  return ethereumAccount(await openKeystore(JSON.stringify(json), password)).address.slice(2);
}
