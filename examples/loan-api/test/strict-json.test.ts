import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readStrictJson } from '../src/http/strict-json.ts';

const read = (text: string | Uint8Array) =>
  readStrictJson(typeof text === 'string' ? new TextEncoder().encode(text) : text, 8);

describe('strict JSON', () => {
  test.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'malformed'],
    ['a cut document', '{"a":', 'malformed'],
    ['two documents', '{} {}', 'malformed'],
    ['a trailing comma', '{"a":1,}', 'malformed'],
    ['NaN', '{"a":NaN}', 'malformed'],
    ['an open string of quotes', `"${'\\"'.repeat(16_000)}`, 'malformed'],
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'malformed'],
    ['a byte order mark', '\ufeff{}', 'malformed'],
    ['a member twice', '{"a":1,"b":2,"a":3}', 'duplicate-key'],
    ['a member twice, once escaped', '{"a":1,"\\u0061":3}', 'duplicate-key'],
    ['a member twice, inside', '[{"x":{"a":[],"a":[]}}]', 'duplicate-key'],
    ['nine levels', '['.repeat(9) + ']'.repeat(9), 'too-deep'],
    ['very many levels', '['.repeat(30_000), 'too-deep'],
  ])('refuses %s', (_, text, fault) => {
    expect(read(text)).toStrictEqual({ fault });
  });

  test.each([
    ['one name in two objects', '[{"a":1},{"a":{"a":2}}]'],
    ['a value that looks like its own name', '{"a":"a","b":"a"}'],
    ['signs of structure inside strings', '{"{[:,":"]}\\":","\\\\":"\\\\"}'],
    ['eight levels', '['.repeat(8) + ']'.repeat(8)],
    ['an integer beyond 2^53', '9007199254740993'],
  ])('reads %s', (_, text) => {
    expect(read(text)).toStrictEqual({ value: JSON.parse(text) });
  });

  test('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        expect(read(text)).toStrictEqual({ value: JSON.parse(text) });
      }),
    );
  });

  test('refuses or reads any text, and never throws', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'{}[]:,"\\a1 ') }),
        (text) => void read(text),
      ),
    );
  });
});
