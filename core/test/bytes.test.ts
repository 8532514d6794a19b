import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  ByteReader,
  concatBytes,
  equalBytes,
  fromBase64,
  fromBase64Url,
  fromHex,
  fromUtf8,
  isHexOf,
  toBase64,
  toBase64Url,
  toHex,
  u16,
  u32,
  u64,
  utf8,
} from '../src/index.ts';
import { code } from './vectors.ts';

const anyBytes = fc.uint8Array({ maxLength: 80 });

describe('text of bytes', () => {
  test('hex, base64 and base64url are those of the runtime, both ways', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const buffer = Buffer.from(bytes);
        expect(toHex(bytes)).toBe(buffer.toString('hex'));
        expect(toBase64(bytes)).toBe(buffer.toString('base64'));
        expect(toBase64Url(bytes)).toBe(buffer.toString('base64url'));
        expect(fromHex(toHex(bytes), bytes.length)).toStrictEqual(bytes);
        expect(fromBase64(toBase64(bytes), bytes.length)).toStrictEqual(bytes);
        expect(fromBase64Url(toBase64Url(bytes), bytes.length)).toStrictEqual(bytes);
      }),
    );
  });

  test('hex of long bytes, and bytes beside the hex of others', () => {
    for (const length of [32, 4095, 4096, 4097, 70_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 255);
      expect(toHex(bytes) === Buffer.from(bytes).toString('hex')).toBe(true);
    }
    fc.assert(
      fc.property(anyBytes, fc.nat(), (bytes, at) => {
        const hex = toHex(bytes);
        expect(isHexOf(hex, bytes)).toBe(true);
        if (hex === '') return;
        const place = at % hex.length;
        const other = hex[place] === '0' ? '1' : '0';
        expect(isHexOf(hex.slice(0, place) + other + hex.slice(place + 1), bytes)).toBe(false);
        expect([isHexOf(hex.slice(1), bytes), isHexOf(`${hex}0`, bytes)]).toStrictEqual([
          false,
          false,
        ]);
        if (/[a-f]/.test(hex)) expect(isHexOf(hex.toUpperCase(), bytes)).toBe(false);
      }),
    );
  });

  test('whatever decodes is its own canonical spelling', () => {
    const alphabet = fc.constantFrom(...'ABgw01+/-_= \n%é'.split(''));
    const text = fc.array(alphabet, { maxLength: 9 }).map((parts) => parts.join(''));
    const spelling = (
      decode: (text: string) => Uint8Array,
      encode: (bytes: Uint8Array) => string,
      input: string,
    ): void => {
      let bytes: Uint8Array;
      try {
        bytes = decode(input);
      } catch (error) {
        expect(error).toEqual(code('BYTES_ENCODING'));
        return;
      }
      expect(encode(bytes)).toBe(input);
    };
    fc.assert(
      fc.property(text, (input) => {
        spelling(fromBase64, toBase64, input);
        spelling(fromBase64Url, toBase64Url, input);
        spelling(fromHex, toHex, input);
      }),
      { numRuns: 1000 },
    );
  });

  test.each(['a', 'AB', '0g', '0x00', ' 00', '00\n', '０0'])('%j is no hex', (text) => {
    expect(() => fromHex(text)).toThrow(code('BYTES_ENCODING'));
  });

  test.each([
    'A',
    'AA',
    'AAA',
    'AA=',
    'A===',
    '====',
    'AB==',
    'AAB=',
    'AA==AA==',
    'AA =',
    'AA-_',
    'AAAA\n',
    'ÁAAA',
    'AAA='.slice(0, 3),
  ])('%j is no base64', (text) => {
    expect(() => fromBase64(text)).toThrow(code('BYTES_ENCODING'));
  });

  test.each(['A', 'AA==', 'AB', 'AAB', 'AA+/', 'AA AA', 'AAAAA'])('%j is no base64url', (text) => {
    expect(() => fromBase64Url(text)).toThrow(code('BYTES_ENCODING'));
  });

  test('another length than the format fixes is refused', () => {
    expect(() => fromHex('0000', 3)).toThrow(code('BYTES_LENGTH'));
    expect(() => fromBase64('AAAA', 2)).toThrow(code('BYTES_LENGTH'));
    expect(() => fromBase64Url('AAAA', 4)).toThrow(code('BYTES_LENGTH'));
  });

  test('what was sent is not quoted', () => {
    expect(() => fromHex('secret!!')).toThrow('got 8 characters');
  });
});

describe('UTF-8', () => {
  test.each(['ff', 'c080', 'eda080', 'f4908080', 'e282', '80'])(
    'the bytes %s are refused',
    (hex) => {
      expect(() => fromUtf8(fromHex(hex))).toThrow(code('BYTES_ENCODING'));
    },
  );

  test('text survives, a byte order mark too', () => {
    for (const text of ['', 'ä€😀', '\ufeffx']) expect(fromUtf8(utf8(text))).toBe(text);
  });
});

describe('integers', () => {
  test('are big-endian', () => {
    expect(toHex(u16(0x0102))).toBe('0102');
    expect(toHex(u32(0x01020304))).toBe('01020304');
    expect(toHex(u64(2 ** 53 - 1))).toBe('001fffffffffffff');
  });

  test.each([-1, 0.5, NaN, Infinity])('%p is none', (value) => {
    for (const write of [u16, u32, u64]) expect(() => write(value)).toThrow(RangeError);
  });

  test('what does not fit is refused', () => {
    expect(() => u16(65_536)).toThrow(RangeError);
    expect(() => u32(2 ** 32)).toThrow(RangeError);
    expect(() => u64(2 ** 53)).toThrow(RangeError);
  });

  test('survive being read', () => {
    fc.assert(
      fc.property(
        fc.nat(65_535),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.maxSafeNat(),
        (a, b, c) => {
          const reader = new ByteReader(concatBytes(u16(a), u32(b), u64(c)));
          expect([reader.uint(2), reader.uint(4), reader.uint(8)]).toStrictEqual([a, b, c]);
          reader.end();
        },
      ),
    );
  });
});

describe('the reader', () => {
  test('refuses to read beyond the end, and to leave bytes over', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3));
    expect(() => reader.take(4)).toThrow(code('BYTES_LENGTH'));
    expect(reader.take(2)).toStrictEqual(Uint8Array.of(1, 2));
    expect(reader.remaining).toBe(1);
    expect(() => reader.end()).toThrow(code('BYTES_LENGTH'));
    expect(() => reader.uint(2)).toThrow(code('BYTES_LENGTH'));
    expect(reader.rest()).toStrictEqual(Uint8Array.of(3));
    reader.end();
  });

  test('refuses an integer of 2^53', () => {
    expect(() => new ByteReader(fromHex('0020000000000000')).uint(8)).toThrow(code('BYTES_LENGTH'));
    expect(new ByteReader(fromHex('001fffffffffffff')).uint(8)).toBe(2 ** 53 - 1);
  });

  test('gives copies', () => {
    const bytes = Uint8Array.of(1, 2);
    const taken = new ByteReader(bytes).take(2);
    taken[0] = 9;
    expect(bytes[0]).toBe(1);
  });
});

test('equality sees every byte and every length', () => {
  expect(equalBytes(new Uint8Array(0), new Uint8Array(0))).toBe(true);
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(equalBytes(Uint8Array.of(0, 2), Uint8Array.of(1, 2))).toBe(false);
  expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false);
});
