import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  formatTlogProof,
  inclusionPath,
  leafHash,
  parseTlogProof,
  parseVkey,
  toBase64,
  utf8,
  verifyTlogProof,
} from '../src/index.ts';
import type { TlogProof } from '../src/index.ts';
import { code, readVectors } from './vectors.ts';

const log = readVectors<{ vkey: string; entries: string[]; checkpoints: string[] }>(
  'tessera-testdata',
);
const origin = 'example.com/log/testdata';
const verifiers = [parseVkey(log.vkey)];
const leaves = log.entries.map((entry) => leafHash(utf8(entry)));

function proofOf(index: number, size: number): TlogProof {
  return {
    index,
    hashes: inclusionPath(leaves.slice(0, size), index),
    checkpoint: utf8(log.checkpoints[size]!),
  };
}

describe('proofs of the published log', () => {
  test('every entry of every size is proven by its text', () => {
    for (let size = 1; size <= leaves.length; size++)
      for (let index = 0; index < size; index++) {
        const proof = parseTlogProof(formatTlogProof(proofOf(index, size)));
        expect(verifyTlogProof(leaves[index]!, proof, origin, verifiers).size).toBe(size);
      }
  });

  test('the text is that of the specification', () => {
    const { hashes } = proofOf(4, 7);
    expect(formatTlogProof({ ...proofOf(4, 7), extra: utf8('extra information') })).toBe(
      `c2sp.org/tlog-proof@v1\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 4\n${hashes.map((hash) => `${toBase64(hash)}\n`).join('')}\n${log.checkpoints[7]!}`,
    );
  });

  test('another leaf, index, size, origin or key is refused', () => {
    const proof = proofOf(4, 15);
    expect(() => verifyTlogProof(leaves[5]!, proof, origin, verifiers)).toThrow(code('PROOF_ROOT'));
    expect(() => verifyTlogProof(leaves[4]!, { ...proof, index: 5 }, origin, verifiers)).toThrow(
      code('PROOF_ROOT'),
    );
    expect(() => verifyTlogProof(leaves[4]!, { ...proof, index: 15 }, origin, verifiers)).toThrow(
      code('TREE_RANGE'),
    );
    expect(() =>
      verifyTlogProof(leaves[4]!, { ...proof, hashes: proof.hashes.slice(1) }, origin, verifiers),
    ).toThrow(code('PROOF_LENGTH'));
    expect(() =>
      verifyTlogProof(
        leaves[4]!,
        { ...proof, checkpoint: utf8(log.checkpoints[14]!) },
        origin,
        verifiers,
      ),
    ).toThrow(code('PROOF_ROOT'));
    expect(() => verifyTlogProof(leaves[4]!, proof, 'example.com/other', verifiers)).toThrow(
      code('CHECKPOINT_ORIGIN'),
    );
    expect(() => verifyTlogProof(leaves[4]!, proof, origin, [])).toThrow(code('NOTE_SIGNATURE'));
  });
});

const text = formatTlogProof({ ...proofOf(4, 15), extra: utf8('more') });
const hash = `${toBase64(leaves[0]!)}\n`;

describe('refused texts', () => {
  test('the text that the cases are made of is read', () => {
    expect(formatTlogProof(parseTlogProof(text))).toBe(text);
  });

  test.each(
    Object.entries({
      nothing: '',
      'another header': text.replace('@v1', '@v2'),
      'no header': text.slice(text.indexOf('\n') + 1),
      'a blank before the header': ` ${text}`,
      'a byte order mark': `\ufeff${text}`,
      'no index': text.replace(/index 4\n/, ''),
      'an index with leading zeros': text.replace('index 4', 'index 099999'),
      'one leading zero': text.replace('index 4', 'index 04'),
      'a negative index': text.replace('index 4', 'index -4'),
      'an index that is a word': text.replace('index 4', 'index four'),
      'a hex index': text.replace('index 4', 'index 0x4'),
      'a signed index': text.replace('index 4', 'index +4'),
      'an empty index': text.replace('index 4', 'index '),
      'two blanks before the index': text.replace('index 4', 'index  4'),
      'a blank behind the index': text.replace('index 4', 'index 4 '),
      'an index of 2^53': text.replace('index 4', 'index 9007199254740992'),
      'an index of 2^64': text.replace('index 4', 'index 18446744073709551616'),
      'two indexes': text.replace('index 4\n', 'index 4\nindex 4\n'),
      'extra data behind the index': text.replace(/(extra .*\n)(index .*\n)/, '$2$1'),
      'extra data twice': text.replace(/(extra .*\n)/, '$1$1'),
      'empty extra data': text.replace(/extra .*/, 'extra '),
      'extra data that is no base64': text.replace(/extra .*/, 'extra !!'),
      'extra data with stray bits': text.replace(/extra .*/, 'extra AB=='),
      'too much extra data': text.replace(/extra .*/, `extra ${'AAAA'.repeat(20_000)}`),
      'carriage returns': text.replaceAll('\n', '\r\n'),
      'a carriage return behind the index': text.replace('index 4\n', 'index 4\r\n'),
      'no final newline': text.slice(0, -1),
      'a trailing newline': `${text}\n`,
      'trailing bytes': `${text}x`,
      'no empty line': text.replace('=\n\n', '=\n'),
      'a second empty line': text.replace('=\n\n', '=\n\n\n\n'),
      'a hash that is no base64': text.replace('index 4\n', 'index 4\n!!\n'),
      'a hash of 64 bytes': text.replace('index 4\n', `index 4\n${toBase64(new Uint8Array(64))}\n`),
      'a hash with stray bits': text.replace('index 4\n', `index 4\n${'A'.repeat(42)}B=\n`),
      '64 hashes': text.replace('index 4\n', `index 4\n${hash.repeat(60)}`),
      'no checkpoint': text.slice(0, text.indexOf('\n\n') + 2),
      'a checkpoint without signatures': `${text.slice(0, text.lastIndexOf('\n\n') + 1)}`,
      'a long checkpoint': text + '— a AAAAAAAA\n'.repeat(30_000),
      'a lone surrogate': text.replace('example.com/log/testdata\n', 'example.com/\ud800\n'),
    }),
  )('%s', (_name, bad) => {
    expect(bad).not.toBe(text);
    expect(() => parseTlogProof(bad)).toThrow(code('TLOG_PROOF_MALFORMED'));
  });

  test('63 hashes are read', () => {
    const proof = parseTlogProof(text.replace('index 4\n', `index 4\n${hash.repeat(59)}`));
    expect(proof.hashes).toHaveLength(63);
  });

  test.each<[string, Partial<TlogProof>]>([
    ['a negative index', { index: -1 }],
    ['a fraction', { index: 0.5 }],
    ['an index of 2^53', { index: 2 ** 53 }],
    ['64 hashes', { hashes: Array.from({ length: 64 }, () => leaves[0]!) }],
    ['a short hash', { hashes: [new Uint8Array(31)] }],
    ['empty extra data', { extra: new Uint8Array(0) }],
    ['too much extra data', { extra: new Uint8Array(49_001) }],
  ])('%s is not written', (_name, change) => {
    expect(() => formatTlogProof({ ...proofOf(4, 15), ...change })).toThrow(
      code('TLOG_PROOF_MALFORMED'),
    );
  });

  test('what is no note is not written', () => {
    expect(() => formatTlogProof({ ...proofOf(4, 15), checkpoint: utf8('checkpoint\n') })).toThrow(
      code('NOTE_MALFORMED'),
    );
    const checkpoint = utf8(`note\n\n${log.checkpoints[3]!}`);
    expect(() => formatTlogProof({ ...proofOf(4, 15), checkpoint })).toThrow(
      code('CHECKPOINT_MALFORMED'),
    );
  });
});

test('every proof reads back', () => {
  const hashes = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 63 });
  const extra = fc.option(fc.uint8Array({ minLength: 1, maxLength: 200 }), { nil: undefined });
  fc.assert(
    fc.property(fc.maxSafeNat(), hashes, extra, (index, list, more) => {
      const proof = {
        index,
        hashes: list,
        checkpoint: utf8(log.checkpoints[3]!),
        ...(more === undefined ? {} : { extra: more }),
      };
      const written = formatTlogProof(proof);
      const read = parseTlogProof(written);
      expect(formatTlogProof(read)).toBe(written);
      expect(read.index).toBe(index);
      expect(read.hashes.map(toBase64)).toStrictEqual(list.map(toBase64));
      expect(read.extra === undefined ? undefined : toBase64(read.extra)).toBe(
        more === undefined ? undefined : toBase64(more),
      );
    }),
  );
});
