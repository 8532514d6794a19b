import { ByteReader, concatBytes, toHex, u64, utf8 } from './bytes.ts';
import { ShowcauseError } from './errors.ts';
import {
  NOTE_COSIGNATURE_V1,
  decodeVkey,
  encodeVkey,
  noteKeyId,
  openNote,
  parseNote,
} from './note.ts';
import type { NoteSigner, NoteVerifier } from './note.ts';
import { verifyEd25519 } from './signatures.ts';

/** A witness that signs with a time (c2sp.org/tlog-cosignature, Ed25519, type 0x04). */
export interface CosignerVerifier extends NoteVerifier {
  /** 32 bytes */
  readonly publicKey: Uint8Array;
}

/** Who saw the log consistent up to this head, and when. */
export interface Cosignature {
  name: string;
  keyId: number;
  /** Unix seconds, by the cosigner's clock */
  time: number;
}

/** @throws {ShowcauseError} `NOTE_KEY` */
export function parseCosignerVkey(vkey: string): CosignerVerifier {
  const { name, keyId, type, publicKey } = decodeVkey(vkey);
  if (type !== NOTE_COSIGNATURE_V1 || publicKey.length !== 32)
    throw new ShowcauseError('NOTE_KEY', {
      got: `type ${type} with ${publicKey.length} bytes`,
      want: 'a cosignature/v1 key with 32 bytes',
    });
  return {
    name,
    keyId,
    publicKey,
    verify(text, signature) {
      const time = timeOf(signature); // 64 bytes of Ed25519 follow
      return time !== null && verifyEd25519(publicKey, message(time, text), signature.subarray(8));
    },
  };
}

export function formatCosignerVkey(name: string, publicKey: Uint8Array): string {
  return encodeVkey(name, NOTE_COSIGNATURE_V1, publicKey);
}

/**
 * A signer of cosignatures, for `signNote`.
 * @param time  Unix seconds
 * @param sign  Ed25519 over the message it is given, 64 bytes
 */
export function cosignatureSigner(
  name: string,
  publicKey: Uint8Array,
  time: number,
  sign: (message: Uint8Array) => Uint8Array,
): NoteSigner {
  encodeVkey(name, NOTE_COSIGNATURE_V1, publicKey);
  return {
    name,
    keyId: noteKeyId(name, NOTE_COSIGNATURE_V1, publicKey),
    sign: (text) => concatBytes(u64(time), sign(message(time, text))),
  };
}

/**
 * The valid cosignatures on a note: one for each public key, however often it signed and under however many names,
 * because the format does not bind a name to a key.
 *
 * @throws {ShowcauseError} `NOTE_MALFORMED`; `NOTE_KEY`; `NOTE_SIGNATURE` for a bad signature by one of `vkeys`
 */
export function validCosignatures(noteBytes: Uint8Array, vkeys: readonly string[]): Cosignature[] {
  const cosigners = [...new Set(vkeys)].map(parseCosignerVkey);
  const present = new Set(parseNote(noteBytes).signatures.map(keyOf));
  const asked = cosigners.filter((cosigner) => present.has(keyOf(cosigner)));
  if (asked.length === 0) return [];
  const counted = new Set<string>();
  const found: Cosignature[] = [];
  for (const { name, keyId, signature } of openNote(noteBytes, asked).signatures) {
    const cosigner = asked.find((one) => keyOf(one) === keyOf({ name, keyId }))!;
    const key = toHex(cosigner.publicKey);
    if (counted.has(key)) continue;
    counted.add(key);
    found.push({ name, keyId, time: timeOf(signature)! });
  }
  return found;
}

/** How many different cosigners signed: what a quorum counts. @throws as {@link validCosignatures} */
export function countCosignatures(noteBytes: Uint8Array, vkeys: readonly string[]): number {
  return validCosignatures(noteBytes, vkeys).length;
}

function message(time: number, text: Uint8Array): Uint8Array {
  return concatBytes(utf8(`cosignature/v1\ntime ${time}\n`), text);
}

/** The first eight bytes; null when there are fewer, or at 2^53 and later. */
function timeOf(signature: Uint8Array): number | null {
  try {
    return new ByteReader(signature).uint(8);
  } catch {
    return null;
  }
}

function keyOf({ name, keyId }: { name: string; keyId: number }): string {
  return `${name}+${keyId}`;
}
