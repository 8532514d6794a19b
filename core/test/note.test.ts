import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decodeVkey,
  ed25519NoteSigner,
  encodeVkey,
  formatNote,
  formatVkey,
  noteKeyId,
  fromBase64,
  fromUtf8,
  openNote,
  parseNote,
  parseVkey,
  signNote,
  toBase64,
  utf8,
} from '../src/index.ts';
import type { NoteSigner, NoteVerifier } from '../src/index.ts';
import { code, ed25519, readVectors, signerOf } from './vectors.ts';

const vectors = readVectors<{
  notes: { name: string; vkeys: string[]; note: string }[];
  skeys: { name: string; skey: string }[];
  refusedVkeys: Record<string, string>;
  ecdsaVkeys: string[];
  wellFormed: { name: string; note: string }[];
}>('signed-note');

const [example, essay] = vectors.notes as [(typeof vectors.notes)[0], (typeof vectors.notes)[0]];
const [peter, enoch] = essay.vkeys.map(parseVkey) as [NoteVerifier, NoteVerifier];

function party(
  name: string,
  seed: number,
): { signer: NoteSigner; verifier: NoteVerifier; vkey: string } {
  const { publicKey, sign } = ed25519(new Uint8Array(32).fill(seed));
  const vkey = formatVkey(name, publicKey);
  return { signer: ed25519NoteSigner(name, publicKey, sign), verifier: parseVkey(vkey), vkey };
}

const log = party('example.com/log', 1);
const other = party('example.com/other', 2);

describe('published notes', () => {
  test.each(vectors.notes)('$name opens with all its keys, and with each', ({ vkeys, note }) => {
    const verifiers = vkeys.map(parseVkey);
    const opened = openNote(utf8(note), verifiers);
    expect(opened.text).toBe(note.slice(0, note.lastIndexOf('\n\n') + 1));
    expect(opened.signatures.map(({ name }) => name)).toStrictEqual(
      verifiers.map(({ name }) => name),
    );
    for (const verifier of verifiers)
      expect(openNote(utf8(note), [verifier]).signatures.map(({ name }) => name)).toStrictEqual([
        verifier.name,
      ]);
  });

  test.each([...vectors.notes, ...vectors.wellFormed])(
    '$name is taken apart and put together',
    ({ note }) => {
      const parsed = parseNote(utf8(note));
      expect(fromUtf8(formatNote(parsed))).toBe(note);
      expect(`${parsed.text}\n${note.slice(parsed.text.length + 1)}`).toBe(note);
    },
  );

  test('signing again gives the published bytes', () => {
    const signed = fromUtf8(
      signNote(parseNote(utf8(essay.note)).text, [signerOf(vectors.skeys[0]!.skey)]),
    );
    expect(essay.note.startsWith(signed)).toBe(true);
  });

  test('no key in common is no signature', () => {
    expect(() => openNote(utf8(essay.note), [parseVkey(example.vkeys[0]!)])).toThrow(
      code('NOTE_SIGNATURE'),
    );
    expect(() => openNote(utf8(essay.note), [])).toThrow(code('NOTE_SIGNATURE'));
  });
});

describe('verifier keys', () => {
  test.each([...example.vkeys, ...essay.vkeys])('%s', (vkey) => {
    const { name, keyId } = parseVkey(vkey);
    expect(vkey.startsWith(`${name}+${keyId.toString(16).padStart(8, '0')}+`)).toBe(true);
    expect(formatVkey(name, decodeVkey(vkey).publicKey)).toBe(vkey);
  });

  const good = essay.vkeys[0]!;
  test.each(
    Object.entries({
      ...vectors.refusedVkeys,
      'ECDSA of Rekor': vectors.ecdsaVkeys[0]!,
      'ECDSA of Pixel': vectors.ecdsaVkeys[1]!,
      nothing: '',
      'another key id': good.replace('c74f20a3', 'c74f20a4'),
      'a capital key id': good.replace('c74f20a3', 'C74F20A3'),
      'a short key id': good.replace('c74f20a3', '74f20a3'),
      'another name': good.replace('Peter', 'Petra'),
      'no name': good.replace('PeterNeumann', ''),
      'a blank in the name': good.replace('PeterNeumann', 'Peter Neumann'),
      'no key': good.slice(0, good.lastIndexOf('+') + 1),
      'no parts': 'PeterNeumann',
      'stray base64': `${good}A`,
      'a trailing newline': `${good}\n`,
      'a leading blank': ` ${good}`,
      base64url: good.replace('/', '_'),
      'a cosigner key': encodeVkey('PeterNeumann', 4, decodeVkey(good).publicKey),
      'a signer key': vectors.skeys[0]!.skey,
    }),
  )('%s is refused', (_name, vkey) => {
    expect(() => parseVkey(vkey)).toThrow(code('NOTE_KEY'));
  });

  test.each([
    '',
    'two words',
    'a+b',
    'tab\tbed',
    'no\u00a0break',
    'next\u0085line',
    'new\nline',
    'wide\u3000',
    '\ud800',
  ])('the name %j is refused', (name) => {
    const key = new Uint8Array(32);
    expect(() => formatVkey(name, key)).toThrow(code('NOTE_KEY'));
    expect(() => ed25519NoteSigner(name, key, (message) => message)).toThrow(code('NOTE_KEY'));
  });

  test.each([0, 31, 33, 64])('a public key of %d bytes is refused', (length) => {
    expect(() => formatVkey('a', new Uint8Array(length))).toThrow(code('NOTE_KEY'));
    expect(() => ed25519NoteSigner('a', new Uint8Array(length), (m) => m)).toThrow(
      code('NOTE_KEY'),
    );
  });

  test('a key of another length is refused, also under its right key id', () => {
    for (const length of [31, 33]) {
      const key = new Uint8Array(length);
      const id = noteKeyId('a', 1, key).toString(16).padStart(8, '0');
      const vkey = `a+${id}+${toBase64(Uint8Array.of(1, ...key))}`;
      expect(decodeVkey(vkey).publicKey).toHaveLength(length);
      expect(() => parseVkey(vkey)).toThrow(code('NOTE_KEY'));
    }
  });

  test('a byte order mark is no blank', () => {
    expect(parseVkey(formatVkey('a\ufeffb', new Uint8Array(32))).name).toBe('a\ufeffb');
  });

  test('two keys under one name and id are refused, because either could be meant', () => {
    const note = signNote('text\n', [log.signer]);
    expect(() => openNote(note, [log.verifier, log.verifier])).toThrow(code('NOTE_KEY'));
  });
});

const valid = fromUtf8(signNote('text\n', [log.signer]));
const line = valid.slice(valid.indexOf('—'));
const grease = (i: number): string =>
  `— grease.example/${i} ${toBase64(Uint8Array.of(0, 0, 0, i, 1))}\n`;

describe('malformed notes', () => {
  test.each(
    Object.entries<string | Uint8Array>({
      nothing: '',
      'no signatures': 'text\n',
      'no signatures behind the empty line': 'text\n\n',
      'no empty line': `text\n${line}`,
      'no final newline': valid.slice(0, -1),
      'an empty line at the end': `${valid}\n`,
      'carriage returns': valid.replaceAll('\n', '\r\n'),
      'a carriage return in the text': `te\rxt\n\n${line}`,
      'the last control character in the text': `te\u001fxt\n\n${line}`,
      'a control character in the text': `te\u0001xt\n\n${line}`,
      'a zero in the text': `te\u0000xt\n\n${line}`,
      'a tab in a signature line': valid.replace('— ', '—\t'),
      'a hyphen instead of a dash': valid.replace('—', '-'),
      'an en dash': valid.replace('—', '–'),
      'no blank behind the dash': valid.replace('— ', '—'),
      'two blanks behind the dash': valid.replace('— ', '—  '),
      'two blanks before the signature': valid.replace('log ', 'log  '),
      'a blank behind the signature': valid.replace(/\n$/, ' \n'),
      'a plus in the name': valid.replace('example.com/log', 'example+com/log'),
      'a no-break space in the name': valid.replace('example.com/log', 'example\u00a0com/log'),
      'no name': valid.replace('example.com/log ', ''),
      'no signature': 'text\n\n— example.com/log\n',
      'base64 with stray bits': `text\n\n— a AAAAAAB=\n`,
      'base64 without padding': valid.replace(/=+\n$/, '\n'),
      'a signature of four bytes': `text\n\n— a ${toBase64(new Uint8Array(4))}\n`,
      'a signature line that is text': `text\n\n${line}more\n`,
      '65 signatures': valid + Array.from({ length: 64 }, (_, i) => grease(i)).join(''),
      'over 128 KiB': `${'a'.repeat(131_072)}\n\n${line}`,
      'a lone continuation byte': Uint8Array.of(...utf8('te'), 0xff, ...utf8(`xt\n\n${line}`)),
      'an encoded surrogate': Uint8Array.of(0xed, 0xa0, 0x80, ...utf8(`\n\n${line}`)),
    }),
  )('%s', (_name, note) => {
    const bytes = typeof note === 'string' ? utf8(note) : note;
    expect(() => parseNote(bytes)).toThrow(code('NOTE_MALFORMED'));
    expect(() => openNote(bytes, [log.verifier])).toThrow(code('NOTE_MALFORMED'));
  });

  test('a note of exactly 128 KiB is read', () => {
    const text = `${'a'.repeat(131_072 - line.length - 2 - 2)}\n`;
    const bytes = utf8(`${text}\n${line}`);
    expect(bytes).toHaveLength(131_072);
    expect(parseNote(bytes).text).toBe(text);
  });

  test.each(['', 'no newline', 'a\u0001b\n', 'a\r\n', '\ud800\n'])(
    'the text %j is not signed',
    (text) => {
      expect(() => signNote(text, [log.signer])).toThrow(code('NOTE_MALFORMED'));
    },
  );

  test('nobody signs, no note', () => {
    expect(() => signNote('text\n', [])).toThrow(code('NOTE_MALFORMED'));
  });
});

describe('whose signature counts', () => {
  test('unknown keys are ignored, 63 of them and in any order', () => {
    const strangers = Array.from({ length: 63 }, (_, i) => grease(i)).join('');
    for (const lines of [line + strangers, strangers + line]) {
      const opened = openNote(utf8(`text\n\n${lines}`), [log.verifier, other.verifier]);
      expect(opened.signatures.map(({ name }) => name)).toStrictEqual(['example.com/log']);
    }
  });

  test('a known name with another key id is unknown', () => {
    const stranger = party('example.com/log', 3);
    const note = signNote('text\n', [stranger.signer, log.signer]);
    expect(openNote(note, [log.verifier]).signatures).toHaveLength(1);
    expect(() => openNote(signNote('text\n', [stranger.signer]), [log.verifier])).toThrow(
      code('NOTE_SIGNATURE'),
    );
  });

  test('a known key id under another name is unknown', () => {
    const renamed = valid.replace('example.com/log', 'example.com/gol');
    expect(() => openNote(utf8(renamed), [log.verifier])).toThrow(code('NOTE_SIGNATURE'));
  });

  test('a bad signature by a known key refuses the note, whatever else is on it', () => {
    const bad = fromUtf8(signNote('other\n', [log.signer])).slice('other\n\n'.length);
    const good = fromUtf8(signNote('text\n', [other.signer])).slice('text\n\n'.length);
    for (const lines of [bad, good + bad, bad + good, line + bad, bad + line])
      expect(() => openNote(utf8(`text\n\n${lines}`), [log.verifier, other.verifier])).toThrow(
        code('NOTE_SIGNATURE'),
      );
  });

  test('the text ends at the last empty line, so that all of it is signed', () => {
    const text = 'origin\n\n— example.com/log AAAAAAAA\n\nmore\n';
    expect(openNote(signNote(text, [log.signer]), [log.verifier]).text).toBe(text);
    const forged = `inserted\n\n${valid}`;
    expect(parseNote(utf8(forged)).text).toBe('inserted\n\ntext\n');
    expect(() => openNote(utf8(forged), [log.verifier])).toThrow(code('NOTE_SIGNATURE'));
  });

  test('a signature that is cut or lengthened is bad', () => {
    const signature = parseNote(utf8(valid)).signatures[0]!;
    for (const changed of [
      signature.signature.slice(0, 63),
      Uint8Array.of(...signature.signature, 0),
    ]) {
      const note = formatNote({
        text: 'text\n',
        signatures: [{ ...signature, signature: changed }],
      });
      expect(() => openNote(note, [log.verifier])).toThrow(code('NOTE_SIGNATURE'));
    }
  });
});

describe('properties', () => {
  const text = fc
    .string({ unit: 'grapheme' })
    .map((s) => `${s.replace(/[\u0000-\u0009\u000b-\u001f]/g, '')}\n`);

  test('every signed text opens unchanged', () => {
    fc.assert(
      fc.property(text, (message) => {
        const opened = openNote(signNote(message, [other.signer, log.signer]), [log.verifier]);
        expect(opened.text).toBe(message);
      }),
      { numRuns: 50 },
    );
  });

  test('every one-bit change refuses the note or leaves it unsigned', () => {
    const bytes = utf8(valid);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const bad = bytes.slice();
      bad[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => openNote(bad, [log.verifier])).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^NOTE_/) }),
      );
    }
  });

  test('signatures are bytes, key ids the first four', () => {
    const [signature] = parseNote(utf8(essay.note)).signatures;
    expect(signature!.keyId).toBe(0xc74f20a3);
    expect(signature!.keyId).toBe(peter.keyId);
    expect(enoch.keyId).toBe(0xaf0cfe78);
    const encoded = essay.note.split('\n')[3]!.split(' ')[2]!;
    expect(signature!.signature).toStrictEqual(fromBase64(encoded).slice(4));
  });
});
