import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  TreeFrontier,
  emptyRoot,
  formatCheckpoint,
  fromUtf8,
  leafHash,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  parseVkey,
  signCheckpoint,
  signNote,
  toBase64,
  utf8,
} from '../src/index.ts';
import type { Checkpoint } from '../src/index.ts';
import { code, readVectors, signerOf } from './vectors.ts';

const log = readVectors<{ skey: string; vkey: string; entries: string[]; checkpoints: string[] }>(
  'tessera-testdata',
);
const origin = 'example.com/log/testdata';
const signer = signerOf(log.skey);
const verifier = parseVkey(log.vkey);

describe('the published log of fifteen entries', () => {
  test.each(log.checkpoints.map((note, size) => ({ size, note })))(
    'its checkpoint of size $size is rebuilt byte for byte',
    ({ size, note }) => {
      const frontier = TreeFrontier.empty();
      frontier.appendAll(log.entries.slice(0, size).map((entry) => leafHash(utf8(entry))));
      expect(fromUtf8(signCheckpoint({ origin, size, root: frontier.root() }, [signer]))).toBe(
        note,
      );
      expect(openCheckpoint(utf8(note), origin, [verifier])).toStrictEqual({
        origin,
        size,
        root: frontier.root(),
      });
    },
  );

  test('is not the log of another origin', () => {
    const note = utf8(log.checkpoints[15]!);
    expect(() => openCheckpoint(note, 'example.com/log', [verifier])).toThrow(
      code('CHECKPOINT_ORIGIN'),
    );
    expect(() => openCheckpoint(note, `${origin}/`, [verifier])).toThrow(code('CHECKPOINT_ORIGIN'));
  });

  test('is not signed by another key', () => {
    const stranger = parseVkey(
      'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    );
    expect(() => openCheckpoint(utf8(log.checkpoints[15]!), origin, [stranger])).toThrow(
      code('NOTE_SIGNATURE'),
    );
  });

  test('a changed size or root is not signed', () => {
    const note = log.checkpoints[15]!;
    for (const changed of [note.replace('\n15\n', '\n14\n'), note.replace('rKbDip', 'rKbDiq')])
      expect(() => openCheckpoint(utf8(changed), origin, [verifier])).toThrow(
        code('NOTE_SIGNATURE'),
      );
  });
});

/** The example of c2sp.org/tlog-checkpoint. */
const published =
  'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';

test('the checkpoint of the specification is read and written back unchanged', () => {
  const checkpoint = parseCheckpoint(published);
  expect(checkpoint.origin).toBe('example.com/behind-the-sofa');
  expect(checkpoint.size).toBe(20852163);
  expect(formatCheckpoint(checkpoint)).toBe(published);
});

const refused = {
  nothing: '',
  'no origin': published.replace('example.com/behind-the-sofa', ''),
  'no size': published.replace('20852163', ''),
  'no root': published.slice(0, -45),
  'an empty root': published.replace(/Cs.*=/, ''),
  'no final newline': published.slice(0, -1),
  'a leading zero': published.replace('20852163', '020852163'),
  'a doubled zero': `o\n00\n${toBase64(emptyRoot)}\n`,
  'a plus sign': published.replace('20852163', '+20852163'),
  'a minus sign': published.replace('20852163', '-1'),
  'minus zero': `o\n-0\n${toBase64(emptyRoot)}\n`,
  'a fraction': published.replace('20852163', '20852163.0'),
  'an exponent': published.replace('20852163', '2e7'),
  'a hex size': published.replace('20852163', '0x13e2d83'),
  'digit groups': published.replace('20852163', '20,852,163'),
  'Arabic digits': published.replace('20852163', '٢٠'),
  'a blank before the size': published.replace('20852163', ' 20852163'),
  'a blank behind the size': published.replace('20852163', '20852163 '),
  'a size of 2^53': published.replace('20852163', '9007199254740992'),
  'a size of 2^64': published.replace('20852163', '18446744073709551616'),
  'carriage returns': published.replaceAll('\n', '\r\n'),
  'a carriage return behind the origin': published.replace('sofa\n', 'sofa\r\n'),
  'a carriage return behind the size': published.replace('163\n', '163\r\n'),
  'a control character in the origin': published.replace('sofa', 'so\u0007fa'),
  'an extension line': `${published}note\n`,
  'an empty extension line': `${published}\n`,
  'trailing bytes': `${published}x`,
  'a leading newline': `\n${published}`,
  'a leading byte order mark in the size': published.replace('\n2', '\n\ufeff2'),
  'a root of 31 bytes': published.replace(/Cs.*=/, toBase64(new Uint8Array(31))),
  'a root of 33 bytes': published.replace(/Cs.*=/, toBase64(new Uint8Array(33))),
  'a root with stray bits': published.replace('q2I=', 'q2J='),
  'a root without padding': published.replace('q2I=', 'q2I'),
  'a root in base64url': published.replace('om/X', 'om_X'),
  'a root in hex': published.replace(/Cs.*=/, '0'.repeat(64)),
  'a blank behind the root': published.replace('=\n', '= \n'),
  'leaves that are none': published.replace('20852163', '0'),
};

test.each(Object.entries(refused))('a checkpoint with %s is refused', (_name, text) => {
  expect(() => parseCheckpoint(text)).toThrow(code('CHECKPOINT_MALFORMED'));
});

test.each([
  'an extension line',
  'a leading zero',
  'a size of 2^53',
  'leaves that are none',
] as const)('a signed checkpoint with %s is refused too', (name) => {
  const text = refused[name].replace('example.com/behind-the-sofa', origin);
  expect(() => openCheckpoint(signNote(text, [signer]), origin, [verifier])).toThrow(
    code('CHECKPOINT_MALFORMED'),
  );
});

test('a note signed with an empty line in its text is no checkpoint', () => {
  const note = signNote(`${published}\nmore\n`, [signer]);
  expect(parseNote(note).text).toContain('more');
  expect(() => openCheckpoint(note, 'example.com/behind-the-sofa', [verifier])).toThrow(
    code('CHECKPOINT_MALFORMED'),
  );
});

test.each<[string, Partial<Checkpoint>]>([
  ['no origin', { origin: '' }],
  ['two lines as origin', { origin: 'a\nb' }],
  ['a lone surrogate', { origin: '\ud800' }],
  ['a negative size', { size: -1 }],
  ['a fraction', { size: 1.5 }],
  ['NaN', { size: NaN }],
  ['2^53', { size: 2 ** 53 }],
  ['a short root', { root: new Uint8Array(31) }],
  ['no leaves and another root', { size: 0 }],
])('%s is not written', (_name, change) => {
  const checkpoint = { ...parseCheckpoint(published), ...change };
  expect(() => formatCheckpoint(checkpoint)).toThrow(code('CHECKPOINT_MALFORMED'));
  expect(() => signCheckpoint(checkpoint, [signer])).toThrow(code('CHECKPOINT_MALFORMED'));
});

test('every checkpoint reads back', () => {
  const checkpoints = fc.record(
    {
      origin: fc.string({ minLength: 1, unit: 'grapheme' }).filter((s) => !/\p{Cc}/u.test(s)),
      size: fc.maxSafeNat().map((n) => Math.max(1, n)),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(checkpoints, (checkpoint) => {
      expect(parseCheckpoint(formatCheckpoint(checkpoint))).toStrictEqual({
        ...checkpoint,
        root: Uint8Array.from(checkpoint.root),
      });
    }),
  );
});
