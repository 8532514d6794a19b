import { describe, expect, test } from '@jest/globals';
import {
  MAX_ENTRY_BYTES,
  MAX_VERBATIM_BYTES,
  encodeEntry,
  entrySchemas,
  fromHex,
  isProducerName,
  isStreamed,
  leafHash,
  logIdOf,
  parseEntry,
  parseEntryOf,
  parseGenesis,
  streamPosition,
  toBase64,
  toHex,
  utf8,
} from '../src/index.ts';
import type { EntryOf, KnownEntry } from '../src/index.ts';
import { jcs, leafHash as independentLeaf } from './independent/hash.ts';
import { code, readVectors } from './vectors.ts';

interface Refused {
  name: string;
  code: string;
  entry?: string;
  bytes?: string;
  repeat?: { text: string; count: number };
}
const vectors = readVectors<{
  valid: { name: string; type: string; entry: string; leaf: string; position: unknown }[];
  kept: { name: string; kind: string; type: string; entry: string; placed: boolean }[];
  typed: { name: string; tag: string; bytes: string }[];
  refused: Refused[];
  refusedGenesis: { name: string; code: string; entry: string }[];
}>('entries');
const bytesOf = ({ entry, bytes, repeat }: Refused): Uint8Array =>
  bytes !== undefined ? fromHex(bytes) : utf8(repeat ? repeat.text.repeat(repeat.count) : entry!);

describe.each(vectors.valid)('the entry "$name"', ({ type, entry, leaf, position }) => {
  const parsed = parseEntry(utf8(entry));

  test('parses as its type and encodes to the same bytes', () => {
    expect(parsed).toStrictEqual({ kind: 'known', entry: JSON.parse(entry) });
    expect(parseEntryOf(type as 'genesis', utf8(entry)).type).toBe(type);
    expect(encodeEntry((parsed as { entry: KnownEntry }).entry)).toStrictEqual(utf8(entry));
    expect(jcs(JSON.parse(entry)).toString()).toBe(entry);
  });

  test('has its leaf hash and its place', () => {
    expect(toHex(leafHash(utf8(entry)))).toBe(leaf);
    expect(independentLeaf(entry).toString('hex')).toBe(leaf);
    expect(streamPosition(parsed)).toStrictEqual(position);
    expect(isStreamed((parsed as { entry: KnownEntry }).entry)).toBe(position !== null);
  });
});

test('there is a valid vector of every type', () => {
  expect([...new Set(vectors.valid.map(({ type }) => type))].sort()).toStrictEqual(
    Object.keys(entrySchemas).sort(),
  );
});

test.each(vectors.kept)('$name is kept verbatim', ({ kind, type, entry, placed }) => {
  const parsed = parseEntry(utf8(entry));
  expect(parsed.kind).toBe(kind);
  expect(parsed).toHaveProperty(kind === 'known' ? 'entry' : 'value', JSON.parse(entry));
  expect(parsed).toHaveProperty(kind === 'known' ? 'entry.type' : 'type', type);
  expect(streamPosition(parsed) !== null).toBe(placed);
  if (parsed.kind === 'known') expect(encodeEntry(parsed.entry)).toStrictEqual(utf8(entry));
});

test.each(vectors.typed)('$name is read', ({ tag, bytes }) => {
  const parsed = parseEntry(fromHex(bytes));
  expect(parsed).toStrictEqual({ kind: 'typed', tag });
  expect(streamPosition(parsed)).toBeNull();
});

test.each(vectors.refused)('an entry with $name is refused with $code', (row) => {
  expect(() => parseEntry(bytesOf(row))).toThrow(code(row.code));
});

test.each(vectors.refusedGenesis)(
  'a genesis with $name is refused with $code',
  ({ code: want, entry }) => {
    expect(() => parseGenesis(utf8(entry))).toThrow(code(want));
    expect(() => logIdOf(utf8(entry))).toThrow(code(want));
  },
);

const decision = parseEntryOf(
  'decision',
  utf8(vectors.valid.find(({ name }) => name === 'decision')!.entry),
);

test('an entry of another type is refused where one is expected', () => {
  for (const entry of [
    utf8(vectors.kept[0]!.entry),
    fromHex(vectors.typed[0]!.bytes),
    encodeEntry(decision),
  ])
    expect(() => parseEntryOf('intent', entry)).toThrow(code('ENTRY_SCHEMA'));
});

test('an entry may have 65,535 bytes and no more', () => {
  const padded = (length: number): EntryOf<'decision'> & { pad: string } => {
    const rest = encodeEntry({ ...decision, pad: '' } as KnownEntry).length;
    return { ...decision, pad: 'x'.repeat(length - rest) };
  };
  const largest = encodeEntry(padded(MAX_ENTRY_BYTES));
  expect(largest).toHaveLength(65_535);
  expect(parseEntry(largest).kind).toBe('known');
  expect(() => encodeEntry(padded(MAX_ENTRY_BYTES + 1))).toThrow(code('ENTRY_SIZE'));
});

test('an entry that breaks its schema is never encoded', () => {
  expect(() => encodeEntry({ ...decision, seq: -1 })).toThrow(code('ENTRY_SCHEMA'));
  expect(() => encodeEntry({ ...decision, intent: 'no hash' })).toThrow(code('ENTRY_SCHEMA'));
});

test('an equivocation holds an entry of 45,000 bytes and two promises', () => {
  const row = vectors.valid.find(({ type }) => type === 'equivocation')!;
  const entry = parseEntryOf('equivocation', utf8(row.entry));
  const largest = { ...entry, entry: toBase64(new Uint8Array(MAX_VERBATIM_BYTES)) };
  expect(encodeEntry(largest).length).toBeLessThan(MAX_ENTRY_BYTES - 1000);
});

test('the refusal names the place and never the value', () => {
  try {
    encodeEntry({ ...decision, producer: 'John Doe' });
    throw new Error('not refused');
  } catch (error) {
    expect((error as Error).message).toContain('decision/producer');
    expect((error as Error).message).not.toContain('John');
  }
});

test.each([
  ['a', true],
  ['loan-api/pod-a/2', true],
  ['a'.repeat(64), true],
  ['a'.repeat(65), false],
  ['', false],
  ['/a', false],
  ['a/', false],
  ['a//b', false],
  ['-a', false],
  ['a\n', false],
  [1, false],
])('%j as a producer name: %s', (name, lawful) => {
  expect(isProducerName(name)).toBe(lawful);
});
