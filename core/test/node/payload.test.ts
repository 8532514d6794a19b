import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_SEALED_BYTES, fromHex, sha256, toHex } from '../../src/index.ts';
import type { JsonObject } from '../../src/index.ts';
import {
  claimSalts,
  decodeContainer,
  deriveRecordKeys,
  encodeContainer,
  newRecordKeys,
  openPayload,
  sealPayload,
  unwrapKey,
  vectorSalts,
  wrapKey,
} from '../../src/node/index.ts';
import { salts as independentSalts } from '../independent/claims.ts';
import { hkdf, openSealed } from '../independent/payload.ts';
import { code, readVectors } from '../vectors.ts';

const v = readVectors<{
  recordKey: string;
  payloadKey: string;
  saltKey: string;
  salts: string[];
  vectorSalts: { slot: number; salts: string[] };
  subjectKey: string;
  wrappedKey: string;
  entryId: string;
  nonce: string;
  container: JsonObject;
  containerBytes: string;
  containerHash: string;
  sealed: string;
  sealedHash: string;
  refusedContainers: { name: string; code: string; container: string }[];
  refused: { name: string; code: string; sealed: string; subjectKey: string; entryId: string }[];
}>('payload');
const keys = deriveRecordKeys(fromHex(v.recordKey));
const subjectKey = fromHex(v.subjectKey);

describe('keys of a record', () => {
  test('payload and salt key follow from the record key, also by WebCrypto', async () => {
    expect(toHex(keys.payloadKey)).toBe(v.payloadKey);
    expect(toHex(keys.saltKey)).toBe(v.saltKey);
    expect((await hkdf(fromHex(v.recordKey), 'showcause/payload/v1')).toString('hex')).toBe(
      v.payloadKey,
    );
    expect((await hkdf(fromHex(v.recordKey), 'showcause/salt/v1')).toString('hex')).toBe(v.saltKey);
  });

  test('salts follow from the salt key, also by WebCrypto', async () => {
    expect(toHex(claimSalts(keys.saltKey, v.salts.length))).toBe(v.salts.join(''));
    expect(await independentSalts(fromHex(v.saltKey), v.salts.length)).toStrictEqual(v.salts);
    const { slot, salts } = v.vectorSalts;
    expect(toHex(vectorSalts(keys.saltKey, slot, salts.length))).toBe(salts.join(''));
    const vectorKey = await hkdf(fromHex(v.saltKey), `showcause/salt/v1/${slot}`);
    expect(await independentSalts(vectorKey, salts.length)).toStrictEqual(salts);
  });

  test('the record key is wrapped by RFC 3394, whose own vector holds', () => {
    expect(toHex(wrapKey(fromHex(v.recordKey), subjectKey))).toBe(v.wrappedKey);
    // RFC 3394 section 4.6: 256 bits of key data with a 256-bit key encryption key.
    const kek = fromHex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
    const data = fromHex('00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f');
    const wrapped =
      '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21';
    expect(toHex(wrapKey(data, kek))).toBe(wrapped);
    expect(toHex(unwrapKey(fromHex(wrapped), kek))).toBe(toHex(data));
    expect(() => unwrapKey(fromHex(wrapped), data)).toThrow();
  });

  test('two records never share a key', () => {
    expect(toHex(newRecordKeys().recordKey)).not.toBe(toHex(newRecordKeys().recordKey));
  });
});

describe('the container', () => {
  test('has these bytes', () => {
    expect(toHex(encodeContainer(v.container))).toBe(v.containerBytes);
    expect(toHex(sha256(fromHex(v.containerBytes)))).toBe(v.containerHash);
    expect(decodeContainer(fromHex(v.containerBytes))).toStrictEqual(v.container);
  });

  test.each([
    [1012, 1024],
    [1013, 2048],
  ])('a document of %i more characters is padded to %i bytes', (pad, length) => {
    const bytes = encodeContainer({ a: 'x'.repeat(pad) });
    expect(bytes).toHaveLength(length);
    expect(decodeContainer(bytes)).toStrictEqual({ a: 'x'.repeat(pad) });
  });

  test.each(v.refusedContainers)('with $name is refused', ({ code: want, container }) => {
    expect(() => decodeContainer(fromHex(container))).toThrow(code(want));
  });
});

describe('the sealed payload', () => {
  test('opens', () => {
    const { container, keys: opened } = openPayload(fromHex(v.sealed), subjectKey, v.entryId);
    expect(toHex(container)).toBe(v.containerBytes);
    expect(opened).toStrictEqual(keys);
    expect(toHex(sha256(fromHex(v.sealed)))).toBe(v.sealedHash);
  });

  test('opens by WebCrypto, and what we seal does too', async () => {
    const ours = sealPayload(encodeContainer(v.container), keys, subjectKey, v.entryId);
    for (const sealed of [fromHex(v.sealed), ours]) {
      const opened = await openSealed(sealed, subjectKey, v.entryId);
      expect(opened.recordKey.toString('hex')).toBe(v.recordKey);
      expect(opened.container.toString('hex')).toBe(v.containerBytes);
      expect(JSON.parse(opened.json)).toStrictEqual(v.container);
    }
    expect(ours).toHaveLength(fromHex(v.sealed).length);
    expect(toHex(ours.subarray(40, 52))).not.toBe(v.nonce);
  });

  test.each(v.refused)(
    'with $name is refused with $code',
    ({ code: want, sealed, subjectKey, entryId }) => {
      expect(() => openPayload(fromHex(sealed), fromHex(subjectKey), entryId)).toThrow(code(want));
    },
  );

  test('with any bit changed is refused', () => {
    fc.assert(
      fc.property(fc.nat(v.sealed.length * 4 - 1), (bit) => {
        const changed = fromHex(v.sealed);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => openPayload(changed, subjectKey, v.entryId)).toThrow(code('PAYLOAD_KEY'));
      }),
      { numRuns: 300 },
    );
  });

  test('is at most 512 KiB, on both sides', () => {
    const most = new Uint8Array(511 * 1024);
    const sealed = sealPayload(most, keys, subjectKey, v.entryId);
    expect(openPayload(sealed, subjectKey, v.entryId).container).toStrictEqual(most);
    expect(() => sealPayload(new Uint8Array(512 * 1024), keys, subjectKey, v.entryId)).toThrow(
      code('PAYLOAD_SIZE'),
    );
    expect(() => openPayload(new Uint8Array(MAX_SEALED_BYTES + 1), subjectKey, v.entryId)).toThrow(
      code('PAYLOAD_MALFORMED'),
    );
  });
});
