import { CodedError, equalBytes, toHex } from '@showcause/core';
import { ChainError } from '../chain/errors.ts';
import type { CheckpointStep } from '../chain/port.ts';
import type { LogSource } from './log-source.ts';
import { rootOf } from './state.ts';
import type { Memory, Position, SignedHead } from './state.ts';

/** The contract holds sizes in 48 bits. */
const MAX_SIZE = 2 ** 48;

/** Judged, and no: every other error is a failure of this side or a request for patience. */
const verdicts: readonly string[] = [
  'COUNTERSIGN_RANGE',
  'COUNTERSIGN_SHRINK',
  'COUNTERSIGN_FORK',
  'COUNTERSIGN_ROOT',
  'COUNTERSIGN_UNPUBLISHED',
  'COUNTERSIGN_ENTRY',
  'COUNTERSIGN_FORGOTTEN',
];
const patience: readonly string[] = ['COUNTERSIGN_BEHIND', 'COUNTERSIGN_BUSY', 'COUNTERSIGN_RATE'];

export type Outcome = 'refused' | 'wait' | 'failed';

/** Whether an error is a verdict on what was asked, asks for patience, or says that this side could not do its work. */
export function outcomeOf(error: unknown): { outcome: Outcome; code: string } {
  const code = error instanceof CodedError ? error.code : 'COUNTERSIGN_STATE';
  if (verdicts.includes(code)) return { outcome: 'refused', code };
  return { outcome: patience.includes(code) ? 'wait' : 'failed', code };
}

/** How many leaves were read, judged and hashed. */
export function followedSize({ base, progress }: Memory): number {
  return (progress ?? base)?.size ?? 0;
}

/** @throws {ChainError} `COUNTERSIGN_RANGE` */
export function checkRange({ oldSize, size, root }: CheckpointStep): void {
  const whole = Number.isSafeInteger(oldSize) && Number.isSafeInteger(size);
  if (!whole || oldSize < 1 || oldSize >= size || size >= MAX_SIZE || root.length !== 32)
    throw new ChainError('COUNTERSIGN_RANGE', { got: `${oldSize} to ${size}` });
}

/**
 * The contract goes on from a head that this key signed, or that a key before it did. A larger one means that this state
 * is older than the key's last signature: a restored backup, an emptied folder, or a second copy at work.
 * @throws {ChainError} `COUNTERSIGN_FORGOTTEN`
 */
export function checkRemembered(
  { signed }: Memory,
  takesOverAt: number | null,
  { oldSize }: CheckpointStep,
): void {
  const known = Math.max(signed?.size ?? 1, takesOverAt ?? 1);
  if (oldSize > known)
    throw new ChainError('COUNTERSIGN_FORGOTTEN', {
      got: `a contract at size ${oldSize}`,
      want: `at most ${known}, the newest that this state knows of`,
    });
}

/** @throws {ChainError} `COUNTERSIGN_SHRINK`, `COUNTERSIGN_UNPUBLISHED` */
export function checkSizes(memory: Memory, step: CheckpointStep, published: number): void {
  const followed = followedSize(memory);
  checkGrown(published, followed);
  const least = memory.signed?.size ?? 0;
  if (step.size < least)
    throw new ChainError('COUNTERSIGN_SHRINK', {
      got: `size ${step.size}`,
      want: `at least ${least}`,
    });
  if (step.size > published)
    throw new ChainError('COUNTERSIGN_UNPUBLISHED', {
      got: `size ${step.size}`,
      want: `at most ${published}`,
    });
}

/** @throws {ChainError} `COUNTERSIGN_SHRINK` */
export function checkGrown(published: number, followed: number): void {
  if (published < followed)
    throw new ChainError('COUNTERSIGN_SHRINK', {
      got: `a published log of size ${published}`,
      want: `at least ${followed}`,
    });
}

/** Entries and the log's signed checkpoint must be one history. @throws {ChainError} `COUNTERSIGN_FORK` */
export async function checkPublished(
  source: LogSource,
  reached: Position,
  published: SignedHead,
): Promise<void> {
  const { size } = reached;
  const root = rootOf(reached);
  if (await source.isPrefix({ size, root }, published, published.size)) return;
  throw new ChainError('COUNTERSIGN_FORK', {
    got: `a checkpoint of size ${published.size} that does not extend its entries`,
    want: `root ${toHex(root)} at size ${size}`,
  });
}

/**
 * What is asked for must be that history up to its size. The size in between is safe: a consistency proof binds its older
 * size, and the newer one is the count of what was hashed here.
 * @throws {ChainError} `COUNTERSIGN_ROOT`
 */
export async function checkAsked(
  source: LogSource,
  { size, root }: SignedHead,
  reached: Position,
  published: number,
): Promise<void> {
  const own = { size: reached.size, root: rootOf(reached) };
  if (await source.isPrefix({ size, root }, own, published)) return;
  throw new ChainError('COUNTERSIGN_ROOT', {
    got: `root ${toHex(root)} at size ${size}`,
    want: size === own.size ? toHex(own.root) : `a part of the tree of size ${own.size}`,
  });
}

/** @throws {ChainError} `COUNTERSIGN_FORK` for another root at the size that was signed */
export function checkSame(signed: SignedHead, { size, root }: CheckpointStep): void {
  if (!equalBytes(root, signed.root))
    throw new ChainError('COUNTERSIGN_FORK', {
      got: `root ${toHex(root)} at size ${size}`,
      want: toHex(signed.root),
    });
}
