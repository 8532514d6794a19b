import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  cosignatureSigner,
  countCosignatures,
  encodeVkey,
  formatCosignerVkey,
  formatNote,
  formatVkey,
  noteKeyId,
  openNote,
  parseCosignerVkey,
  parseNote,
  parseVkey,
  sha256,
  signNote,
  toBase64,
  utf8,
  validCosignatures,
} from '../src/index.ts';
import type { NoteSigner } from '../src/index.ts';
import { code, ed25519, readVectors, signerOf } from './vectors.ts';

const log = readVectors<{ skey: string; vkey: string; checkpoints: string[] }>('tessera-testdata');
const { text } = parseNote(utf8(log.checkpoints[15]!));

function witness(
  name: string,
  seed: number,
): { vkey: string; publicKey: Uint8Array; at: (time: number) => NoteSigner } {
  const { publicKey, sign } = ed25519(new Uint8Array(32).fill(seed));
  return {
    vkey: formatCosignerVkey(name, publicKey),
    publicKey,
    at: (time) => cosignatureSigner(name, publicKey, time, sign),
  };
}

const one = witness('witness.example/1', 1);
const two = witness('witness.example/2', 2);
const time = 1_679_315_147;

describe('cosignature/v1', () => {
  test('signs the time and the whole text, as the specification spells it', () => {
    const [signature] = parseNote(signNote(text, [one.at(time)])).signatures;
    const bytes = Buffer.from(signature!.signature);
    expect(bytes).toHaveLength(72);
    expect(bytes.readBigUInt64BE()).toBe(BigInt(time));
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), one.publicKey]);
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    const message = Buffer.from(`cosignature/v1\ntime 1679315147\n${text}`);
    expect(verify(null, message, key, bytes.subarray(8))).toBe(true);
    expect(signature!.keyId).toBe(
      Buffer.from(
        sha256(Buffer.concat([Buffer.from('witness.example/1\n\u0004'), one.publicKey])),
      ).readUInt32BE(),
    );
  });

  test('its key is type 4 and no log key', () => {
    const { name, keyId } = parseCosignerVkey(one.vkey);
    expect(one.vkey.startsWith(`${name}+${keyId.toString(16).padStart(8, '0')}+B`)).toBe(true);
    expect(() => parseVkey(one.vkey)).toThrow(code('NOTE_KEY'));
    expect(() => parseCosignerVkey(formatVkey(name, one.publicKey))).toThrow(code('NOTE_KEY'));
    expect(() => parseCosignerVkey(one.vkey.replace('example/1', 'example/2'))).toThrow(
      code('NOTE_KEY'),
    );
    expect(() => encodeVkey(name, 4, new Uint8Array(31))).toThrow(code('NOTE_KEY'));
    expect(() => cosignatureSigner('two words', one.publicKey, time, (m) => m)).toThrow(
      code('NOTE_KEY'),
    );
  });

  test('a key of another length is refused, also under its right key id', () => {
    for (const length of [31, 33]) {
      const key = new Uint8Array(length);
      const id = noteKeyId('a', 4, key).toString(16).padStart(8, '0');
      const vkey = `a+${id}+${toBase64(Uint8Array.of(4, ...key))}`;
      expect(() => parseCosignerVkey(vkey)).toThrow(code('NOTE_KEY'));
    }
  });

  test.each([-1, 0.5, NaN, 2 ** 53])('the time %d is not signed', (bad) => {
    expect(() => signNote(text, [one.at(bad)])).toThrow(RangeError);
  });
});

describe('a count for a quorum', () => {
  const all = signNote(text, [signerOf(log.skey), one.at(time), two.at(time + 1)]);

  test('names who signed and when', () => {
    expect(validCosignatures(all, [two.vkey, one.vkey])).toStrictEqual([
      { name: 'witness.example/1', keyId: parseCosignerVkey(one.vkey).keyId, time },
      { name: 'witness.example/2', keyId: parseCosignerVkey(two.vkey).keyId, time: time + 1 },
    ]);
    expect(countCosignatures(all, [one.vkey, two.vkey])).toBe(2);
    expect(countCosignatures(all, [one.vkey])).toBe(1);
    expect(countCosignatures(all, [])).toBe(0);
    expect(countCosignatures(utf8(log.checkpoints[15]!), [one.vkey])).toBe(0);
    expect(openNote(all, [parseVkey(log.vkey)]).signatures).toHaveLength(1);
  });

  test('counts a key once, however often it signed, was listed or was named', () => {
    const alias = witness('witness.example/alias', 1);
    const note = signNote(text, [one.at(time), one.at(time + 5), alias.at(time)]);
    expect(countCosignatures(note, [one.vkey, one.vkey, alias.vkey])).toBe(1);
    expect(countCosignatures(note, [alias.vkey])).toBe(1);
  });

  test('the order of keys and of signatures decides nothing', () => {
    const shuffled = formatNote({ text, signatures: parseNote(all).signatures.reverse() });
    expect(countCosignatures(shuffled, [one.vkey, two.vkey])).toBe(2);
  });

  test('a bad one by a known key refuses the note', () => {
    const [, first] = parseNote(all).signatures;
    const changes: ((bytes: Uint8Array) => void)[] = [
      (bytes) => (bytes[7]! ^= 1), // another time
      (bytes) => (bytes[0]! ^= 0x80), // a time beyond 2^53
      (bytes) => (bytes[71]! ^= 1),
    ];
    for (const change of changes) {
      const signature = first!.signature.slice();
      change(signature);
      const note = formatNote({ text, signatures: [{ ...first!, signature }] });
      expect(() => countCosignatures(note, [one.vkey])).toThrow(code('NOTE_SIGNATURE'));
    }
    for (const signature of [
      first!.signature.slice(1),
      first!.signature.slice(8),
      Uint8Array.of(...first!.signature, 0),
    ]) {
      const note = formatNote({ text, signatures: [{ ...first!, signature }] });
      expect(() => countCosignatures(note, [one.vkey])).toThrow(code('NOTE_SIGNATURE'));
    }
    const moved = formatNote({ text: text.replace('\n15\n', '\n14\n'), signatures: [first!] });
    expect(() => countCosignatures(moved, [one.vkey])).toThrow(code('NOTE_SIGNATURE'));
  });

  test('what is no note or no cosigner key is refused', () => {
    expect(() => countCosignatures(utf8('text\n'), [one.vkey])).toThrow(code('NOTE_MALFORMED'));
    expect(() => countCosignatures(all, [log.vkey])).toThrow(code('NOTE_KEY'));
  });
});
