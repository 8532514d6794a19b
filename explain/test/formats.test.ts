import { describe, expect, test } from '@jest/globals';
import { loadModel } from '../src/index.ts';
import { readJson } from '../src/readers/json.ts';
import { readUbjson } from '../src/readers/ubjson.ts';
import { bytesOf } from './builder.ts';

const limits = { maxBytes: 1e6, maxDepth: 8 };
const json = (text: string): unknown => readJson(bytesOf(text), limits);
/** Bytes from a spelling such as `{ U 3 "abc" }`: letters in quotes and numbers as bytes. */
const ubjson = (...parts: (string | number)[]): unknown =>
  readUbjson(
    Uint8Array.from(
      parts.flatMap((part) => (typeof part === 'number' ? [part] : [...bytesOf(part)])),
    ),
    limits,
  );

describe('JSON', () => {
  test('reads every kind of value, and the bare tokens of XGBoost', () => {
    expect(
      json(' {"a":[1,-0.5e+2,true,false,null,NaN,Infinity,-Infinity],"b":{},"c":[] } '),
    ).toStrictEqual(
      new Map<string, unknown>([
        ['a', [1, -50, true, false, null, NaN, Infinity, -Infinity]],
        ['b', new Map()],
        ['c', []],
      ]),
    );
    expect(json('"\\u0041\\n\\"\\\\\\/\\b\\f\\r\\t é"')).toBe('A\n"\\/\b\f\r\t é');
    expect(json('{"__proto__":1}')).toStrictEqual(new Map([['__proto__', 1]]));
    expect(json('-0')).toBe(-0);
  });

  test.each([
    ['"a" "b"'],
    ['{"a":1,"a":2}'],
    ['[1,]'],
    ['[,1]'],
    ['{"a" 1}'],
    ['{a:1}'],
    ['{"a":1,}'],
    ['[01]'],
    ['1.x '],
    ['.5 '],
    ['+1 '],
    ['nan '],
    ['undefined '],
    ["'a' "],
    ['"\\x41"'],
    ['"\\u00g0"'],
    ['"a\nb"'],
    ['[1 2]'],
    ['{"a":1 "b":2}'],
    ['tru '],
    ['\u00a01'],
  ])('refuses %j', (text) => {
    expect(() => json(text)).toThrow(expect.objectContaining({ code: 'MODEL_SYNTAX' }));
  });

  test.each([
    [''],
    ['{'],
    ['[1'],
    ['[1,'],
    ['{"a"'],
    ['{"a":'],
    ['"abc'],
    ['{"a":1'],
    ['"\\'],
    ['-'],
    ['tru'],
    ['1.'],
    ['[2E'],
    ['-Inf'],
  ])('%j ends too early', (text) => {
    expect(() => json(text)).toThrow(expect.objectContaining({ code: 'MODEL_TRUNCATED' }));
  });

  test('refuses bytes that are no UTF-8, a byte order mark, and deep nesting', () => {
    expect(() => readJson(Uint8Array.of(0x22, 0xff, 0x22), limits)).toThrow(
      expect.objectContaining({ code: 'MODEL_SYNTAX' }),
    );
    expect(() => json('\ufeff1')).toThrow(expect.objectContaining({ code: 'MODEL_SYNTAX' }));
    expect(json('[[[[[[[[]]]]]]]]')).toBeDefined();
    expect(() => json('[[[[[[[[[[]]]]]]]]]]')).toThrow(
      expect.objectContaining({ code: 'MODEL_LIMIT' }),
    );
    expect(() => json('['.repeat(1e6))).toThrow(expect.objectContaining({ code: 'MODEL_LIMIT' }));
    expect(() => json('{"a":'.repeat(1e5))).toThrow(
      expect.objectContaining({ code: 'MODEL_LIMIT' }),
    );
  });
});

describe('UBJSON', () => {
  test('reads every number type, big-endian', () => {
    expect(
      ubjson('[', 'i', 0xff, 'U', 0xff, 'I', 0xff, 0xfe, 'l', 0xff, 0xff, 0xff, 0xfd, ']'),
    ).toStrictEqual([-1, 255, -2, -3]);
    expect(ubjson('L', 0, 0, 0, 1, 0, 0, 0, 2)).toBe(4294967298);
    expect(ubjson('L', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc)).toBe(-4);
    expect(ubjson('d', 0x3f, 0x80, 0, 1)).toBe(Math.fround(1 + 2 ** -23));
    expect(ubjson('D', 0x3f, 0xf0, 0, 0, 0, 0, 0, 1)).toBe(1 + 2 ** -52);
    expect(ubjson('d', 0x7f, 0xc0, 0, 0)).toBeNaN();
  });

  test('reads literals, strings, characters, objects and arrays, counted or not', () => {
    expect(
      ubjson('{', 'U', 1, 'a', 'Z', 'i', 1, 'b', 'T', 'L', 0, 0, 0, 0, 0, 0, 0, 1, 'c', 'F', '}'),
    ).toStrictEqual(
      new Map<string, unknown>([
        ['a', null],
        ['b', true],
        ['c', false],
      ]),
    );
    expect(ubjson('{', '#', 'U', 1, 'I', 0, 1, 'a', 'S', 'l', 0, 0, 0, 2, 'xy')).toStrictEqual(
      new Map([['a', 'xy']]),
    );
    expect(ubjson('[', '#', 'U', 2, 'C', 'q', '[', ']')).toStrictEqual(['q', []]);
  });

  test('reads typed arrays', () => {
    expect(ubjson('[$', 'I', '#', 'U', 2, 0, 1, 0xff, 0xff)).toStrictEqual(Float64Array.of(1, -1));
    expect(ubjson('[$', 'd', '#', 'L', 0, 0, 0, 0, 0, 0, 0, 1, 0x40, 0, 0, 0)).toStrictEqual(
      Float64Array.of(2),
    );
    expect(ubjson('[$', 'l', '#', 'i', 0)).toStrictEqual(new Float64Array());
  });

  test.each<[string, (string | number)[]]>([
    ['no-op', ['N']],
    ['high-precision number', ['H', 'U', 1, '1']],
    ['typed object', ['{', '$', 'i', '#', 'U', 1, 'U', 1, 'a', 1]],
    ['array of strings by type', ['[$', 'S', '#', 'U', 1, 'U', 1, 'a']],
    ['array of objects by type', ['[$', '{', '#', 'U', 1, '}']],
    ['typed array without count', ['[$', 'U', 1, 2, 3]],
    ['length that is no integer', ['S', 'd', 0, 0, 0, 0]],
    ['negative length', ['S', 'i', 0xff]],
    ['negative count of items', ['[', '#', 'i', 0xff]],
    ['negative count of members', ['{', '#', 'i', 0xff]],
    ['member named twice', ['{', 'U', 1, 'a', 'Z', 'U', 1, 'a', 'Z', '}']],
    ['integer beyond 2^53', ['L', 0x7f, 0, 0, 0, 0, 0, 0, 0]],
    ['string that is no UTF-8', ['S', 'U', 1, 0xff]],
    ['bytes behind the document', ['Z', 'Z']],
    ['marker of an inherited name', ['t']],
  ])('refuses a %s', (_, parts) => {
    expect(() => ubjson(...parts)).toThrow(expect.objectContaining({ code: 'MODEL_SYNTAX' }));
  });

  test.each<[string, (string | number)[]]>([
    ['nothing', []],
    ['10^9 numbers claimed', ['[$', 'd', '#', 'l', 0x3b, 0x9a, 0xca, 0]],
    ['2^52 items claimed', ['[', '#', 'L', 0, 0x10, 0, 0, 0, 0, 0, 0]],
    ['10^9 members claimed', ['{', '#', 'l', 0x3b, 0x9a, 0xca, 0]],
    ['string longer than the file', ['S', 'U', 9, 'abc']],
    ['number cut', ['D', 0, 0]],
    ['unclosed array', ['[', 'Z']],
  ])('%s: ends too early', (_, parts) => {
    expect(() => ubjson(...parts)).toThrow(expect.objectContaining({ code: 'MODEL_TRUNCATED' }));
  });

  test('deep nesting', () => {
    expect(ubjson('[[[[[[[[', ']]]]]]]]')).toBeDefined();
    expect(() => ubjson('['.repeat(1e5))).toThrow(expect.objectContaining({ code: 'MODEL_LIMIT' }));
  });
});

describe('what is no XGBoost model at all', () => {
  test.each([
    ['', 'no bytes'],
    ['   ', 'other bytes'],
    ['binf\u0000\u0000\u0000\u0000', 'the old binary format of XGBoost'],
    ['CBM1', 'a binary CatBoost model'],
    ['\u0080\u0004', 'other bytes'],
    ['<html>', 'other bytes'],
    ['[1]', 'other bytes'],
    ['{?', 'other bytes'],
  ])('%j', (text, got) => {
    expect(() => loadModel(bytesOf(text))).toThrow(
      expect.objectContaining({ code: 'MODEL_FORMAT', got }),
    );
  });

  test('a pickle is named', () => {
    expect(() => loadModel(Uint8Array.of(0x80, 4))).toThrow(
      expect.objectContaining({ code: 'MODEL_FORMAT', got: 'a Python pickle' }),
    );
  });

  test('a lone brace ends too early, an empty object lacks its fields', () => {
    expect(() => loadModel(bytesOf('{'))).toThrow(
      expect.objectContaining({ code: 'MODEL_TRUNCATED' }),
    );
    expect(() => loadModel(bytesOf('{}'))).toThrow(
      expect.objectContaining({ code: 'MODEL_MALFORMED' }),
    );
  });
});
