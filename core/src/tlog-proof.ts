import { fromBase64, toBase64, utf8, fromUtf8 } from './bytes.ts';
import { openCheckpoint, parseCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { ShowcauseError } from './errors.ts';
import { verifyInclusion } from './merkle.ts';
import type { Hash } from './merkle.ts';
import { MAX_NOTE_BYTES, parseNote } from './note.ts';
import type { NoteVerifier } from './note.ts';

/** A leaf's inclusion under a signed checkpoint, offline (c2sp.org/tlog-proof). */
export interface TlogProof {
  index: number;
  /** leaf's sibling first, at most 63 */
  hashes: Hash[];
  /** the signed note, verbatim */
  checkpoint: Uint8Array;
  /** Not signed, not empty: whatever the application adds. */
  extra?: Uint8Array;
}

const HEADER = 'c2sp.org/tlog-proof@v1';
const MAX_HASHES = 63;
const MAX_EXTRA_BYTES = 49_000;
const MAX_TEXT = MAX_NOTE_BYTES + 2 * 65_536;

const grammar =
  /^c2sp\.org\/tlog-proof@v1\n(?:extra ([A-Za-z0-9+/=]+)\n)?index (0|[1-9][0-9]{0,15})\n((?:[A-Za-z0-9+/]{43}=\n){0,63})\n/;

/** @throws {ShowcauseError} `TLOG_PROOF_MALFORMED` */
export function parseTlogProof(text: string): TlogProof {
  if (text.length > MAX_TEXT) return malformed(`${text.length} characters`);
  const match = grammar.exec(text);
  if (match === null) return malformed('another form');
  const [head, extra, index, hashes = ''] = match;
  try {
    const proof: TlogProof = {
      index: Number(index),
      hashes: hashes
        .split('\n')
        .slice(0, -1)
        .map((line) => fromBase64(line, 32)),
      checkpoint: utf8(text.slice(head.length)),
      ...(extra === undefined ? {} : { extra: fromBase64(extra) }),
    };
    if (formatTlogProof(proof) === text) return proof;
  } catch (cause) {
    return malformed('another form', cause);
  }
  return malformed('another form');
}

/** @throws {ShowcauseError} `TLOG_PROOF_MALFORMED` for what nobody could read back; `NOTE_MALFORMED`, `CHECKPOINT_MALFORMED` */
export function formatTlogProof(proof: TlogProof): string {
  const { index, hashes, checkpoint, extra } = proof;
  if (!Number.isSafeInteger(index) || index < 0) return malformed(`index ${index}`);
  if (hashes.length > MAX_HASHES || hashes.some((hash) => hash.length !== 32))
    return malformed(`${hashes.length} hashes`);
  if (extra !== undefined && (extra.length === 0 || extra.length > MAX_EXTRA_BYTES))
    return malformed(`${extra.length} extra bytes`);
  parseCheckpoint(parseNote(checkpoint).text);
  const lines = [
    HEADER,
    ...(extra === undefined ? [] : [`extra ${toBase64(extra)}`]),
    `index ${index}`,
    ...hashes.map(toBase64),
    '',
  ];
  return `${lines.join('\n')}\n${fromUtf8(checkpoint)}`;
}

/**
 * Verifies in the order of the specification: checkpoint, then inclusion. The caller computes `leaf` from the entry and
 * counts cosignatures by its own policy.
 *
 * @returns the checkpoint that the leaf is included under
 * @throws {ShowcauseError} `NOTE_*`, `CHECKPOINT_*`, `TREE_RANGE`, `PROOF_LENGTH`, `PROOF_ROOT`
 */
export function verifyTlogProof(
  leaf: Hash,
  proof: TlogProof,
  origin: string,
  verifiers: readonly NoteVerifier[],
): Checkpoint {
  const checkpoint = openCheckpoint(proof.checkpoint, origin, verifiers);
  verifyInclusion(leaf, proof.index, checkpoint.size, checkpoint.root, proof.hashes);
  return checkpoint;
}

function malformed(got: string, cause?: unknown): never {
  throw new ShowcauseError('TLOG_PROOF_MALFORMED', { got, want: HEADER, cause });
}
