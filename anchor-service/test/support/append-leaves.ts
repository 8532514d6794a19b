import { TreeFrontier, leafHash, utf8 } from '@showcause/core';
import { MemoryStore } from '../../src/adapters/store-memory.ts';
import type { MemoryDisk } from '../../src/adapters/store-memory.ts';

/** Grows the store as the sequencer does, without its rules. */
export async function appendLeaves(disk: MemoryDisk, count: number, text = 'entry'): Promise<void> {
  const store = new MemoryStore(disk);
  const { size, peaks } = disk.head;
  const frontier = TreeFrontier.from(size, peaks);
  const leaves = Array.from({ length: count }, (_, i) => {
    const entry = utf8(`${text} ${size + i}`);
    return { index: size + i, hash: leafHash(entry), entry, position: null };
  });
  for (const { hash } of leaves) frontier.append(hash);
  await store.commit({
    lease: disk.lease,
    oldSize: size,
    head: { size: frontier.size, peaks: frontier.peaks() },
    leaves,
    sealed: [],
    promises: [],
    epochs: [],
    cursors: new Map(),
    quarantine: [],
  });
}
