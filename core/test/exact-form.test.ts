import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readExactForm } from '../src/exact-form.ts';
import { encodeEntry, entrySchemas, parseCanonicalJson, parseEntry, utf8 } from '../src/index.ts';
import type { EntryType, KnownEntry } from '../src/index.ts';
import { readVectors } from './vectors.ts';

const { valid } = readVectors<{ valid: { name: string; type: string; entry: string }[] }>(
  'entries',
);
/** Types whose members are counts and texts without a quote or a backslash, none of which may be absent. */
const exact = ['decision', 'explanation', 'followup', 'heartbeat', 'intent'];
const membersOf = (type: string): string[] =>
  Object.keys(entrySchemas[type as EntryType].properties).sort();
const isPlain = ({ type, entry }: { type: string; entry: string }): boolean =>
  Object.keys(JSON.parse(entry) as object).join() === membersOf(type).join();
const plain = valid.filter((row) => exact.includes(row.type) && isPlain(row));

/** What reader, writer and validator say of a text together: a known entry without other members, or null. */
function judged(text: string): KnownEntry | null {
  try {
    const value = parseCanonicalJson(utf8(text)) as unknown as KnownEntry;
    const again = encodeEntry(value);
    const isExact = exact.includes(value.type) && isPlain({ type: value.type, entry: text });
    return isExact && Buffer.from(again).toString() === text ? value : null;
  } catch {
    return null;
  }
}

test('there is a plain vector of every type that has an exact form', () => {
  expect([...new Set(plain.map(({ type }) => type))].sort()).toStrictEqual(exact);
});

describe.each(valid)('the entry "$name"', (row) => {
  const wanted = plain.includes(row) ? (JSON.parse(row.entry) as unknown) : null;

  test(wanted === null ? 'has no exact form' : 'is read as any reader of JSON reads it', () => {
    expect(readExactForm(row.entry)).toStrictEqual(wanted);
    expect(parseEntry(utf8(row.entry))).toStrictEqual({
      kind: 'known',
      entry: JSON.parse(row.entry) as unknown,
    });
  });
});

test('a text is read exactly where reader, writer and validator take it', () => {
  const entry = fc.constantFrom(...plain.map(({ entry: text }) => text));
  const piece = fc.constantFrom(
    ...['0', '1', '-1', '1.0', '1e3', '9007199254740991', '9007199254740992', '99999999999999999'],
    ...['"', '\\', '\\u0061', ',', '{', '}', ' ', '\n', 'g', 'A', '/', '"v":1,', 'null', '', 'é'],
    ...['a/b', 'a//b', '-a', 'a'.repeat(64), 'a'.repeat(65), '2026-02-31', '24:00:00'],
  );
  const change = fc.tuple(fc.nat(700), fc.nat(16), piece);
  const changed = fc.tuple(entry, fc.array(change, { maxLength: 2 })).map(([text, changes]) =>
    changes.reduce((was, [at, length, put]) => {
      const from = at % was.length;
      return was.slice(0, from) + put + was.slice(from + length);
    }, text),
  );
  fc.assert(
    fc.property(changed, (text) => {
      expect(readExactForm(text)).toStrictEqual(judged(text));
    }),
    { numRuns: 3000 },
  );
});

describe('one member of a decision', () => {
  const decision = plain.find(({ type }) => type === 'decision')!.entry;
  const value = JSON.parse(decision) as Record<string, unknown>;
  const hash = 'a'.repeat(64);

  test.each([
    ['seq', ['0', '-0', '00', '01', '1.5', '9007199254740991', '9007199254740992', '"1"', '1e2']],
    ['epoch', ['9999999999999999', '10000000000000000', '0', 'true']],
    ['producer', [`"${'a'.repeat(64)}"`, `"${'a'.repeat(65)}"`, '"a/b-c/9"', '"a/"', '""', '"A"']],
    ['prev', [`"${hash}"`, `"${hash}0"`, `"${hash.slice(1)}"`, `"${hash.toUpperCase()}"`, 'null']],
    ['time', ['"2026-01-02T23:59:59Z"', '"2026-1-02T03:04:05Z"', '"2026-01-02T03:04:60Z"']],
    ['type', ['"intent"', '"explanation"', '"unheard"', '"genesis"', '"__proto__"', '1']],
    ['v', ['1', '2', '"1"', '1.0']],
  ])('%s', (name, spelt) => {
    for (const other of spelt) {
      const text = decision.replace(
        `"${name}":${JSON.stringify(value[name])}`,
        () => `"${name}":${other}`,
      );
      expect({ text, read: readExactForm(text) }).toStrictEqual({ text, read: judged(text) });
    }
  });
});
