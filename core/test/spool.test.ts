import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  MAX_ENTRY_BYTES,
  MAX_SEALED_BYTES,
  MAX_SPOOL_RECORD_BYTES,
  concatBytes,
  crc32c,
  decodeMessage,
  decodeSpoolHeader,
  encodeMessage,
  encodeSpoolHeader,
  encodeSpoolRecord,
  findSpoolRecord,
  fromHex,
  readSpoolRecord,
  spoolFileName,
  toHex,
  utf8,
} from '../src/index.ts';
import type { SpoolHeader, SpoolRecord, SpoolRecordType } from '../src/index.ts';
import { crc32c as independentCrc } from './independent/hash.ts';
import { readSegment } from './independent/spool.ts';
import { code, readVectors } from './vectors.ts';

interface Fields extends Omit<SpoolHeader, 'logId' | 'keyId' | 'prev'> {
  logId: string;
  keyId: string;
  prev: string;
}
const vectors = readVectors<{
  crc32c: { text: string; crc: string }[];
  header: { fields: Fields; bytes: string; fileName: string };
  records: { type: SpoolRecordType; seq: number; bytes: string; record: string }[];
  segment: string;
  messages: { entry: string; sealed: string; bytes: string }[];
  reads: { name: string; kind: string; missing?: number; bytes: string }[];
  refusedHeaders: { name: string; code: string; bytes: string }[];
  refusedMessages: { name: string; code: string; bytes: string }[];
}>('spool');
const { fields } = vectors.header;
const header: SpoolHeader = {
  ...fields,
  logId: fromHex(fields.logId),
  keyId: fromHex(fields.keyId),
  prev: fromHex(fields.prev),
};
const segment = fromHex(vectors.segment);

/** Every record of a segment, and what the reader says where they end. */
function readAll(bytes: Uint8Array): { records: SpoolRecord[]; kind: string; at: number } {
  const records: SpoolRecord[] = [];
  let at = decodeSpoolHeader(bytes).length;
  for (;;) {
    const read = readSpoolRecord(bytes, at);
    if (read.kind !== 'record') return { records, kind: read.kind, at };
    records.push(read.record);
    at = read.next;
  }
}

describe('CRC-32C', () => {
  test.each(vectors.crc32c)('of $text is $crc', ({ text, crc }) => {
    expect(crc32c(utf8(text)).toString(16).padStart(8, '0')).toBe(crc);
  });

  test('is that of the bits one by one, also of a part of a part of a buffer', () => {
    const part = fc.uint8Array({ maxLength: 60 });
    fc.assert(
      fc.property(part, part, part, (before, bytes, behind) => {
        const all = concatBytes(Uint8Array.of(7), before, bytes, behind).subarray(1);
        const end = before.length + bytes.length;
        expect(crc32c(all, before.length, end)).toBe(independentCrc(bytes));
        expect(crc32c(bytes)).toBe(independentCrc(bytes));
      }),
    );
  });
});

describe('a segment', () => {
  test('its header has these bytes, this name, and reads back', () => {
    expect(toHex(encodeSpoolHeader(header))).toBe(vectors.header.bytes);
    expect(decodeSpoolHeader(segment)).toStrictEqual({
      header,
      length: vectors.header.bytes.length / 2,
    });
    expect(spoolFileName(header)).toBe(vectors.header.fileName);
    expect(vectors.header.fileName).toBe('loan-api~1-0001772366400000-0000000000000000.spool');
  });

  test('its records have these bytes and read back', () => {
    const { records, kind, at } = readAll(segment);
    expect({ kind, at }).toStrictEqual({ kind: 'end', at: segment.length });
    expect(
      records.map(({ type, seq, bytes }) => ({ type, seq, bytes: toHex(bytes) })),
    ).toStrictEqual(vectors.records.map(({ type, seq, bytes }) => ({ type, seq, bytes })));
    for (const { type, seq, bytes, record } of vectors.records)
      expect(toHex(encodeSpoolRecord({ type, seq, bytes: fromHex(bytes) }))).toBe(record);
  });

  test('reads the same by the independent path', () => {
    expect(readSegment(segment)).toStrictEqual({
      header: { magic: 'SCSPOOL1', ...fields },
      records: vectors.records.map(({ type, seq, bytes }) => ({ type, seq, bytes })),
    });
  });

  test('torn at any byte gives exactly the records before, and nothing after', () => {
    const starts = [vectors.header.bytes.length / 2];
    for (const { record } of vectors.records) starts.push(starts.at(-1)! + record.length / 2);
    for (let length = 0; length < segment.length; length++) {
      const torn = segment.subarray(0, length);
      if (length < starts[0]!) {
        expect(() => decodeSpoolHeader(torn)).toThrow(code('SPOOL_SEGMENT'));
        continue;
      }
      const whole = starts.filter((start) => start <= length).length - 1;
      const { records, kind, at } = readAll(torn);
      expect({ length, records: records.length, kind, at }).toStrictEqual({
        length,
        records: whole,
        kind: 'end',
        at: starts[whole],
      });
      expect(findSpoolRecord(torn, at)).toBe('none');
    }
  });

  test('with any bit changed gives another header or fewer records, and never other ones', () => {
    const good = readAll(segment).records;
    fc.assert(
      fc.property(fc.nat(segment.length * 8 - 1), (bit) => {
        const changed = Uint8Array.from(segment);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        if (bit >> 3 < vectors.header.bytes.length / 2) {
          expect(() => decodeSpoolHeader(changed)).toThrow(code('SPOOL_SEGMENT'));
          return;
        }
        const { records } = readAll(changed);
        expect(records.length).toBeLessThan(good.length);
        expect(records).toStrictEqual(good.slice(0, records.length));
      }),
      { numRuns: 400 },
    );
  });

  test('what lies behind a bad record is found again', () => {
    const starts = [vectors.header.bytes.length / 2];
    for (const { record } of vectors.records) starts.push(starts.at(-1)! + record.length / 2);
    const changed = Uint8Array.from(segment);
    changed[starts[1]! + 2]! ^= 0xff; // a length that reaches beyond the end: alone it looks like a torn tail
    const { at } = readAll(changed);
    expect(at).toBe(starts[1]);
    expect(findSpoolRecord(changed, at + 1)).toBe(starts[2]);
    expect(findSpoolRecord(changed, starts[5]!)).toBe('none');
  });
});

test.each(vectors.reads)('a reader says of $name: $kind', ({ kind, missing, bytes }) => {
  const read = readSpoolRecord(fromHex(bytes), 0);
  expect(read.kind).toBe(kind);
  if (read.kind === 'end') expect(read.missing).toBe(missing);
});

test('a record of the highest seq is found too', () => {
  const record = encodeSpoolRecord({
    type: 2,
    seq: Number.MAX_SAFE_INTEGER,
    bytes: new Uint8Array(3),
  });
  expect(findSpoolRecord(concatBytes(Uint8Array.of(7, 7), record), 0)).toBe(2);
});

test('a search through what looks like a large record everywhere is given up soon', () => {
  // A length of 524,288, a small seq and the type 1, over and over.
  const head = [0, 8, 0, 0, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  const bytes = Uint8Array.from({ length: 4 * 1024 * 1024 }, (_, i) => head[i % head.length]!);
  const began = performance.now();
  expect(findSpoolRecord(bytes, 0)).toBe('too-many');
  expect(performance.now() - began).toBeLessThan(5_000);
}, 600_000);

test('a record is read from the middle of a larger buffer, and its bytes are a view of it', () => {
  const record = fromHex(vectors.reads[0]!.bytes);
  const outer = concatBytes(Uint8Array.of(9, 9, 9), record, Uint8Array.of(9));
  const read = readSpoolRecord(outer.subarray(1), 2);
  expect(read).toStrictEqual({
    kind: 'record',
    record: { type: 1, seq: 7, bytes: fromHex('0102030405') },
    next: 2 + record.length,
  });
  expect(read).toHaveProperty('record.bytes', fromHex('0102030405'));
  expect(read).toHaveProperty('record.bytes.buffer', outer.buffer);
});

test.each(vectors.refusedHeaders)('a header with $name is refused', ({ code: want, bytes }) => {
  expect(() => decodeSpoolHeader(fromHex(bytes))).toThrow(code(want));
});

describe('messages', () => {
  test.each(vectors.messages)('have these bytes', ({ entry, sealed, bytes }) => {
    const message = { entry: utf8(entry), sealed: fromHex(sealed) };
    expect(toHex(encodeMessage(message))).toBe(bytes);
    expect(decodeMessage(fromHex(bytes))).toStrictEqual(message);
  });

  test.each(vectors.refusedMessages)(
    'with $name are refused with $code',
    ({ code: want, bytes }) => {
      expect(() => decodeMessage(fromHex(bytes))).toThrow(code(want));
    },
  );

  test('the largest fits a record; a byte more is refused on both sides', () => {
    const largest = {
      entry: new Uint8Array(MAX_ENTRY_BYTES),
      sealed: new Uint8Array(MAX_SEALED_BYTES),
    };
    const bytes = encodeMessage(largest);
    expect(bytes).toHaveLength(MAX_SPOOL_RECORD_BYTES);
    expect(decodeMessage(bytes)).toStrictEqual(largest);
    expect(readSpoolRecord(encodeSpoolRecord({ type: 1, seq: 0, bytes }), 0).kind).toBe('record');
    expect(() => decodeMessage(concatBytes(bytes, Uint8Array.of(0)))).toThrow(code('BYTES_LENGTH'));
    expect(() =>
      encodeSpoolRecord({ type: 1, seq: 0, bytes: concatBytes(bytes, Uint8Array.of(0)) }),
    ).toThrow(RangeError);
    expect(() =>
      encodeMessage({ ...largest, sealed: new Uint8Array(MAX_SEALED_BYTES + 1) }),
    ).toThrow(RangeError);
    expect(() => encodeMessage({ ...largest, entry: new Uint8Array(MAX_ENTRY_BYTES + 1) })).toThrow(
      RangeError,
    );
    expect(() => encodeMessage({ entry: new Uint8Array(0), sealed: new Uint8Array(0) })).toThrow(
      RangeError,
    );
  });
});

test.each(
  Object.entries({
    'a producer with a dot': { producer: 'a.b' },
    'a short logId': { logId: new Uint8Array(31) },
    'a long key id': { keyId: new Uint8Array(33) },
    'a short prev': { prev: new Uint8Array(0) },
    'an epoch of 2^53': { epoch: 2 ** 53 },
    'a negative seq': { firstSeq: -1 },
  }),
)('a header with %s is never encoded', (_name, change) => {
  expect(() => encodeSpoolHeader({ ...header, ...change })).toThrow(RangeError);
});
