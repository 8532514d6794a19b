import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  canonicalBytes,
  canonicalJson,
  isJsonObject,
  parseCanonicalJson,
  parseJson,
  utf8,
} from '../src/index.ts';
import type { Json } from '../src/index.ts';
import { code, readVectors } from './vectors.ts';

const vectors = readVectors<{
  numbers: [bits: string, text: string][];
  notNumbers: string[];
  documents: { name: string; input: string; output: string }[];
  numberDigests: { lines: number; sha256: string }[];
  numberSeeds: string[];
}>('rfc8785');

function double(bits: string): number {
  return Buffer.from(bits.padStart(16, '0'), 'hex').readDoubleBE();
}

describe('RFC 8785', () => {
  test.each(vectors.numbers)('the number %s is written %s', (bits, text) => {
    expect(canonicalJson(double(bits))).toBe(text);
    expect(canonicalJson({ b: [double(bits)], a: 1 })).toBe(`{"a":1,"b":[${text}]}`);
  });

  test.each(vectors.notNumbers)('the double %s has no text', (bits) => {
    expect(() => canonicalJson(double(bits))).toThrow(code('JSON_NUMBER'));
    expect(() => canonicalJson([{ a: double(bits) }])).toThrow(code('JSON_NUMBER'));
  });

  test.each(vectors.numberDigests)(
    'the first $lines of the long number list',
    ({ lines, sha256 }) => {
      const digest = createHash('sha256');
      let count = 0;
      for (const bits of numberSequence()) {
        digest.update(`${bits},${canonicalJson(double(bits))}\n`);
        if (++count === lines) break;
      }
      expect(digest.digest('hex')).toBe(sha256);
    },
  );

  test.each(vectors.documents)('document $name', ({ input, output }) => {
    expect(canonicalJson(parseJson(input))).toBe(output);
    expect(parseCanonicalJson(utf8(output))).toStrictEqual(JSON.parse(input));
  });

  test('the example of section 3.2.2', () => {
    const input = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    expect(canonicalJson(parseJson(input))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test('members sort by UTF-16 code units, not by code points', () => {
    const value = {
      '\u20ac': 1,
      '\r': 2,
      '\ufb33': 3,
      '1': 4,
      '\u{1f600}': 5,
      '\u0080': 6,
      '\u00f6': 7,
      '10': 8,
      '9': 9,
    };
    expect(canonicalJson(value)).toBe(
      '{"\\r":2,"1":4,"10":8,"9":9,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
    );
  });

  test.each(
    Array.from({ length: 0x21 }, (_, c) => String.fromCharCode(c)).concat(
      '"',
      '\\',
      '\u007f',
      '\u2028',
    ),
  )('the character %j is escaped the same in and out of order', (character) => {
    const quoted = JSON.stringify(character);
    expect(canonicalJson([character])).toBe(`[${quoted}]`);
    expect(canonicalJson({ b: character, a: 1 })).toBe(`{"a":1,"b":${quoted}}`);
  });

  test('minus zero is zero, written and read', () => {
    expect(canonicalJson([-0])).toBe('[0]');
    expect(canonicalJson({ b: -0, a: 1 })).toBe('{"a":1,"b":0}');
    expect(Object.is(parseJson('-0'), 0)).toBe(true);
    expect(Object.is(parseJson('-0.0e5'), 0)).toBe(true);
  });
});

/** The doubles that testdata/README.md of cyberphone/json-canonicalization generates, as hex without leading zeros. */
function* numberSequence(): Generator<string> {
  for (const seed of vectors.numberSeeds) yield BigInt(`0x${seed}`).toString(16);
  for (let i = 0n; i < 2000n; i++) yield (0x0010000000000000n + i).toString(16);
  for (let block = Buffer.alloc(32); ;) {
    block = createHash('sha256').update(block).digest();
    for (let at = 0; at < 32; at += 8) {
      const value = block.readDoubleLE(at);
      if (value !== 0 && Number.isFinite(value)) yield block.readBigUInt64LE(at).toString(16);
    }
  }
}

const someString = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', 'toJSON', '10', '9', ''),
);
const someNumber = fc
  .oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger())
  .filter((n) => Math.abs(n) < 2 ** 53 || Math.abs(n) >= 1e21)
  .map((n) => (n === 0 ? 0 : n));
const someJson = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(null, true, false),
    someNumber,
    someString,
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(someString, tie('value')), { maxLength: 6, selector: ([key]) => key })
      .map((members) => Object.fromEntries(members) as Json),
  ),
})).value;

/** A textbook JCS, as the oracle. */
function textbook(value: Json): string {
  if (Array.isArray(value)) return `[${(value as Json[]).map(textbook).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${textbook(item)}`).join(',')}}`;
}

describe('properties', () => {
  test('what is written is what a textbook writes, and reads back the same', () => {
    fc.assert(
      fc.property(someJson, (value) => {
        const text = canonicalJson(value);
        expect(text).toBe(textbook(value));
        const read = parseJson(text);
        // Not toStrictEqual, which takes a member called `constructor` for the type of the object.
        expect(isDeepStrictEqual(read, JSON.parse(text))).toBe(true);
        expect(canonicalJson(read)).toBe(text);
        expect(isDeepStrictEqual(parseCanonicalJson(canonicalBytes(value)), read)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('the parser agrees with JSON.parse on blanks, escapes and spellings', () => {
    fc.assert(
      fc.property(someJson, fc.constantFrom(0, 1, '\t', ' \n'), (value, indent) => {
        const text = JSON.stringify(value, null, indent).replace(
          /[\u0080-\uffff]/g,
          (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
        );
        expect(isDeepStrictEqual(parseJson(`\r\n\t ${text} \n`), JSON.parse(text))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('a text that JSON.parse refuses is refused, whatever is cut, doubled or changed', () => {
    fc.assert(
      fc.property(
        someJson,
        fc.nat(),
        fc.constantFrom('', '"', '\\', ',', ':', '{', '}', ']', '0', '.', 'e', '-', '\u0000', ' '),
        (value, place, stray) => {
          const text = canonicalJson(value);
          const at = place % (text.length + 1);
          const changed = text.slice(0, at) + stray + text.slice(at + 1);
          let want: unknown;
          try {
            want = JSON.parse(changed);
          } catch {
            expect(() => parseJson(changed)).toThrow(
              expect.objectContaining({ name: 'ShowcauseError' }),
            );
            return;
          }
          // Ours may refuse more, but where it reads it reads the same.
          let got: unknown;
          try {
            got = parseJson(changed);
          } catch (error) {
            expect((error as { code: string }).code).toMatch(
              /^JSON_(DUPLICATE_KEY|NUMBER|STRING)$/,
            );
            return;
          }
          expect(canonicalJson(got as Json)).toBe(canonicalJson(want as Json));
        },
      ),
      { numRuns: 500 },
    );
  });
});

const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const deepObject = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

describe('refused texts', () => {
  test.each(
    Object.entries<[string, string]>({
      'a member twice': ['{"a":1,"a":1}', 'JSON_DUPLICATE_KEY'],
      'a member twice by escape': [String.raw`{"a":1,"\u0061":2}`, 'JSON_DUPLICATE_KEY'],
      'a prototype twice': ['{"__proto__":1,"__proto__":2}', 'JSON_DUPLICATE_KEY'],
      'a member twice deep inside': ['[{"b":{"a":1,"c":2,"a":null}}]', 'JSON_DUPLICATE_KEY'],
      'an overflow': ['1e309', 'JSON_NUMBER'],
      'a negative overflow': ['-1e309', 'JSON_NUMBER'],
      'an underflow to zero': ['1e-400', 'JSON_NUMBER'],
      'a long underflow to zero': ['0.00001e-400', 'JSON_NUMBER'],
      'the integer 2^53': ['9007199254740992', 'JSON_NUMBER'],
      'the integer -2^53': ['[-9007199254740992]', 'JSON_NUMBER'],
      'a long integer': ['123456789012345678901234567890', 'JSON_NUMBER'],
      'a lone high surrogate': [String.raw`"\ud83d"`, 'JSON_STRING'],
      'a lone low surrogate': [String.raw`"x\ude00"`, 'JSON_STRING'],
      'surrogates in the wrong order': [String.raw`"\ude00\ud83d"`, 'JSON_STRING'],
      'a raw lone surrogate': ['"\ud83d"', 'JSON_STRING'],
      'a lone surrogate as a name': [String.raw`{"\ud83d":1}`, 'JSON_STRING'],
      '65 arrays': [deep(65), 'JSON_DEPTH'],
      '65 objects': [deepObject(65), 'JSON_DEPTH'],
      'a million arrays': ['['.repeat(1_000_000), 'JSON_DEPTH'],
      nothing: ['', 'JSON_SYNTAX'],
      blanks: [' \n', 'JSON_SYNTAX'],
      'two values': ['1 2', 'JSON_SYNTAX'],
      'a byte order mark': ['\ufeff{}', 'JSON_SYNTAX'],
      'a no-break space': ['\u00a0{}', 'JSON_SYNTAX'],
      'a vertical tab': ['\v{}', 'JSON_SYNTAX'],
      'a form feed': ['\f{}', 'JSON_SYNTAX'],
      'a comment': ['{}//', 'JSON_SYNTAX'],
      'a trailing comma in an object': ['{"a":1,}', 'JSON_SYNTAX'],
      'a trailing comma in an array': ['[1,]', 'JSON_SYNTAX'],
      'a leading comma': ['[,1]', 'JSON_SYNTAX'],
      'a missing comma': ['[1 2]', 'JSON_SYNTAX'],
      'a missing comma between members': ['{"a":1 "b":2}', 'JSON_SYNTAX'],
      'a missing colon': ['{"a" 1}', 'JSON_SYNTAX'],
      'a name without quotes': ['{a:1}', 'JSON_SYNTAX'],
      'a number as a name': ['{1:1}', 'JSON_SYNTAX'],
      'single quotes': ["'a'", 'JSON_SYNTAX'],
      'an open array': ['[1', 'JSON_SYNTAX'],
      'an open object': ['{"a":1', 'JSON_SYNTAX'],
      'an open string': ['"a', 'JSON_SYNTAX'],
      'an open escape': ['"a\\', 'JSON_SYNTAX'],
      'an escaped closing quote': ['"a\\"', 'JSON_SYNTAX'],
      'an unknown escape': [String.raw`"\x41"`, 'JSON_SYNTAX'],
      'a short escape': [String.raw`"\u004"`, 'JSON_SYNTAX'],
      'a newline in a string': ['"a\nb"', 'JSON_SYNTAX'],
      'a tab in a string': ['"a\tb"', 'JSON_SYNTAX'],
      'a control character in a string': ['"\u001f"', 'JSON_SYNTAX'],
      'a leading zero': ['01', 'JSON_SYNTAX'],
      'a leading zero after a sign': ['-01', 'JSON_SYNTAX'],
      'a plus sign': ['+1', 'JSON_SYNTAX'],
      'a bare sign': ['-', 'JSON_SYNTAX'],
      'a bare fraction': ['.5', 'JSON_SYNTAX'],
      'an open fraction': ['1.', 'JSON_SYNTAX'],
      'an open exponent': ['1e', 'JSON_SYNTAX'],
      'an open signed exponent': ['1e+', 'JSON_SYNTAX'],
      hex: ['0x10', 'JSON_SYNTAX'],
      'digit groups': ['1_000', 'JSON_SYNTAX'],
      NaN: ['NaN', 'JSON_SYNTAX'],
      Infinity: ['-Infinity', 'JSON_SYNTAX'],
      undefined: ['undefined', 'JSON_SYNTAX'],
      'a capital': ['True', 'JSON_SYNTAX'],
      'a word cut short': ['nul', 'JSON_SYNTAX'],
      'a word too long': ['truely', 'JSON_SYNTAX'],
    }),
  )('%s', (_name, [text, want]) => {
    expect(() => parseJson(text)).toThrow(code(want));
  });

  test('64 levels are read and written', () => {
    expect(canonicalJson(parseJson(deep(64)))).toBe(deep(64));
    expect(canonicalJson(parseJson(deepObject(64)))).toBe(deepObject(64));
  });

  test('levels are counted along one path, not over the whole document', () => {
    const wide = `[${Array.from({ length: 100 }, () => deep(63)).join(',')}]`;
    expect(canonicalJson(parseJson(wide))).toBe(wide);
  });

  test('a large value that is no integer literal is a number like any other', () => {
    expect(parseJson('[1e21,1.5e300,9007199254740991,-9007199254740991,5e-324]')).toStrictEqual([
      1e21, 1.5e300, 9007199254740991, -9007199254740991, 5e-324,
    ]);
  });

  test('an error shows where, never what', () => {
    const secret = '{"name":"Jane Roe","name":"x"}';
    expect(() => parseJson(secret)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('Jane') }),
    );
  });
});

test('a member named __proto__ is a member', () => {
  const value = parseJson('{"__proto__":{"admin":true},"a":1}') as Record<string, Json>;
  expect(Object.keys(value)).toStrictEqual(['__proto__', 'a']);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(value['admin']).toBeUndefined();
  expect(canonicalJson(value)).toBe('{"__proto__":{"admin":true},"a":1}');
});

class Instance {
  a = 1;
}
const cycle: unknown[] = [];
cycle.push({ a: cycle });
const sparse = [1, , 2];

describe('refused values', () => {
  test.each(
    Object.entries<[unknown, string]>({
      undefined: [undefined, 'JSON_TYPE'],
      'an undefined member': [{ a: undefined }, 'JSON_TYPE'],
      'an undefined item': [[undefined], 'JSON_TYPE'],
      'a function': [() => 1, 'JSON_TYPE'],
      'a function as a member': [{ a: () => 1 }, 'JSON_TYPE'],
      'a symbol': [Symbol('a'), 'JSON_TYPE'],
      'a bigint': [[1n], 'JSON_TYPE'],
      'a date': [new Date(0), 'JSON_TYPE'],
      'a map': [new Map([['a', 1]]), 'JSON_TYPE'],
      'a set': [{ a: new Set([1]) }, 'JSON_TYPE'],
      bytes: [new Uint8Array(2), 'JSON_TYPE'],
      'a float array': [[new Float64Array(2)], 'JSON_TYPE'],
      'a number object': [Object(1), 'JSON_TYPE'],
      'a string object': [Object('a'), 'JSON_TYPE'],
      'a regular expression': [/a/, 'JSON_TYPE'],
      'an error': [new Error('a'), 'JSON_TYPE'],
      'a class instance': [new Instance(), 'JSON_TYPE'],
      'an object that inherits': [Object.create({ a: 1 }), 'JSON_TYPE'],
      'an object that inherits like a root': [Object.create({ isPrototypeOf: 1 }), 'JSON_TYPE'],
      'an object with toJSON': [{ toJSON: () => 1 }, 'JSON_TYPE'],
      'an array with toJSON': [Object.assign([1], { toJSON: () => 2 }), 'JSON_TYPE'],
      'a sparse array': [sparse, 'JSON_TYPE'],
      'an empty sparse array': [new Array(3), 'JSON_TYPE'],
      NaN: [NaN, 'JSON_NUMBER'],
      Infinity: [{ b: [Infinity], a: 1 }, 'JSON_NUMBER'],
      'a lone surrogate': ['\ud800', 'JSON_STRING'],
      'a lone surrogate inside': [{ b: ['\udc00'], a: 1 }, 'JSON_STRING'],
      'a lone surrogate as a name': [{ '\ud800': 1 }, 'JSON_STRING'],
      'a cycle': [cycle, 'JSON_DEPTH'],
      '65 levels': [JSON.parse(deep(65)), 'JSON_DEPTH'],
    }),
  )('%s', (_name, [value, want]) => {
    expect(() => canonicalJson(value as Json)).toThrow(code(want));
    expect(() => canonicalBytes([{ z: 1, a: value as Json }])).toThrow(code(want));
  });

  test('a member may be called toJSON', () => {
    expect(canonicalJson({ toJSON: 1 })).toBe('{"toJSON":1}');
  });

  test('objects without a prototype and of another realm are plain', () => {
    const bare = Object.assign(Object.create(null) as object, { b: 1, a: 2 }) as Json;
    const foreign = runInNewContext('({ b: [1], a: { c: null } })') as Json;
    expect(canonicalJson(bare)).toBe('{"a":2,"b":1}');
    expect(canonicalJson(foreign)).toBe('{"a":{"c":null},"b":[1]}');
    expect(() => canonicalJson(runInNewContext('new Map()') as Json)).toThrow(code('JSON_TYPE'));
    expect(() => canonicalJson(Object.create(Object.create(null) as object) as Json)).toThrow(
      code('JSON_TYPE'),
    );
  });
});

describe('canonical bytes', () => {
  test.each(
    Object.entries({
      'a blank': '{"a": 1}',
      'members out of order': '{"b":1,"a":2}',
      'a long number': '1.0',
      'minus zero': '-0',
      'an exponent': '1E30',
      'an escaped letter': String.raw`"\u0061"`,
      'an escaped slash': String.raw`"\/"`,
      'a capital hex escape': String.raw`"\u001F"`,
      'a trailing newline': '{}\n',
    }),
  )('%s is not canonical', (_name, text) => {
    expect(() => parseCanonicalJson(utf8(text))).toThrow(code('JSON_NOT_CANONICAL'));
  });

  const odd = [
    ...['{"a":1,"a":1}', '{"1":0,"10":0,"2":0}', '{"2":0,"10":0}', '{"__proto__":1}', '-0', '1E2'],
    ...['9007199254740991', '9007199254740992', '9007199254740993', '1e400', '1e-400', '1e+21'],
    ...['1e21', '[1,]', '"\\ud800"', '{"\\ud800":1}', '"\\u0041"', '"\\/"', ' 1', '1 ', '', 'nul'],
    ...['['.repeat(64) + ']'.repeat(64), '['.repeat(65) + ']'.repeat(65), '['.repeat(60_000)],
    ...['{"b":1,"a":2}', '{"toJSON":1}', '5e-324', '"\\u2028"', '"\u2028"', '[1,[2,{"a":[]}]]'],
  ];

  function strictly(text: string): Json {
    const value = parseJson(text);
    if (canonicalJson(value) !== text)
      throw Object.assign(new Error(), { code: 'JSON_NOT_CANONICAL' });
    return value;
  }

  function outcome(read: () => Json): unknown {
    try {
      return { value: read() };
    } catch (error) {
      return { code: (error as { code: unknown }).code };
    }
  }

  test.each(odd.map((text) => [text.slice(0, 30), text]))(
    '%s: as the strict reader judges',
    (_, text) => {
      const quick = outcome(() => parseCanonicalJson(utf8(text)));
      expect(quick).toStrictEqual(outcome(() => strictly(text)));
    },
  );

  test('texts that are nearly canonical: as the strict reader judges', () => {
    const spoilt = fc
      .tuple(someJson, fc.nat(), fc.constantFrom('', '0', '-', '.', 'e', '"', ',', ' ', '\\', '{'))
      .map(([value, at, more]) => {
        const text = canonicalJson(value);
        const place = at % (text.length + 1);
        return text.slice(0, place) + more + text.slice(place + (at % 2));
      })
      .filter((text) => Buffer.from(text).toString() === text);
    fc.assert(
      fc.property(spoilt, (text) => {
        const quick = outcome(() => parseCanonicalJson(utf8(text)));
        expect(
          isDeepStrictEqual(
            quick,
            outcome(() => strictly(text)),
          ),
        ).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('what is no JSON or no UTF-8 has its own codes', () => {
    expect(() => parseCanonicalJson(utf8('{'))).toThrow(code('JSON_SYNTAX'));
    expect(() => parseCanonicalJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(
      code('BYTES_ENCODING'),
    );
    expect(() => parseCanonicalJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d))).toThrow(
      code('JSON_SYNTAX'),
    );
  });
});
