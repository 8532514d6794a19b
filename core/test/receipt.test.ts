import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  MAX_RECEIPT_HEADER,
  canonicalBytes,
  decisionClaims,
  decodeReceiptHeader,
  encodeReceiptHeader,
  formatReceipt,
  leafHash,
  openClaim,
  buildClaims,
  parseAnchorEvidence,
  parseReceipt,
  toBase64,
  toHex,
  verifyPromisedEntry,
} from '../src/index.ts';
import type { Json, JsonObject, Opening, Receipt } from '../src/index.ts';
import { claimSalts } from '../src/node/index.ts';
import { readReceiptHeader } from './independent/promise.ts';
import { rootOfOpening } from './independent/claims.ts';
import { code, readVectors } from './vectors.ts';

const vectors = readVectors<{
  header: {
    text: string;
    promise: string;
    signature: string;
    index: number;
    path: string[];
    entry: string;
    opening: Opening & { path: string[]; siblings: string[] };
  };
  files: { name: string; text: string }[];
  refusedHeaders: { name: string; code: string; header: string }[];
  refusedFiles: { name: string; code: string; text: string }[];
}>('receipt');
const header = decodeReceiptHeader(vectors.header.text);

describe('the Decision-Receipt header', () => {
  test('decodes to its fields and encodes to the same text', () => {
    const { promise, index, path, entry, opening } = header;
    expect({
      text: encodeReceiptHeader(header),
      promise: toHex(promise.bytes),
      signature: toHex(promise.signature),
      index,
      path: path.map(toHex),
      entry: new TextDecoder().decode(entry),
      opening,
    }).toStrictEqual(vectors.header);
  });

  test('reads the same by the table of offsets, to the last byte', () => {
    const { text, ...fields } = vectors.header;
    expect(readReceiptHeader(text)).toStrictEqual({ ...fields, left: 0 });
  });

  test('its entry is promised and its opening lies under the entry', () => {
    const { promise, index, path, entry } = header;
    expect(() => verifyPromisedEntry(promise.promise, entry, index, path)).not.toThrow();
    expect(rootOfOpening(vectors.header.opening)).toBe(
      (JSON.parse(vectors.header.entry) as { claims: string }).claims,
    );
  });

  test.each(vectors.refusedHeaders)('with $name is refused', ({ code: want, header }) => {
    expect(() => decodeReceiptHeader(header)).toThrow(code(want));
  });

  test('fits with the longest name, path and numbers there are', () => {
    const most = Number.MAX_SAFE_INTEGER;
    const fields = JSON.parse(vectors.header.entry) as Record<string, Json>;
    const longest = canonicalBytes({ ...fields, producer: 'p'.repeat(64), epoch: most, seq: most });
    const tree = buildClaims(decisionClaims, [], claimSalts(new Uint8Array(32), 64));
    const opening = { ...openClaim(tree, ['responseHash']), value: 'ff'.repeat(32) };
    const text = encodeReceiptHeader({
      promise: header.promise,
      index: 2 ** 32 - 1,
      path: Array.from({ length: 32 }, () => new Uint8Array(32)),
      entry: longest,
      opening,
    });
    expect(text.length).toBeLessThanOrEqual(MAX_RECEIPT_HEADER - 800);
    expect(encodeReceiptHeader(decodeReceiptHeader(text))).toBe(text);
  });

  test('that does not fit is a RangeError, as is a path of 33', () => {
    const entry = canonicalBytes({
      ...(JSON.parse(vectors.header.entry) as Record<string, Json>),
      pad: 'x'.repeat(3000),
    });
    expect(() => encodeReceiptHeader({ ...header, entry })).toThrow(RangeError);
    const path = Array.from({ length: 33 }, () => new Uint8Array(32));
    expect(() => encodeReceiptHeader({ ...header, path, entry: new Uint8Array(1) })).toThrow(
      RangeError,
    );
  });

  test('of more than 4,096 characters is refused, however well-formed', () => {
    const bytes = Buffer.from(vectors.header.text, 'base64url');
    const at = 217 + 32 * header.path.length;
    const withEntry = (length: number): string => {
      const prefix = Buffer.alloc(2);
      prefix.writeUInt16BE(length);
      const rest = bytes.subarray(at + 2 + header.entry.length);
      return Buffer.concat([
        bytes.subarray(0, at),
        prefix,
        Buffer.alloc(length, 0x7b),
        rest,
      ]).toString('base64url');
    };
    const most = (MAX_RECEIPT_HEADER / 4) * 3 - (bytes.length - header.entry.length);
    expect(decodeReceiptHeader(withEntry(most)).entry).toHaveLength(most);
    expect(() => decodeReceiptHeader(withEntry(most + 1))).toThrow(code('RECEIPT_MALFORMED'));
  });

  test('an empty entry is refused', () => {
    expect(() =>
      decodeReceiptHeader(encodeReceiptHeader({ ...header, entry: new Uint8Array(0) })),
    ).toThrow(code('RECEIPT_MALFORMED'));
  });

  test('any text is decoded to what encodes to it, or refused by its code', () => {
    const bytes = Buffer.from(vectors.header.text, 'base64url');
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Uint8Array.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        const text = Buffer.from(changed).toString('base64url');
        try {
          expect(encodeReceiptHeader(decodeReceiptHeader(text))).toBe(text);
        } catch (error) {
          expect(error).toEqual(code('RECEIPT_MALFORMED'));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe.each(vectors.files)('the receipt file "$name"', ({ text }) => {
  test('parses to all its members and is written back the same', () => {
    expect(parseReceipt(text)).toStrictEqual(JSON.parse(text));
    expect(formatReceipt(parseReceipt(text))).toBe(text);
  });

  test('names the log that its genesis is', () => {
    const receipt = parseReceipt(text);
    expect(toHex(leafHash(Buffer.from(receipt.genesis, 'base64')))).toBe(receipt.logId);
  });
});

test.each(vectors.refusedFiles)('a receipt file with $name is refused', ({ code: want, text }) => {
  expect(() => parseReceipt(text)).toThrow(code(want));
});

const good = parseReceipt(vectors.files[0]!.text);

test.each(
  Object.entries({
    'an entry over 65,535 bytes': { entry: toBase64(new Uint8Array(65_536)) },
    'a checkpoint over 131,072 bytes': {
      anchor: { ...good.anchor!, checkpoint: toBase64(new Uint8Array(131_073)) },
    },
    '257 openings': {
      openings: Array.from({ length: 257 }, (_, i) => ({
        ...good.openings[0]!,
        path: [String(i)],
      })),
    },
    'a path of nine': { openings: [{ ...good.openings[0]!, path: Array<string>(9).fill('a') }] },
    'four million characters': { proof: 'x'.repeat(4 * 1024 * 1024) },
  } satisfies Record<string, Partial<Receipt>>),
)('a receipt file with %s is refused', (_name, change) => {
  expect(() => parseReceipt(formatReceipt({ ...good, ...change }))).toThrow(
    code('RECEIPT_MALFORMED'),
  );
});

test('the refusal does not quote the receipt', () => {
  try {
    parseReceipt(formatReceipt({ ...good, entry: 'Jane Doe' }));
    throw new Error('not refused');
  } catch (error) {
    expect(error).toEqual(code('RECEIPT_MALFORMED'));
    expect((error as Error).message).not.toContain('Jane');
  }
});

test('anchor evidence is read by itself', () => {
  const anchor = good.anchor as unknown as JsonObject;
  expect(parseAnchorEvidence(anchor)).toStrictEqual(good.anchor);
  expect(parseAnchorEvidence({ ...anchor, transactionHash: null })).toHaveProperty(
    'transactionHash',
    null,
  );
  for (const bad of [
    null,
    undefined,
    [],
    'anchor',
    { ...anchor, size: -1 },
    { ...anchor, blockNumber: '1' },
  ])
    expect(() => parseAnchorEvidence(bad)).toThrow(code('RECEIPT_MALFORMED'));
});

test('an opening keeps null for null', () => {
  const opening = { slot: 2, path: ['subject'], value: null, salt: '00'.repeat(32), siblings: [] };
  expect(parseReceipt(formatReceipt({ ...good, openings: [opening] })).openings).toStrictEqual([
    opening,
  ]);
});
