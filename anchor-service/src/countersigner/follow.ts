import { CodedError, TreeFrontier, equalBytes, leafHash } from '@showcause/core';
import { ChainError } from '../chain/errors.ts';
import type { EntryChecker } from './entry-checker.ts';
import type { LogSource } from './log-source.ts';
import type { Position } from './state.ts';

export interface Following {
  source: LogSource;
  checker: EntryChecker;
  /** 32 bytes, the leaf hash of entry 0 */
  logId: Uint8Array;
  /** null: before entry 0 */
  from: Position | null;
  /** leaves to reach */
  to: number;
  /** leaves under the log's signed checkpoint, at least `to` */
  published: number;
  /** Keeps how far it is: from time to time, and when it ends early. */
  keep: (position: Position) => void;
  now: () => number;
}

const BUNDLE = 256;
const KEEP_EVERY_MS = 5_000;

/**
 * Reads, judges and hashes entry after entry, one bundle in memory at a time.
 * @throws {ChainError} `COUNTERSIGN_LOG`, `COUNTERSIGN_ENTRY`, `COUNTERSIGN_BEHIND`
 */
export async function follow(options: Following): Promise<Position> {
  const { checker, from, to, keep, now } = options;
  const frontier = from === null ? TreeFrontier.empty() : TreeFrontier.from(from.size, from.peaks);
  checker.load(from?.checker ?? null);
  const position = (): Position => ({
    size: frontier.size,
    peaks: frontier.peaks(),
    checker: checker.state(),
  });
  let keptAt = now();
  let keptSize = frontier.size;
  const keepReached = (): void => {
    if (frontier.size === keptSize) return;
    keep(position());
    keptAt = now();
    keptSize = frontier.size;
  };
  try {
    while (frontier.size < to) {
      await takeBundle(options, frontier);
      if (now() - keptAt >= KEEP_EVERY_MS) keepReached();
    }
  } catch (error) {
    keepReached();
    throw error;
  }
  return position();
}

/** Appends what the tree still lacks of one bundle. */
async function takeBundle(
  { source, checker, logId, to, published }: Following,
  frontier: TreeFrontier,
): Promise<void> {
  const index = Math.floor(frontier.size / BUNDLE);
  const start = index * BUNDLE;
  const entries = await source.bundle(index, Math.min(BUNDLE, published - start));
  for (const entry of entries.slice(frontier.size - start, to - start)) {
    checkEntry(checker, entry, frontier.size);
    const leaf = leafHash(entry);
    if (frontier.size === 0 && !equalBytes(leaf, logId))
      throw new ChainError('COUNTERSIGN_LOG', { got: 'the genesis of another log' });
    frontier.append(leaf);
  }
}

function checkEntry(checker: EntryChecker, entry: Uint8Array, index: number): void {
  try {
    checker.check(entry, index);
  } catch (cause) {
    if (cause instanceof ChainError) throw cause;
    const reason = cause instanceof CodedError ? cause.code : 'an unexpected failure';
    throw new ChainError('COUNTERSIGN_ENTRY', { got: `${reason} at index ${index}`, cause });
  }
}
