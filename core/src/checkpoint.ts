import { equalBytes, fromBase64, toBase64 } from './bytes.ts';
import { ShowcauseError } from './errors.ts';
import { emptyRoot } from './merkle.ts';
import type { Hash } from './merkle.ts';
import { openNote, signNote } from './note.ts';
import type { NoteSigner, NoteVerifier } from './note.ts';
import { isWellFormed } from './unicode.ts';

/** A log's head (c2sp.org/tlog-checkpoint). */
export interface Checkpoint {
  /** which log: one line, not empty */
  origin: string;
  /** leaves, 0 to 2^53 - 1 */
  size: number;
  root: Hash;
}

/** Three lines and nothing else: extension lines are neither written nor read. */
const grammar = /^([^\p{Cc}]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n$/u;

/**
 * Reads the text of a checkpoint's note.
 * @throws {ShowcauseError} `CHECKPOINT_MALFORMED`
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [, origin, size, root] = grammar.exec(text) ?? [];
  if (origin === undefined || size === undefined || root === undefined) return malformed(text);
  let checkpoint: Checkpoint;
  try {
    checkpoint = { origin, size: Number(size), root: fromBase64(root, 32) };
  } catch (cause) {
    return malformed(text, cause); // base64 with stray bits
  }
  return isCheckpoint(checkpoint) ? checkpoint : malformed(text);
}

/** The text that is signed. @throws {ShowcauseError} `CHECKPOINT_MALFORMED` for what nobody could read back */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { origin, size, root } = checkpoint;
  const text = `${origin}\n${size}\n${toBase64(root)}\n`;
  return grammar.test(text) && isCheckpoint(checkpoint) ? text : malformed(text);
}

/**
 * Opens a signed checkpoint of the log `origin`.
 * @param verifiers  keys of the log; at least one must have signed
 * @throws {ShowcauseError} `NOTE_*`, `CHECKPOINT_MALFORMED`, `CHECKPOINT_ORIGIN`
 */
export function openCheckpoint(
  noteBytes: Uint8Array,
  origin: string,
  verifiers: readonly NoteVerifier[],
): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(noteBytes, verifiers).text);
  if (checkpoint.origin !== origin)
    throw new ShowcauseError('CHECKPOINT_ORIGIN', { got: checkpoint.origin, want: origin });
  return checkpoint;
}

/** The signed note. @throws {ShowcauseError} `CHECKPOINT_MALFORMED`, `NOTE_MALFORMED` */
export function signCheckpoint(checkpoint: Checkpoint, signers: readonly NoteSigner[]): Uint8Array {
  return signNote(formatCheckpoint(checkpoint), signers);
}

function isCheckpoint({ origin, size, root }: Checkpoint): boolean {
  const sized = Number.isSafeInteger(size) && (size > 0 || equalBytes(root, emptyRoot));
  return sized && isWellFormed(origin);
}

function malformed(text: string, cause?: unknown): never {
  throw new ShowcauseError('CHECKPOINT_MALFORMED', {
    got: JSON.stringify(text.slice(0, 80)),
    want: 'origin, size and root',
    cause,
  });
}
