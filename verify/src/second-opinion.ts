import { concatBytes, sha256 } from '@showcause/core';
import { MerkleTree } from 'merkletreejs';
import type { SecondOpinion } from './opinion.ts';

/** RFC 6962 gives nodes the prefix 1; merkletreejs hands its hash function the two children side by side. */
function hashNode(children: unknown): Buffer {
  return prefixed(1, children as Buffer);
}

function prefixed(prefix: number, bytes: Uint8Array): Buffer {
  return Buffer.from(sha256(concatBytes(Uint8Array.of(prefix), bytes)));
}

/** An odd node is promoted, pairs keep their order, leaves are hashed already: with these the tree is RFC 6962's. */
const rfc6962 = {
  hashLeaves: false,
  sortLeaves: false,
  sortPairs: false,
  duplicateOdd: false,
  isBitcoinTree: false,
} as const;

/** merkletreejs in RFC 6962 form: Merkle code by other people, which shares nothing with ours but SHA-256. */
export const merkletreejsOpinion: SecondOpinion = {
  leaf: (entry) => new Uint8Array(prefixed(0, entry)),
  root(leaves) {
    if (leaves.length === 0) throw new RangeError('got no leaves, want at least one');
    const tree = new MerkleTree(
      leaves.map((leaf) => Buffer.from(leaf)),
      hashNode,
      rfc6962,
    );
    return new Uint8Array(tree.getRoot());
  },
  includes(leaf, index, size, root, path) {
    const proof = siblings(index, size, path);
    if (proof === null) return false;
    return MerkleTree.verify(proof, Buffer.from(leaf), Buffer.from(root), hashNode, rfc6962);
  },
};

/** Which side each sibling is on: merkletreejs wants to be told. Null unless the path has exactly the tree's length. */
function siblings(
  index: number,
  size: number,
  path: readonly Uint8Array[],
): { position: 'left' | 'right'; data: Buffer }[] | null {
  const found: { position: 'left' | 'right'; data: Buffer }[] = [];
  for (
    let node = index, width = size;
    width > 1;
    node = Math.floor(node / 2), width = Math.ceil(width / 2)
  ) {
    const isRight = node % 2 === 1;
    if (!isRight && node === width - 1) continue; // promoted: no sibling at this level
    const data = path[found.length];
    if (data === undefined) return null;
    found.push({ position: isRight ? 'left' : 'right', data: Buffer.from(data) });
  }
  return found.length === path.length ? found : null;
}
