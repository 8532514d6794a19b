import { describe, expect, test } from '@jest/globals';
import {
  coversProducer,
  formatSignature,
  fromBase64,
  fromHex,
  logIdOf,
  parseEntryOf,
  parseGenesis,
  producerKeyId,
  registrarMessage,
  streamMessage,
  toBase64,
  toHex,
  utf8,
  verifyRegistration,
  verifyStreamSignature,
} from '../src/index.ts';
import type { EntryOf } from '../src/index.ts';
import { hex, jcs, leafHash, sha256 } from './independent/hash.ts';
import { ed25519Verifies, p256Verifies } from './independent/signatures.ts';
import { code, readVectors } from './vectors.ts';

const vectors = readVectors<{
  log: { origin: string; vkey: string };
  registrar: { publicKey: string };
  producer: { publicKey: string; keyId: string };
  genesis: string;
  logId: string;
  registrations: { entry: string; message: string; signature: string }[];
  stream: { entry: string; message: string; signature: string };
  covers: { key: string; producer: string; covered: boolean }[];
}>('identity');
const logId = fromHex(vectors.logId);
const registrar = fromHex(vectors.registrar.publicKey);
const publicKey = fromHex(vectors.producer.publicKey);
const stream = parseEntryOf('stream', utf8(vectors.stream.entry));

test('logId is the leaf hash of genesis', () => {
  expect(toHex(logIdOf(utf8(vectors.genesis)))).toBe(vectors.logId);
  expect(leafHash(vectors.genesis).toString('hex')).toBe(vectors.logId);
  expect(parseGenesis(utf8(vectors.genesis)).log).toBe(vectors.log.vkey);
});

test('a producer key has its id, and only 64 bytes are one', () => {
  expect(toHex(producerKeyId(publicKey))).toBe(vectors.producer.keyId);
  expect(() => producerKeyId(publicKey.subarray(1))).toThrow(RangeError);
});

describe.each(vectors.registrations)('the registration $entry', ({ entry, message, signature }) => {
  const parsed = JSON.parse(entry) as EntryOf<'key'>;

  test('its message and signature verify', () => {
    expect(toHex(registrarMessage(logId, parsed))).toBe(message);
    expect(() => verifyRegistration(parsed, logId, registrar)).not.toThrow();
  });

  test('both follow by the independent path', () => {
    const { sig: _, ...unsigned } = parsed;
    const independent = Buffer.concat([
      Buffer.from('showcause/reg/v1'),
      logId,
      sha256(jcs(unsigned)),
    ]);
    expect(independent.toString('hex')).toBe(message);
    expect(ed25519Verifies(registrar, independent, Buffer.from(signature, 'base64'))).toBe(true);
  });

  test('another member, log, registrar or signature is refused', () => {
    const refused = code('REGISTRAR_SIGNATURE');
    const sig = fromBase64(parsed.sig);
    sig[0]! ^= 1;
    expect(() => verifyRegistration({ ...parsed, producer: 'other' }, logId, registrar)).toThrow(
      refused,
    );
    expect(() => verifyRegistration({ ...parsed, stray: 1 } as never, logId, registrar)).toThrow(
      refused,
    );
    expect(() => verifyRegistration(parsed, new Uint8Array(32), registrar)).toThrow(refused);
    expect(() => verifyRegistration(parsed, logId, publicKey.subarray(32))).toThrow(refused);
    expect(() => verifyRegistration({ ...parsed, sig: toBase64(sig) }, logId, registrar)).toThrow(
      refused,
    );
  });
});

test('a stream entry has its message and signature, also by the independent path', async () => {
  const { message, signature } = vectors.stream;
  const number = Buffer.alloc(16);
  number.writeBigUInt64BE(BigInt(stream.epoch));
  number.writeBigUInt64BE(BigInt(stream.seq), 8);
  const independent = Buffer.concat([
    Buffer.from('showcause/str/v1'),
    logId,
    hex(vectors.producer.keyId),
    number,
    hex(stream.prev),
  ]);
  expect(independent.toString('hex')).toBe(message);
  expect(toHex(streamMessage(logId, fromHex(vectors.producer.keyId), stream))).toBe(message);
  expect(() => verifyStreamSignature(stream, logId, publicKey)).not.toThrow();
  expect(await p256Verifies(publicKey, independent, Buffer.from(signature, 'base64'))).toBe(true);
});

test.each(
  Object.entries({
    'another epoch': { epoch: stream.epoch + 1 },
    'another seq': { seq: 1 },
    'another prev': { prev: 'ff'.repeat(32) },
    'another signature': { sig: toBase64(new Uint8Array(64).fill(1)) },
  }),
)('a stream entry with %s is refused', (_name, change) => {
  expect(() => verifyStreamSignature({ ...stream, ...change }, logId, publicKey)).toThrow(
    code('STREAM_SIGNATURE'),
  );
});

test('a stream entry of another log or key is refused', () => {
  expect(() => verifyStreamSignature(stream, new Uint8Array(32), publicKey)).toThrow(
    code('STREAM_SIGNATURE'),
  );
  expect(() => verifyStreamSignature(stream, logId, new Uint8Array(64))).toThrow(
    code('STREAM_SIGNATURE'),
  );
});

test.each(vectors.covers)(
  'the key of $key covers $producer: $covered',
  ({ key, producer, covered }) => {
    expect(coversProducer(key, producer)).toBe(covered);
  },
);

test('a signature in an entry is base64 of 64 bytes', () => {
  expect(formatSignature(new Uint8Array(64))).toBe(`${'A'.repeat(86)}==`);
  expect(() => formatSignature(new Uint8Array(63))).toThrow(RangeError);
});
