import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decodePromise,
  decodeSignedPromise,
  encodePromise,
  encodeSignedPromise,
  fromHex,
  leafHash,
  toHex,
  utf8,
  verifyPromise,
  verifyPromised,
  verifyPromisedEntry,
} from '../src/index.ts';
import type { PromiseTerms, SignedPromise } from '../src/index.ts';
import { auditPath, leafHash as independentLeaf, sha256, treeHash } from './independent/hash.ts';
import { readPromise } from './independent/promise.ts';
import { p256Verifies } from './independent/signatures.ts';
import { code, readVectors } from './vectors.ts';

interface Terms extends Omit<PromiseTerms, 'logId' | 'keyId' | 'batchRoot'> {
  logId: string;
  keyId: string;
  batchRoot: string;
}
interface Member {
  entry: string;
  leaf: string;
  index: number;
  path: string[];
}
const vectors = readVectors<{
  logId: string;
  publicKey: string;
  keyId: string;
  valid: { terms: Terms; bytes: string; signature: string }[];
  members: Member[];
  refused: {
    name: string;
    step: 'decode' | 'verify';
    code: string;
    bytes: string;
    signature: string;
  }[];
  refusedMembers: (Member & { name: string; code: string; promise?: number })[];
}>('promise');
const logId = fromHex(vectors.logId);
const publicKey = fromHex(vectors.publicKey);
const terms = ({ logId, keyId, batchRoot, ...rest }: Terms): PromiseTerms => ({
  logId: fromHex(logId),
  keyId: fromHex(keyId),
  ...rest,
  batchRoot: fromHex(batchRoot),
});
const signedOf = (bytes: string, signature: string): SignedPromise => ({
  promise: decodePromise(fromHex(bytes)),
  bytes: fromHex(bytes),
  signature: fromHex(signature),
});
const signed = signedOf(vectors.valid[0]!.bytes, vectors.valid[0]!.signature);

describe.each(vectors.valid)('the promise from seq $terms.firstSeq', (row) => {
  test('encodes and decodes', () => {
    expect(toHex(encodePromise(terms(row.terms)))).toBe(row.bytes);
    expect(decodePromise(fromHex(row.bytes))).toStrictEqual(terms(row.terms));
  });

  test('its signature verifies, also by WebCrypto', async () => {
    expect(() => verifyPromise(signedOf(row.bytes, row.signature), logId, publicKey)).not.toThrow();
    expect(await p256Verifies(publicKey, fromHex(row.bytes), fromHex(row.signature))).toBe(true);
  });

  test('reads the same by the table of offsets', () => {
    expect(readPromise(fromHex(row.bytes))).toStrictEqual({
      label: 'showcause/prm/v1',
      ...row.terms,
      length: 148,
    });
  });

  test('travels as 212 bytes', () => {
    const whole = encodeSignedPromise(signedOf(row.bytes, row.signature));
    expect(toHex(whole)).toBe(row.bytes + row.signature);
    expect(decodeSignedPromise(whole)).toStrictEqual(signedOf(row.bytes, row.signature));
  });
});

test('the key id is SHA-256 of x and y', () => {
  expect(sha256(publicKey).toString('hex')).toBe(vectors.keyId);
});

test('every member is promised, and leaves, paths and batch root follow by the independent path', () => {
  const leaves = vectors.members.map(({ entry }) => independentLeaf(entry));
  expect(treeHash(leaves).toString('hex')).toBe(vectors.valid[0]!.terms.batchRoot);
  for (const { entry, leaf, index, path } of vectors.members) {
    expect(leaves[index]!.toString('hex')).toBe(leaf);
    expect(auditPath(index, leaves).map((hash) => hash.toString('hex'))).toStrictEqual(path);
    const parsed = verifyPromisedEntry(
      signed.promise,
      utf8(entry),
      index,
      path.map((hash) => fromHex(hash)),
    );
    expect(parsed.kind).toBe('known');
    expect(() =>
      verifyPromised(
        signed.promise,
        fromHex(leaf),
        index,
        path.map((hash) => fromHex(hash)),
      ),
    ).not.toThrow();
  }
});

test.each(vectors.refused)(
  'a promise with $name is refused with $code',
  ({ step, code: want, bytes, signature }) => {
    if (step === 'decode') expect(() => decodePromise(fromHex(bytes))).toThrow(code(want));
    else
      expect(() => verifyPromise(signedOf(bytes, signature), logId, publicKey)).toThrow(code(want));
  },
);

test('the high-s signature is one that ECDSA itself accepts', async () => {
  const { bytes, signature } = vectors.refused.find(({ name }) => name === 'high s')!;
  expect(await p256Verifies(publicKey, fromHex(bytes), fromHex(signature))).toBe(true);
});

test.each(vectors.refusedMembers)(
  '$name is refused with $code',
  ({ code: want, entry, index, path, promise = 0 }) => {
    const { bytes } = vectors.valid[promise]!;
    const hashes = path.map((hash) => fromHex(hash));
    expect(() =>
      verifyPromisedEntry(decodePromise(fromHex(bytes)), utf8(entry), index, hashes),
    ).toThrow(code(want));
  },
);

test('an entry outside any stream cannot be promised', () => {
  const key = readVectors<{ registrations: { entry: string }[] }>('identity').registrations[0]!
    .entry;
  const promise = { ...signed.promise, count: 1, batchRoot: leafHash(utf8(key)) };
  expect(() => verifyPromisedEntry(promise, utf8(key), 0, [])).toThrow(code('PROMISE_MEMBER'));
});

test.each([211, 213, 0])('%i bytes are no signed promise', (length) => {
  expect(() => decodeSignedPromise(new Uint8Array(length))).toThrow(code('PROMISE_MALFORMED'));
});

test('an entry of the same seq in another epoch is refused', () => {
  const { entry, index, path } = vectors.members[2]!;
  const promise = { ...signed.promise, epoch: signed.promise.epoch + 1 };
  expect(() =>
    verifyPromisedEntry(
      promise,
      utf8(entry),
      index,
      path.map((hash) => fromHex(hash)),
    ),
  ).toThrow(code('PROMISE_MEMBER'));
});

test.each(
  Object.entries({
    'count 0': { count: 0 },
    'half a count': { count: 1.5 },
    'count 2^32': { count: 2 ** 32 },
    'a last seq of 2^53': { firstSeq: Number.MAX_SAFE_INTEGER, count: 2 },
    'mergeBy before signedAt': { mergeBy: 1 },
    'a negative epoch': { epoch: -1 },
    'an epoch of 2^53': { epoch: 2 ** 53 },
    'a short logId and a long key id': { logId: new Uint8Array(31), keyId: new Uint8Array(33) },
    'a short batch root': { batchRoot: new Uint8Array(31) },
  }),
)('%s is never encoded', (_name, change) => {
  expect(() => encodePromise({ ...signed.promise, ...change })).toThrow(RangeError);
});

test('the last seq may be 2^53 - 1', () => {
  for (const change of [
    { firstSeq: Number.MAX_SAFE_INTEGER, count: 1 },
    { firstSeq: Number.MAX_SAFE_INTEGER - 1, count: 2 },
  ]) {
    const promise = { ...signed.promise, ...change };
    expect(decodePromise(encodePromise(promise))).toStrictEqual(promise);
  }
});

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anyTerms: fc.Arbitrary<PromiseTerms> = fc
  .record(
    {
      logId: bytes32,
      keyId: bytes32,
      epoch: fc.maxSafeNat(),
      firstSeq: fc.maxSafeNat(),
      count: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      signedAt: fc.maxSafeNat(),
      mergeBy: fc.maxSafeNat(),
      batchRoot: bytes32,
    },
    { noNullPrototype: true },
  )
  .filter(
    ({ firstSeq, count, signedAt, mergeBy }) =>
      firstSeq <= Number.MAX_SAFE_INTEGER - (count - 1) && signedAt <= mergeBy,
  );

test('any terms survive their bytes, and every changed bit changes them or is refused', () => {
  fc.assert(
    fc.property(anyTerms, fc.nat(148 * 8 - 1), (promise, bit) => {
      const bytes = encodePromise(promise);
      expect(decodePromise(bytes)).toStrictEqual(promise);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      let other: PromiseTerms | null = null;
      try {
        other = decodePromise(bytes);
      } catch (error) {
        expect(error).toEqual(code('PROMISE_MALFORMED'));
      }
      expect(other).not.toStrictEqual(promise);
    }),
  );
});

test('no changed bit of bytes or signature verifies', () => {
  fc.assert(
    fc.property(fc.nat(212 * 8 - 1), (bit) => {
      const whole = encodeSignedPromise(signed);
      whole[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => verifyPromise(decodeSignedPromise(whole), logId, publicKey)).toThrow();
    }),
    { numRuns: 300 },
  );
});
