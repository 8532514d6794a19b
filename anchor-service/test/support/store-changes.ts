import { TreeFrontier, leafHash, utf8 } from '@showcause/core';
import type { AnchorEvidence } from '@showcause/core';
import type { Change, Leaf, Position } from '../../src/ports.ts';

export function leaf(index: number, position: Position | null, text = `entry ${index}`): Leaf {
  const entry = utf8(text);
  return { index, hash: leafHash(entry), entry, position };
}

/** A change that appends `leaves` to a tree of `leaf(0, …)`, `leaf(1, …)` and so on. */
export function change(lease: number, leaves: readonly Leaf[], more: Partial<Change> = {}): Change {
  const frontier = TreeFrontier.empty();
  for (let i = 0; i < (leaves[0]?.index ?? 0); i++) frontier.append(leaf(i, null).hash);
  for (const { hash } of leaves) frontier.append(hash);
  return {
    lease,
    oldSize: leaves[0]?.index ?? 0,
    head: { size: frontier.size, peaks: frontier.peaks() },
    leaves,
    sealed: [],
    promises: [],
    epochs: [],
    cursors: new Map(),
    quarantine: [],
    ...more,
  };
}

export const at = (seq: number, epoch = 7, producer = 'loan-api'): Position => ({
  producer,
  epoch,
  seq,
});

export const evidence: AnchorEvidence = {
  chainId: 31337,
  contract: `0x${'ab'.repeat(20)}`,
  size: 2,
  root: 'cd'.repeat(32),
  blockNumber: 5,
  blockHash: `0x${'ef'.repeat(32)}`,
  transactionHash: null,
  checkpoint: 'AAAA',
};
