import { describe, expect, test } from '@jest/globals';
import {
  buildClaims,
  canonicalJson,
  claimSchemaOf,
  encodeEntry,
  encodeMessage,
  encodeReceiptHeader,
  encodeSpoolRecord,
  inclusionPath,
  leafHash,
  merkleRoot,
  openClaim,
  parseCanonicalJson,
  sha256,
  toHex,
  utf8,
  vectorSchema,
} from '@showcause/core';
import type { EntryOf, Json, JsonObject } from '@showcause/core';
import {
  claimSalts,
  decodeContainer,
  deriveRecordKeys,
  generateKey,
  openPayload,
  vectorSalts,
} from '@showcause/core/node';
import fc from 'fast-check';
import { claimsOf } from '../src/record/claim-tree.ts';
import { decisionFacts, decisionText, followupText, intentText } from '../src/record/container.ts';
import { sealedEntry } from '../src/record/entries.ts';
import type { DecisionMessage, RequestFacts, ScoredCall } from '../src/record/messages.ts';
import { containerText } from '../src/record/record-text.ts';
import { lenientJson, timestamp, wholeSeconds } from '../src/record/values.ts';
import { BatchTree } from '../src/sealing/batch.ts';
import { ClaimHasher } from '../src/sealing/claim-hasher.ts';
import { promiseMaker } from '../src/sealing/commit.ts';
import { GroupBuffer } from '../src/sealing/group.ts';
import { receiptHeader } from '../src/sealing/receipt-header.ts';
import { freshKeys, freshSalts, freshVectorSalts } from '../src/sealing/record-keys.ts';
import { RecordSealer } from '../src/sealing/seal.ts';

const featureNames = ['income', 'age_of_account', 'päper "x"'];
const anyJson = fc.jsonValue() as fc.Arbitrary<Json>;

const facts: RequestFacts = {
  subject: null,
  route: 'POST /v1/ämter\u2028',
  startedAt: 1_700_000_000_123,
  trace: null,
  idempotencyKey: null,
  body: utf8('{"a":1}'),
  raw: true,
  contentType: 'application/json; charset="utf-8"',
};
const keyed = { subject: 'ab'.repeat(32), idempotencyKey: null, retryOf: null };
const claims = decisionFacts('0f'.repeat(16), facts, keyed);
const call: ScoredCall = {
  call: 0,
  features: Float64Array.of(1.5, NaN, -0),
  margin: [0.1],
  score: [0.1],
  probability: [0.52497918747894],
  explanation: {
    method: 'tree-path-dependent',
    kernel: 'k',
    version: '1',
    modelHash: 'cd'.repeat(32),
    outputSpace: 'log-odds',
    coverSource: 'none',
    background: { id: 'b', hash: 'ef'.repeat(32), rows: 3 },
    baseValue: [-1e-7],
    additivityError: 0,
    attributions: [Float64Array.of(1e21, -3, 0.5)],
  },
  unexplained: null,
};

function decision(stated: unknown, more: Partial<DecisionMessage> = {}): DecisionMessage {
  return {
    kind: 'decision',
    ref: 0,
    decisionId: '0f'.repeat(16),
    facts: null,
    status: 'decided',
    endedAt: 1_700_000_000_456,
    calls: [call],
    response: {
      status: 200,
      contentType: 'text/plain',
      body: utf8('ä'),
      hash: null,
      length: 2,
      streamed: false,
    },
    stated: JSON.stringify(stated),
    page: { token: '00'.repeat(16), expires: 1_700_000_000_000 },
    ...more,
  };
}

describe('what is written by hand equals what core writes', () => {
  test('container text is canonical JSON, whatever an application states', () => {
    fc.assert(
      fc.property(anyJson, anyJson, fc.string({ unit: 'binary' }), (outcome, extra, name) => {
        const text = decisionText(
          decision({ outcome, extra: { [name]: extra } }),
          claims,
          facts,
          {},
          call,
          true,
        );
        const json = containerText(text);
        const parsed = parseCanonicalJson(utf8(json)); // refuses anything but its own canonical form
        expect(canonicalJson(parsed)).toBe(json);
      }),
    );
  });

  test('an integer beyond 2^53 that an application states becomes a string, a lone surrogate U+FFFD', () => {
    expect(lenientJson('{"a":9007199254740993,"b":"\\ud800","__proto__":1}')).toStrictEqual(
      JSON.parse('{"a":"9007199254740992","b":"\ufffd","__proto__":1}'),
    );
  });

  test('keys and salts are those of HKDF and AES-CTR', () => {
    const keys = freshKeys();
    const wanted = deriveRecordKeys(keys.recordKey);
    expect(toHex(keys.payloadKey)).toBe(toHex(wanted.payloadKey));
    expect(toHex(keys.saltKey)).toBe(toHex(wanted.saltKey));
    expect(toHex(freshSalts(keys.saltKey, 33))).toBe(toHex(claimSalts(wanted.saltKey, 33)));
    expect(toHex(freshVectorSalts(keys.saltKey, 8, 5))).toBe(
      toHex(vectorSalts(wanted.saltKey, 8, 5)),
    );
  });

  test('claims trees of every size and any values, and their openings', () => {
    fc.assert(
      fc.property(fc.array(anyJson, { minLength: 1, maxLength: 40 }), fc.nat(), (values, pick) => {
        const schema = vectorSchema(
          'v',
          values.map((_, i) => `é${i}`),
        );
        const salts = freshSalts(freshKeys().saltKey, values.length);
        const hasher = new ClaimHasher(schema);
        const wanted = buildClaims(schema, values, salts);
        expect(
          hasher.build(
            values.map((value) => canonicalJson(value)),
            salts,
          ),
        ).toBe(toHex(wanted.root));
        const slot = pick % values.length;
        const opening = openClaim(wanted, schema.paths[slot]!);
        const { salt, siblings, statement } = hasher.opening(slot, canonicalJson(values[slot]!));
        expect(statement).toBe(canonicalJson([opening.path, opening.value]));
        expect(toHex(salt)).toBe(opening.salt);
        expect(toHex(siblings)).toBe(opening.siblings.join(''));
      }),
    );
  });

  test('batch trees: root and every path, sizes 1 to 70', () => {
    for (let size = 1; size <= 70; size++) {
      const leaves = Array.from({ length: size }, (_, i) => sha256(Uint8Array.of(i)));
      const tree = new BatchTree(leaves.map(toHex));
      expect(toHex(tree.root)).toBe(toHex(merkleRoot(leaves)));
      for (let i = 0; i < size; i++)
        expect(tree.path(i).map(toHex)).toStrictEqual(inclusionPath(leaves, i).map(toHex));
    }
  });

  test('times are those of toISOString', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (ms) => {
        expect(timestamp(ms)).toBe(new Date(ms).toISOString());
        expect(wholeSeconds(ms)).toBe(`${new Date(ms).toISOString().slice(0, 19)}Z`);
      }),
    );
  });

  test('a group of any records, also larger than its first memory', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ minLength: 1, maxLength: 30 }), fc.nat(200_000)), {
          maxLength: 6,
        }),
        (records) => {
          const group = new GroupBuffer();
          const wanted = records.map(([text, length], seq) => {
            const entry = utf8(text.replace(/[^\x20-\x7e]/g, '.'));
            const sealed = new Uint8Array(length).fill(7);
            const place = group.message(2 ** 40 + seq, Buffer.from(entry).toString(), sealed);
            expect(place.leaf).toBe(toHex(leafHash(entry)));
            expect(Buffer.from(group.entry(place)).toString()).toBe(Buffer.from(entry).toString());
            return encodeSpoolRecord({
              type: 1,
              seq: 2 ** 40 + seq,
              bytes: encodeMessage({ entry, sealed }),
            });
          });
          expect(group.bytes().equals(Buffer.concat(wanted))).toBe(true);
        },
      ),
    );
  });

  test.each(['intent', 'decision', 'followup'] as const)(
    'the bytes of a sealed entry: %s',
    (type) => {
      const position = { producer: 'a/b', epoch: 1_700_000_000_000, seq: 7, prev: '0'.repeat(64) };
      const members = {
        id: '1'.repeat(32),
        time: '2026-01-01T00:00:00Z',
        deployment: '2'.repeat(64),
        claims: '3'.repeat(64),
        payload: '4'.repeat(64),
      };
      const intent = type === 'decision' ? '5'.repeat(64) : null;
      const entry = { v: 1, type, ...position, ...members, ...(intent === null ? {} : { intent }) };
      const bytes = sealedEntry(type, position, members, intent);
      expect(bytes).toBe(Buffer.from(encodeEntry(entry as EntryOf<'intent'>)).toString());
    },
  );
});

describe('a sealed record', () => {
  const subjectKey = { ordinal: 3, key: new Uint8Array(32).fill(9) };
  const sealer = new RecordSealer(featureNames);

  test.each([
    ['intent', intentText(claims, 0, call.features)],
    ['decision', decisionText(decision({ outcome: 'denied' }), claims, facts, {}, call, true)],
    ...(['followup', 'explanation'] as const).map(
      (kind) =>
        [
          kind,
          followupText(
            { kind, ref: 0, decisionId: '0f'.repeat(16), stated: '{"kind":"review"}', size: 1020 },
            null,
            'aa'.repeat(32),
          ),
        ] as const,
    ),
  ] as const)('%s opens with core, and its claims are those of its container', (type, text) => {
    const record = sealer.seal(text, subjectKey);
    const position = { producer: 'p', epoch: 1, seq: 0, prev: '0'.repeat(64) };
    const entry = JSON.parse(
      record.entry(
        position,
        '2026-01-01T00:00:00Z',
        'd'.repeat(64),
        type === 'decision' ? 'e'.repeat(64) : null,
      ),
    ) as { id: string; payload: string; claims: string };
    expect(entry.payload).toBe(toHex(sha256(record.sealed)));
    const { container, keys } = openPayload(record.sealed, subjectKey.key, entry.id);
    const opened = decodeContainer(container);
    expect(opened).toMatchObject({ v: 1, kind: type });
    const { tree } = claimsOf(
      claimSchemaOf(type)!,
      opened,
      toHex(sha256(container)),
      keys,
      featureNames,
    );
    expect(toHex(tree.root)).toBe(entry.claims);
    if (record.opening === null) return;
    const wanted = openClaim(tree, ['responseHash']);
    const key = generateKey('producer');
    const { signed, tree: batch } = promiseMaker(
      { logId: new Uint8Array(32), producerKey: key, mergeBySeconds: 60 },
      Date.now,
    )(1, 0, ['aa'.repeat(32), 'bb'.repeat(32), 'cc'.repeat(32)]);
    const bytes = utf8('{"any":"entry"}');
    expect(receiptHeader(signed, 1, batch.path(1), bytes, record.opening)).toBe(
      encodeReceiptHeader({
        promise: signed,
        index: 1,
        path: batch.path(1),
        entry: bytes,
        opening: wanted,
      }),
    );
  });

  test('features are kept exactly as scored: NaN is null, -0 is 0', () => {
    const text = containerText(intentText(claims, 0, call.features));
    expect((JSON.parse(text) as JsonObject)['features']).toStrictEqual([1.5, null, 0]);
  });

  test('an infinity, a vector of another length and a claim nobody knows are refused', () => {
    expect(() => intentText(claims, 0, Float64Array.of(Infinity, 0, 0))).toThrow(
      expect.objectContaining({ code: 'JSON_NUMBER' }),
    );
    const short = { ...call, features: Float64Array.of(1) };
    expect(() =>
      sealer.seal(decisionText(decision({}), claims, facts, {}, short, false), subjectKey),
    ).toThrow(expect.objectContaining({ code: 'RECORD_VALUE' }));
    expect(() => decisionText(decision({ made: 'up' }), claims, facts, {}, call, true)).toThrow(
      RangeError,
    );
  });

  test('512 KiB is the end', () => {
    const large = (bytes: number): DecisionMessage =>
      decision(
        {},
        {
          response: {
            status: 200,
            contentType: null,
            body: new Uint8Array(bytes),
            hash: null,
            length: bytes,
            streamed: false,
          },
        },
      );
    const text = (bytes: number) => decisionText(large(bytes), claims, facts, {}, call, true);
    expect(sealer.seal(text(380_000), subjectKey).sealed.length).toBeLessThanOrEqual(512 * 1024);
    expect(() => sealer.seal(text(393_000), subjectKey)).toThrow(
      expect.objectContaining({ code: 'RECORD_SIZE' }),
    );
  });

  test('the same record twice shares nothing: key, salts, nonce and id are fresh', () => {
    const text = () => intentText(claims, null, null);
    const [a, b] = [sealer.seal(text(), subjectKey), sealer.seal(text(), subjectKey)];
    expect(toHex(a.sealed.subarray(0, 52))).not.toBe(toHex(b.sealed.subarray(0, 52)));
    expect(leafHash(a.sealed)).not.toStrictEqual(leafHash(b.sealed));
  });
});
