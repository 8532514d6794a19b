import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { parseRequestJson } from '@showcause/middleware';
import * as fc from 'fast-check';

const bytesOf = (text: string | Uint8Array) =>
  typeof text === 'string' ? new TextEncoder().encode(text) : text;
const read = (text: string | Uint8Array) => parseRequestJson(bytesOf(text), { maxDepth: 8 });

describe('the JSON of a request', () => {
  test.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'JSON_SYNTAX'],
    ['a cut document', '{"a":', 'JSON_SYNTAX'],
    ['two documents', '{} {}', 'JSON_SYNTAX'],
    ['a trailing comma', '{"a":1,}', 'JSON_SYNTAX'],
    ['NaN', '{"a":NaN}', 'JSON_SYNTAX'],
    ['an open string of quotes', `"${'\\"'.repeat(16_000)}`, 'JSON_SYNTAX'],
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'JSON_SYNTAX'],
    ['a byte order mark', '\ufeff{}', 'JSON_SYNTAX'],
    ['a member twice', '{"a":1,"b":2,"a":3}', 'JSON_DUPLICATE_KEY'],
    ['a member twice, once escaped', '{"a":1,"\\u0061":3}', 'JSON_DUPLICATE_KEY'],
    ['a member twice, inside', '[{"x":{"a":[],"a":[]}}]', 'JSON_DUPLICATE_KEY'],
    ['a member twice, where an object has many', manyMembers(40, 'k7'), 'JSON_DUPLICATE_KEY'],
    ['nine levels', '['.repeat(9) + ']'.repeat(9), 'JSON_DEPTH'],
    ['very many levels', '['.repeat(30_000), 'JSON_DEPTH'],
    ['a member twice in a cut document', '{"a":1,"a":2', 'JSON_SYNTAX'],
    ['a name with a broken escape', '{"\\u00zz":1}', 'JSON_SYNTAX'],
    ['a name that never ends', '{"a', 'JSON_SYNTAX'],
  ])('refuses %s', (_, text, code) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code }));
  });

  test.each(['{"secret":', '{"secret":1,"secret":2}', '{"secret":'.repeat(9)])(
    'the refusal of %s quotes nothing of it',
    (text) => {
      let refusal: unknown;
      try {
        read(text);
      } catch (error) {
        refusal = error;
      }
      expect(inspect(refusal)).toMatch(/code: 'JSON_/);
      expect(inspect(refusal)).not.toContain('secret');
    },
  );

  test('takes 64 levels where no depth is given, and no more', () => {
    const levels = (count: number) => bytesOf('['.repeat(count) + ']'.repeat(count));
    expect(() => parseRequestJson(levels(64))).not.toThrow();
    expect(() => parseRequestJson(levels(65))).toThrow(
      expect.objectContaining({ code: 'JSON_DEPTH' }),
    );
  });

  test.each([0, 65, 1.5, NaN])('a depth of %d is a bug of the caller', (maxDepth) => {
    expect(() => parseRequestJson(bytesOf('1'), { maxDepth })).toThrow(RangeError);
  });

  test.each([
    ['one name in two objects', '[{"a":1},{"a":{"a":2}}]'],
    ['a value that looks like its own name', '{"a":"a","b":"a"}'],
    ['signs of structure inside strings', '{"{[:,":"]}\\":","\\\\":"\\\\"}'],
    ['eight levels', '['.repeat(8) + ']'.repeat(8)],
    ['an integer beyond 2^53', '9007199254740993'],
  ])('reads %s', (_, text) => {
    expect(read(text)).toStrictEqual(JSON.parse(text));
  });

  test('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value);
        expect(read(text)).toStrictEqual(JSON.parse(text));
      }),
    );
  });

  test('reads any text or refuses it with a code', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]:,"\\a1 ') }), (text) => {
        try {
          read(text);
        } catch (error) {
          expect(error).toEqual(expect.objectContaining({ code: expect.stringMatching(/^JSON_/) }));
        }
      }),
    );
  });
});

function manyMembers(count: number, again: string): string {
  const members = Array.from({ length: count }, (_, i) => `"k${i}":0`);
  return `{${[...members, `"${again}":1`].join(',')}}`;
}
