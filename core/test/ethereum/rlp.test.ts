import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeRlp,
  decodeRlpStrings,
  encodeRlp,
  fromHex,
  isRlpList,
  toHex,
  utf8,
} from '../../src/index.ts';
import type { RlpInput, RlpItem } from '../../src/index.ts';
import { code } from '../vectors.ts';

const { input } = fc.letrec<{ input: RlpInput }>((tie) => ({
  input: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.uint8Array({ maxLength: 80 }),
    fc.array(tie('input'), { maxLength: 5 }),
  ),
}));

function plain(item: RlpItem): RlpInput {
  return isRlpList(item) ? item.items.map(plain) : item;
}

test('what is written is read back, and no other bytes are', () => {
  fc.assert(
    fc.property(input, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
      const encoded = encodeRlp(value);
      const read = decodeRlp(encoded);
      expect(plain(read)).toStrictEqual(value);
      if (isRlpList(read)) expect(read.encodedLength).toBe(encoded.length);
      const changed = encoded.slice();
      changed[at % changed.length]! ^= flip;
      // Whatever is accepted is the one spelling of what was read.
      let other: RlpItem;
      try {
        other = decodeRlp(changed);
      } catch (error) {
        expect(error).toMatchObject({ code: 'RLP_MALFORMED' });
        return;
      }
      expect(toHex(encodeRlp(plain(other)))).toBe(toHex(changed));
    }),
  );
});

// Examples of the Ethereum documentation's page on RLP.
test.each([
  ['83646f67', 'dog'],
  ['80', ''],
  ['0f', '\x0f'],
  ['820400', '\x04\x00'],
])('%s is a string', (hex, text) => {
  expect(decodeRlp(fromHex(hex))).toStrictEqual(utf8(text));
});
test('the documented lists', () => {
  expect(decodeRlpStrings(fromHex('c88363617483646f67'))).toStrictEqual([utf8('cat'), utf8('dog')]);
  expect(toHex(encodeRlp([[], [[]], [[], [[]]]]))).toBe('c7c0c1c0c3c0c1c0');
  const lorem = utf8('Lorem ipsum dolor sit amet, consectetur adipisicing elit');
  expect(toHex(encodeRlp(lorem))).toBe(`b838${toHex(lorem)}`);
});

describe('refused', () => {
  test.each([
    ['nothing', ''],
    ['a byte left over', '8000'],
    ['a byte below 0x80 with a length', '8100'],
    ['a string cut short', '83646f'],
    ['a list cut short', 'c883636174'],
    ['an item beyond its list', 'c283636174'],
    ['a long form for a short string', `b801${'80'}`],
    ['a long form for 55 bytes', `b837${'00'.repeat(55)}`],
    ['a length with a leading zero', `b90038${'00'.repeat(56)}`],
    ['a long form for a short list', 'f80180'],
    ['a length that is cut', 'b9'],
    ['a length of eight bytes', 'bfffffffffffffffff'],
    ['a list of a length of five bytes', 'fc0100000000'],
  ])('%s', (_, hex) => {
    expect(() => decodeRlp(fromHex(hex))).toThrow(code('RLP_MALFORMED'));
  });

  test('lists inside each other without end', () => {
    let deep: RlpInput = [];
    for (let i = 0; i < 9; i++) deep = [deep];
    expect(() => decodeRlp(encodeRlp(deep))).toThrow(code('RLP_MALFORMED'));
    expect(() => decodeRlp(new Uint8Array(100_000).fill(0xc1))).toThrow(code('RLP_MALFORMED'));
  });

  test('a string where strings in a list are wanted, and a list where a string is', () => {
    expect(() => decodeRlpStrings(fromHex('80'))).toThrow(code('RLP_MALFORMED'));
    expect(() => decodeRlpStrings(fromHex('c1c0'))).toThrow(code('RLP_MALFORMED'));
  });
});
