import { createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { fromBase64Url, fromHex, isLowS, toLowS, verifyEd25519, verifyP256 } from '../src/index.ts';
import * as native from '../src/signatures-node.ts';
import * as pure from '../src/signatures-pure.ts';
import { sha256 as nativeSha256 } from '../src/sha256-node.ts';
import { sha256 as pureSha256 } from '../src/sha256-pure.ts';
import { p256Verifies } from './independent/signatures.ts';

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const number = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, '0'));
const message = new TextEncoder().encode('the message');

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = p256.publicKey.export({ format: 'jwk' });
const point = Buffer.concat([fromBase64Url(jwk.x!, 32), fromBase64Url(jwk.y!, 32)]);
const p256Signature = toLowS(
  new Uint8Array(sign('sha256', message, { key: p256.privateKey, dsaEncoding: 'ieee-p1363' })),
);
const highS = Buffer.concat([
  p256Signature.subarray(0, 32),
  number(ORDER - BigInt(`0x${Buffer.from(p256Signature.subarray(32)).toString('hex')}`)),
]);

const seed = new Uint8Array(32).fill(7);
const edKey = ed25519.getPublicKey(seed);
const edSignature = ed25519.sign(message, seed);

/** Both implementations must say the same; what they say. */
function p256Both(key: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean {
  const verdict = native.p256Verifies(key, text, signature);
  expect(pure.p256Verifies(key, text, signature)).toBe(verdict);
  return verdict;
}
function ed25519Both(key: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean {
  const verdict = native.ed25519Verifies(key, text, signature);
  expect(pure.ed25519Verifies(key, text, signature)).toBe(verdict);
  return verdict;
}
const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const changed = Uint8Array.from(bytes);
  changed[(bit >> 3) % bytes.length]! ^= 1 << (bit & 7);
  return changed;
};

describe('P-256', () => {
  test('a low-s signature verifies and its high-s twin does not', async () => {
    expect(p256Both(point, message, p256Signature)).toBe(true);
    expect(verifyP256(point, message, p256Signature)).toBe(true);
    expect(await p256Verifies(point, message, highS)).toBe(true);
    expect(verifyP256(point, message, highS)).toBe(false);
    expect(pure.p256Verifies(point, message, highS)).toBe(false);
  });

  test('s is low up to half the order, and toLowS turns the rest', () => {
    const half = ORDER / 2n;
    const withS = (s: bigint): Uint8Array => Buffer.concat([number(1n), number(s)]);
    expect(isLowS(withS(half))).toBe(true);
    expect(isLowS(withS(half + 1n))).toBe(false);
    expect(new Uint8Array(toLowS(withS(half + 1n)))).toStrictEqual(new Uint8Array(withS(half)));
    expect(new Uint8Array(toLowS(highS))).toStrictEqual(p256Signature);
    expect(toLowS(p256Signature)).toStrictEqual(p256Signature);
  });

  test.each(
    Object.entries({
      'a signature of zeros': [point, new Uint8Array(64)],
      'r zero': [point, Buffer.concat([number(0n), p256Signature.subarray(32)])],
      's zero': [point, Buffer.concat([p256Signature.subarray(0, 32), number(0n)])],
      'r the order': [point, Buffer.concat([number(ORDER), p256Signature.subarray(32)])],
      'a point that is not on the curve': [flipped(point, 511), p256Signature],
      'the point of zeros': [new Uint8Array(64), p256Signature],
      'x above the field': [
        Buffer.concat([new Uint8Array(32).fill(255), point.subarray(32)]),
        p256Signature,
      ],
      'x equal to the field, for the point x = 0': [
        fromHex(
          'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4',
        ),
        p256Signature,
      ],
    } satisfies Record<string, [Uint8Array, Uint8Array]>),
  )('%s is refused by both', (_name, [key, signature]) => {
    expect(p256Both(key, message, signature)).toBe(false);
    expect(verifyP256(key, message, signature)).toBe(false);
  });

  test('lengths that are none are refused before any curve', () => {
    expect(verifyP256(point.subarray(1), message, p256Signature)).toBe(false);
    expect(verifyP256(point, message, p256Signature.subarray(1))).toBe(false);
    expect(verifyP256(point, message, Buffer.concat([p256Signature, Buffer.of(0)]))).toBe(false);
  });

  test('no changed bit verifies, in either', () => {
    fc.assert(
      fc.property(fc.nat(511), fc.constantFrom('key', 'message', 'signature'), (bit, part) => {
        const key = part === 'key' ? flipped(point, bit) : point;
        const text = part === 'message' ? flipped(message, bit) : message;
        const signature = part === 'signature' ? flipped(p256Signature, bit) : p256Signature;
        if (!isLowS(signature)) return;
        expect(p256Both(key, text, signature)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});

describe('Ed25519', () => {
  test('a signature verifies', () => {
    expect(ed25519Both(edKey, message, edSignature)).toBe(true);
    expect(verifyEd25519(edKey, message, edSignature)).toBe(true);
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    const byNode = sign(
      null,
      message,
      createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }),
    );
    expect(new Uint8Array(byNode)).toStrictEqual(edSignature);
  });

  test('s plus the order is refused by both', () => {
    const s =
      BigInt(`0x${Buffer.from(edSignature.subarray(32)).reverse().toString('hex')}`) +
      ed25519.Point.Fn.ORDER;
    const malleated = Buffer.concat([
      edSignature.subarray(0, 32),
      Buffer.from(number(s)).reverse(),
    ]);
    expect(ed25519Both(edKey, message, malleated)).toBe(false);
  });

  test('keys of small order are refused, for they sign every message', () => {
    // R = identity, s = 0 verifies under the identity key for any message whatever.
    const identity = fromHex(ED25519_TORSION_SUBGROUP[0]!);
    const forged = Buffer.concat([identity, new Uint8Array(32)]);
    expect(ed25519.verify(forged, message, identity, { zip215: true })).toBe(true);
    for (const torsion of ED25519_TORSION_SUBGROUP) {
      const weak = fromHex(torsion);
      expect(verifyEd25519(weak, message, forged)).toBe(false);
      weak[31]! ^= 0x80;
      expect(verifyEd25519(weak, message, forged)).toBe(false);
    }
  });

  test('a key above the field is refused', () => {
    // y = p + 1 spells the identity a second time.
    const second = fromHex(`ee${'ff'.repeat(30)}7f`);
    const forged = Buffer.concat([fromHex(ED25519_TORSION_SUBGROUP[0]!), new Uint8Array(32)]);
    expect(verifyEd25519(second, message, forged)).toBe(false);
  });

  test('a signature that holds only times the cofactor is refused by both', () => {
    // R' = R + T of small order, with s made for R': the cofactored equation holds, the strict one does not.
    const torsion = ed25519.Point.fromHex(ED25519_TORSION_SUBGROUP[1]!);
    const { scalar, prefix } = ed25519.utils.getExtendedPublicKey(seed);
    const order = ed25519.Point.Fn.ORDER;
    const sha512 = (...parts: Uint8Array[]): bigint =>
      BigInt(
        `0x${createHash('sha512').update(Buffer.concat(parts)).digest().reverse().toString('hex')}`,
      ) % order;
    const r = sha512(prefix, message);
    const R = ed25519.Point.BASE.multiply(r).add(torsion).toBytes();
    const s = (r + sha512(R, edKey, message) * scalar) % order;
    const signature = Buffer.concat([R, Buffer.from(number(s)).reverse()]);
    expect(ed25519.verify(signature, message, edKey, { zip215: false })).toBe(true);
    expect(ed25519Both(edKey, message, signature)).toBe(false);
  });

  test('a key that is no point, and lengths that are none, are refused', () => {
    const notAPoint = fromHex(`02${'00'.repeat(31)}`);
    expect(ed25519Both(notAPoint, message, edSignature)).toBe(false);
    expect(verifyEd25519(edKey.subarray(1), message, edSignature)).toBe(false);
    expect(verifyEd25519(edKey, message, edSignature.subarray(1))).toBe(false);
  });

  test('no changed bit verifies, in either', () => {
    fc.assert(
      fc.property(fc.nat(511), fc.constantFrom('key', 'message', 'signature'), (bit, part) => {
        const key = part === 'key' ? flipped(edKey, bit) : edKey;
        const text = part === 'message' ? flipped(message, bit) : message;
        const signature = part === 'signature' ? flipped(edSignature, bit) : edSignature;
        expect(ed25519Both(key, text, signature)).toBe(false);
      }),
      { numRuns: 60 },
    );
  });
});

test('more keys than the cache holds still verify', () => {
  for (let i = 0; i < 70; i++) {
    const other = new Uint8Array(32).fill(i);
    expect(
      native.ed25519Verifies(ed25519.getPublicKey(other), message, ed25519.sign(message, other)),
    ).toBe(true);
  }
  expect(native.ed25519Verifies(edKey, message, edSignature)).toBe(true);
});

test('SHA-256 is the same in both', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const want = new Uint8Array(createHash('sha256').update(bytes).digest());
      expect(new Uint8Array(nativeSha256(bytes))).toStrictEqual(want);
      expect(pureSha256(bytes)).toStrictEqual(want);
    }),
  );
});
