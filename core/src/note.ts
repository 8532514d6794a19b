import { concatBytes, fromBase64, fromUtf8, toBase64, toHex, u32, utf8 } from './bytes.ts';
import { ShowcauseError } from './errors.ts';
import { sha256 } from './hash.ts';
import { verifyEd25519 } from './signatures.ts';
import { isWellFormed } from './unicode.ts';

/** A note is at most this long: room for 64 signatures, also post-quantum ones on most. */
export const MAX_NOTE_BYTES = 131_072;
export const MAX_NOTE_SIGNATURES = 64;

/** Signature types of c2sp.org/signed-note that this library makes and checks. */
export const NOTE_ED25519 = 0x01;
export const NOTE_COSIGNATURE_V1 = 0x04;

export interface NoteSignature {
  /** of the key */
  name: string;
  /** first four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key), an unsigned integer */
  keyId: number;
  signature: Uint8Array;
}

/** A text and who signed it (c2sp.org/signed-note). */
export interface Note {
  /** ends with a newline; exactly what is signed */
  text: string;
  signatures: NoteSignature[];
}

export interface NoteVerifier {
  readonly name: string;
  readonly keyId: number;
  /** @param text  the note's text in UTF-8 */
  verify(text: Uint8Array, signature: Uint8Array): boolean;
}

export interface NoteSigner {
  readonly name: string;
  readonly keyId: number;
  /** @param text  the note's text in UTF-8 */
  sign(text: Uint8Array): Uint8Array;
}

/** What a verifier key (vkey) says: `name+hex8(keyId)+base64(type ‖ public key)`. */
export interface NoteKey {
  name: string;
  keyId: number;
  type: number;
  publicKey: Uint8Array;
}

/** @throws {ShowcauseError} `NOTE_KEY`, also when the key id is not that of name and key */
export function decodeVkey(vkey: string): NoteKey {
  const [, name, id, encoded] =
    /^([^+]*)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,4096})$/.exec(vkey) ?? [];
  if (name === undefined || id === undefined || encoded === undefined || !isKeyName(name))
    return badKey('another form', 'name+id+key');
  const key = base64OrNull(encoded);
  const type = key?.[0];
  if (key === null || type === undefined) return badKey('a key that is not base64', 'base64');
  const publicKey = key.subarray(1);
  const keyId = noteKeyId(name, type, publicKey);
  if (toHex(u32(keyId)) !== id) return badKey(`key id ${id}`, toHex(u32(keyId)));
  return { name, keyId, type, publicKey };
}

/**
 * A verifier for an Ed25519 key (type 0x01), the only type that signs a log's checkpoints here. Witness keys:
 * `parseCosignerVkey`.
 * @throws {ShowcauseError} `NOTE_KEY`
 */
export function parseVkey(vkey: string): NoteVerifier {
  const { name, keyId, type, publicKey } = decodeVkey(vkey);
  if (type !== NOTE_ED25519 || publicKey.length !== 32)
    return badKey(`type ${type} with ${publicKey.length} bytes`, 'Ed25519 with 32 bytes');
  return {
    name,
    keyId,
    verify: (text, signature) => verifyEd25519(publicKey, text, signature),
  };
}

/** The vkey of an Ed25519 public key. @throws {ShowcauseError} `NOTE_KEY` for a name with blanks or `+` */
export function formatVkey(name: string, publicKey: Uint8Array): string {
  return encodeVkey(name, NOTE_ED25519, publicKey);
}

/** @param publicKey  32 bytes: both types are Ed25519 */
export function encodeVkey(name: string, type: number, publicKey: Uint8Array): string {
  checkSignerKey(name, publicKey);
  const id = toHex(u32(noteKeyId(name, type, publicKey)));
  return `${name}+${id}+${toBase64(concatBytes(Uint8Array.of(type), publicKey))}`;
}

export function noteKeyId(name: string, type: number, publicKey: Uint8Array): number {
  const hash = sha256(concatBytes(utf8(`${name}\n`), Uint8Array.of(type), publicKey));
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0);
}

/**
 * @param sign  Ed25519 over the message it is given, 64 bytes
 * @throws {ShowcauseError} `NOTE_KEY`
 */
export function ed25519NoteSigner(
  name: string,
  publicKey: Uint8Array,
  sign: (message: Uint8Array) => Uint8Array,
): NoteSigner {
  checkSignerKey(name, publicKey);
  return { name, keyId: noteKeyId(name, NOTE_ED25519, publicKey), sign };
}

/**
 * Takes a note apart; checks no signature.
 * @throws {ShowcauseError} `NOTE_MALFORMED`
 */
export function parseNote(bytes: Uint8Array): Note {
  if (bytes.length > MAX_NOTE_BYTES)
    return malformed(`${bytes.length} bytes`, `at most ${MAX_NOTE_BYTES}`);
  const whole = utf8OrNull(bytes);
  if (whole === null || hasControls(whole))
    return malformed('bytes that are not plain text', 'UTF-8 text');
  // The last empty line: the text may hold others, and a signer signed all of them.
  const split = whole.lastIndexOf('\n\n');
  const block = split < 0 ? '' : whole.slice(split + 2);
  if (block === '' || !block.endsWith('\n')) return malformed('no signature lines', 'at least one');
  const lines = block.slice(0, -1).split('\n');
  if (lines.length > MAX_NOTE_SIGNATURES)
    return malformed(`${lines.length} signatures`, `at most ${MAX_NOTE_SIGNATURES}`);
  return { text: whole.slice(0, split + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const [, name, encoded] = /^— ([^ ]+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
  const bytes = encoded === undefined ? null : base64OrNull(encoded);
  if (name === undefined || bytes === null || !isKeyName(name) || bytes.length < 5)
    return malformed('a signature line of another form', '— name base64');
  const keyId = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return { name, keyId, signature: bytes.slice(4) };
}

/** The note's bytes. @throws {ShowcauseError} `NOTE_MALFORMED` for what {@link parseNote} would refuse */
export function formatNote(note: Note): Uint8Array {
  const lines = note.signatures.map(
    ({ name, keyId, signature }) => `— ${name} ${toBase64(concatBytes(u32(keyId), signature))}\n`,
  );
  const bytes = utf8(`${note.text}\n${lines.join('')}`);
  if (parseNote(bytes).text !== note.text)
    return malformed('another text', 'Unicode text that ends with a newline');
  return bytes;
}

/**
 * Opens a note that at least one of `verifiers` signed. Signatures of unknown keys are ignored; a bad signature of a
 * known key refuses the note, whatever else stands on it.
 *
 * @returns the text with the signatures that were verified, and no others
 * @throws {ShowcauseError} `NOTE_MALFORMED`; `NOTE_SIGNATURE`; `NOTE_KEY` when two verifiers share name and key id
 */
export function openNote(bytes: Uint8Array, verifiers: readonly NoteVerifier[]): Note {
  const known = byKey(verifiers);
  const note = parseNote(bytes);
  const text = utf8(note.text);
  const verified = note.signatures.filter((signature) => {
    const verifier = known.get(keyOf(signature));
    if (verifier === undefined) return false;
    if (!verifier.verify(text, signature.signature))
      throw new ShowcauseError('NOTE_SIGNATURE', { got: 'a bad signature by a known key' });
    return true;
  });
  if (verified.length === 0)
    throw new ShowcauseError('NOTE_SIGNATURE', {
      got: `${note.signatures.length} signatures, none by a known key`,
      want: verifiers.map(({ name }) => name).join(', ') || 'a known key',
    });
  return { text: note.text, signatures: verified };
}

/**
 * @param text     plain text that ends with a newline
 * @param signers  at least one
 * @throws {ShowcauseError} `NOTE_MALFORMED`
 */
export function signNote(text: string, signers: readonly NoteSigner[]): Uint8Array {
  const message = utf8(text);
  const signatures = signers.map((signer) => ({
    name: signer.name,
    keyId: signer.keyId,
    signature: signer.sign(message),
  }));
  return formatNote({ text, signatures });
}

function byKey(verifiers: readonly NoteVerifier[]): Map<string, NoteVerifier> {
  const known = new Map<string, NoteVerifier>();
  for (const verifier of verifiers) {
    const key = keyOf(verifier);
    // Four bytes can be made to collide: which of the two keys is meant must not depend on their order.
    if (known.has(key)) return badKey(`two keys ${key}`, 'one');
    known.set(key, verifier);
  }
  return known;
}

function keyOf({ name, keyId }: { name: string; keyId: number }): string {
  return `${name}+${toHex(u32(keyId))}`;
}

/** Non-empty, no Unicode blank, no `+`, no control character. */
function isKeyName(name: string): boolean {
  return /^[^\p{White_Space}\p{Cc}+]+$/u.test(name) && isWellFormed(name);
}

function checkSignerKey(name: string, publicKey: Uint8Array): void {
  if (!isKeyName(name)) badKey('a name with blanks or +', 'a name without them');
  if (publicKey.length !== 32) badKey(`${publicKey.length} bytes`, '32');
}

function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 && code !== 0x0a) return true;
  }
  return false;
}

function base64OrNull(text: string): Uint8Array | null {
  try {
    return fromBase64(text);
  } catch {
    return null;
  }
}

function utf8OrNull(bytes: Uint8Array): string | null {
  try {
    return fromUtf8(bytes);
  } catch {
    return null;
  }
}

function malformed(got: string, want: string): never {
  throw new ShowcauseError('NOTE_MALFORMED', { got, want });
}

function badKey(got: string, want: string): never {
  throw new ShowcauseError('NOTE_KEY', { got, want });
}
