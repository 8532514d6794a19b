import {
  CodedError,
  decodeEntryBundle,
  equalBytes,
  openCheckpoint,
  proveConsistency,
  tileHashReader,
  verifyConsistency,
} from '@showcause/core';
import type { Checkpoint, Hash, NoteVerifier } from '@showcause/core';
import type { LogReader } from '@showcause/core/node';
import { ChainError } from '../chain/errors.ts';
import { before } from './deadline.ts';
import type { SignedHead } from './state.ts';

export interface SignedCheckpoint {
  checkpoint: Checkpoint;
  /** the signed note, as text */
  note: string;
}

/** The published log as a countersigner reads it: what cannot be read is `COUNTERSIGN_LOG`, what takes too long `COUNTERSIGN_BEHIND`. */
export interface LogSource {
  checkpoint(): Promise<SignedCheckpoint>;
  /** `width` entries of bundle `index` */
  bundle(index: number, width: number): Promise<Uint8Array[]>;
  /**
   * Whether the first is a prefix of the second, by the log's own hash tiles; `of.size` must be known to be its leaf count.
   * @param published  leaves under the log's checkpoint: of no smaller size are partial tiles sure to be there
   */
  isPrefix(head: SignedHead, of: SignedHead, published: number): Promise<boolean>;
}

/** @param signal  when to give up */
export function createLogSource(
  reader: LogReader,
  { origin, verifiers }: { origin: string; verifiers: readonly NoteVerifier[] },
  signal: AbortSignal,
): LogSource {
  async function reading<T>(what: string, read: () => Promise<T>): Promise<T> {
    try {
      return await before(signal, read());
    } catch (cause) {
      if (cause instanceof ChainError) throw cause;
      const got = `${what}: ${cause instanceof CodedError ? cause.code : 'an unexpected failure'}`;
      throw new ChainError('COUNTERSIGN_LOG', { got, want: 'a log that this policy names', cause });
    }
  }

  return {
    checkpoint: () =>
      reading('checkpoint', async () => {
        const bytes = await reader.checkpoint();
        const checkpoint = openCheckpoint(bytes, origin, verifiers);
        return { checkpoint, note: Buffer.from(bytes).toString('utf8') };
      }),
    bundle: (index, width) =>
      reading(`entry bundle ${index}`, async () =>
        decodeEntryBundle(await reader.tile({ level: 'entries', index, width }), width),
      ),
    async isPrefix(head, of, published) {
      if (head.size >= of.size) return head.size === of.size && equalBytes(head.root, of.root);
      const proof = await reading('hash tiles', () =>
        proveConsistency(
          head.size,
          of.size,
          tileHashReader(published, (tile) => reader.tile(tile)),
        ),
      );
      return isConsistent(head, of, proof);
    },
  };
}

function isConsistent(head: SignedHead, of: SignedHead, proof: readonly Hash[]): boolean {
  try {
    verifyConsistency(head.size, head.root, of.size, of.root, proof);
    return true;
  } catch (error) {
    if (error instanceof CodedError && error.code.startsWith('PROOF_')) return false;
    throw error;
  }
}
