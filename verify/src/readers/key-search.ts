import { Buffer } from 'node:buffer';
import { TreeFrontier, equalBytes, leafHash } from '@showcause/core';
import type { Hash } from '@showcause/core';
import type { LogReader } from '@showcause/core/node';
import { CouldNotCheck } from '../errors.ts';
import type { KeySearch } from '../revocation.ts';
import { logEntries } from './log.ts';

/** Entries that may name one key; a log with more of them is not an honest one's. */
const MAX_KEY_ENTRIES = 10_000;

/**
 * Reads every entry and keeps those that may be `key` entries of one key.
 * @param head the signed checkpoint and the size that it names
 * @param wanted the key, x ‖ y in hex, and the leaf hash of the entry to be placed
 * @throws {ShowcauseError} `LOG_FETCH`, `TILE_BYTES` @throws {CouldNotCheck} `VERIFY_LIMIT`
 */
export async function searchKey(
  log: LogReader,
  { checkpoint, size }: { checkpoint: Uint8Array; size: number },
  { key, leaf }: { key: string; leaf: Hash },
): Promise<KeySearch> {
  const tree = TreeFrontier.empty();
  const entries: { index: number; bytes: Uint8Array }[] = [];
  let found: number | null = null;
  for await (const bytes of logEntries(log, size)) {
    const hash = leafHash(bytes);
    if (found === null && equalBytes(hash, leaf)) found = tree.size;
    // Canonical JSON has one spelling of a key: what does not hold it need not be parsed.
    if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(key)) {
      if (entries.length === MAX_KEY_ENTRIES)
        throw new CouldNotCheck('VERIFY_LIMIT', `over ${MAX_KEY_ENTRIES} entries name the key`);
      // Bundles are large, and an entry is a view of one.
      entries.push({ index: tree.size, bytes: bytes.slice() });
    }
    tree.append(hash);
  }
  return { checkpoint, root: tree.root(), index: found, entries };
}
