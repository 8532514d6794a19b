import {
  equalBytes,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  parseVkey,
  proveConsistency,
  rootAt,
} from '@showcause/core';
import type { EntryOf, Hash } from '@showcause/core';
import { ChainError } from '../chain/errors.ts';
import { countDecisions } from './decisions.ts';
import { publishedHashes } from '../past-heads.ts';
import type { LogFiles, StoreReader } from '../ports.ts';
import { CHECKPOINT_PATH } from '../publisher.ts';
import type { Publisher } from '../publisher.ts';

export interface SignedHead {
  size: number;
  root: Hash;
  /** the signed note */
  note: Uint8Array;
}

/** What the anchorer reads of the log; all of it from committed rows. */
export interface AnchorLog {
  /** The newest signed checkpoint that is served; null before the first. */
  signedCheckpoint(): Promise<SignedHead | null>;
  /** The signed checkpoint of exactly this size, if the log ever signed one. */
  checkpointAt(size: number): Promise<Uint8Array | null>;
  consistencyProof(oldSize: number, size: number): Promise<readonly Hash[]>;
  /** Recomputed from stored leaf hashes, not read from a checkpoint. */
  rootAt(size: number): Promise<Hash>;
  /** Decisions among the leaves `from` to `to - 1`; null when they are too many to count. */
  decisions?(from: number, to: number): Promise<number | null>;
  /** Asks that heads at multiples of `unit` are signed on the way; 1: none but those that come by themselves. */
  alignTo?(unit: number): void;
}

type Read = Pick<StoreReader, 'checkpointOf' | 'leaves'>;

/** The log of this process: published tiles, which were hashed again before their root was signed. */
export function ownLog(store: Read, files: LogFiles, publisher: Publisher): AnchorLog {
  return {
    ...viewOf(store, files, () => publisher.published?.size ?? 0),
    signedCheckpoint: () => Promise.resolve(publisher.published),
    alignTo: (unit) => publisher.alignTo(unit),
  };
}

/** A log that another process writes, as its store and its files lie there. */
export function foreignLog(
  store: Read,
  files: Pick<LogFiles, 'read'>,
  { origin, log }: Pick<EntryOf<'genesis'>, 'origin' | 'log'>,
): AnchorLog {
  const verifier = parseVkey(log);
  let size = 0;
  return {
    ...viewOf(store, files, () => size),
    async signedCheckpoint() {
      const note = await files.read(CHECKPOINT_PATH);
      if (note === null) return null;
      const checkpoint = openCheckpoint(note, origin, [verifier]);
      size = checkpoint.size;
      return { size, root: checkpoint.root, note };
    },
  };
}

function viewOf(store: Read, files: Pick<LogFiles, 'read'>, size: () => number) {
  const hashes = () => publishedHashes(files, size());
  return {
    checkpointAt: async (at: number) => (await store.checkpointOf(at))?.note ?? null,
    consistencyProof: (oldSize: number, at: number) => proveConsistency(oldSize, at, hashes()),
    rootAt: (at: number): Promise<Hash> => rootAt(at, hashes()),
    decisions: (from: number, to: number) => countDecisions(store, from, to),
  };
}

/** Whether a head of the contract is one that this log has; else somebody else holds both keys, our store was rolled back, or the node lies. */
export async function isOurs(
  log: AnchorLog,
  signed: Pick<SignedHead, 'size'>,
  head: { size: number; root: Hash },
): Promise<boolean> {
  return head.size <= signed.size && equalBytes(await log.rootAt(head.size), head.root);
}

/**
 * The size that goes on chain is a claim nobody there can check: it is checked here, against the stored leaves and the note.
 * @throws {ChainError} `ANCHOR_CHECKPOINT`
 */
export async function checkSigned(log: AnchorLog, signed: SignedHead): Promise<void> {
  checkNote(signed.note, signed);
  if (!equalBytes(await log.rootAt(signed.size), signed.root))
    throw new ChainError('ANCHOR_CHECKPOINT', {
      got: `another root at size ${signed.size}`,
      want: 'the root of the stored leaves',
    });
}

/** @throws {ChainError} `ANCHOR_CHECKPOINT` */
export function checkNote(note: Uint8Array, head: { size: number; root: Hash }): void {
  const checkpoint = parseCheckpoint(parseNote(note).text);
  if (checkpoint.size !== head.size || !equalBytes(checkpoint.root, head.root))
    throw new ChainError('ANCHOR_CHECKPOINT', {
      got: `a checkpoint of size ${checkpoint.size}`,
      want: `size ${head.size} and its root`,
    });
}
