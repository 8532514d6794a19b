import { equalBytes, toHex } from './bytes.ts';
import { ShowcauseError } from './errors.ts';
import { sha256, sha256Into } from './hash.ts';

/** A SHA-256 hash, 32 bytes. */
export type Hash = Uint8Array;

/** MTH({}) = SHA-256 of nothing: the root of the tree without leaves. */
export const emptyRoot: Hash = sha256(new Uint8Array(0));

// Hashing is synchronous, so one buffer serves every call, and one view each length, of which entries have few: an allocation costs half a
// hash.
const leafBuffer = new Uint8Array(65_536);
const leafViews = new Map<number, Uint8Array>();
const MAX_VIEWS = 256;

/** SHA-256(0x00 ‖ entry), RFC 6962 section 2.1. */
export function leafHash(entry: Uint8Array): Hash {
  const hash = new Uint8Array(32);
  leafHashInto(entry, hash, 0);
  return hash;
}

/** Writes the leaf hash of `entry` to `target` from `at` on. */
export function leafHashInto(entry: Uint8Array, target: Uint8Array, at: number): void {
  const view = leafView(entry.length + 1);
  view.set(entry, 1);
  sha256Into(view, target, at);
}

function leafView(length: number): Uint8Array {
  if (length > leafBuffer.length) return new Uint8Array(length);
  let view = leafViews.get(length);
  if (view === undefined) {
    if (leafViews.size >= MAX_VIEWS) leafViews.clear();
    leafViews.set(length, (view = leafBuffer.subarray(0, length)));
  }
  return view;
}

const pair = new Uint8Array(65);
pair[0] = 1;

/** SHA-256(0x01 ‖ left ‖ right), RFC 6962 section 2.1. Both 32 bytes. */
export function nodeHash(left: Hash, right: Hash): Hash {
  if (left.length !== 32 || right.length !== 32)
    throw new RangeError(`got children of ${left.length} and ${right.length} bytes, want 32`);
  pair.set(left, 1);
  pair.set(right, 33);
  return sha256(pair);
}

/**
 * The root hash that an inclusion proof implies. It proves nothing until the caller compares it with the root of a
 * checkpoint whose signatures it checked.
 *
 * @param leaf   32 bytes, from {@link leafHash}
 * @param index  leaf index, 0 <= index < size
 * @param size   tree size in leaves, at most 2^53 - 1
 * @param proof  sibling hashes, 32 bytes each, ordered from leaf to root
 * @returns 32 bytes
 * @throws {ShowcauseError} `TREE_RANGE` if index >= size; `PROOF_LENGTH` if the proof has more or fewer hashes than
 *   (index, size) needs, or a hash is not 32 bytes
 * @see RFC 9162 section 2.1.3.2
 */
export function rootFromInclusionProof(
  leaf: Hash,
  index: number,
  size: number,
  proof: readonly Hash[],
): Hash {
  checkIndex(index, size);
  checkHashes([leaf]);
  checkHashes(proof);
  let hash = leaf;
  let used = 0;
  // Halved, not shifted: `>>` is 32-bit in JavaScript, and sizes go to 2^53.
  for (let node = index, last = size - 1; last > 0; node = half(node), last = half(last)) {
    const isRight = node % 2 === 1;
    if (!isRight && node === last) continue; // no right sibling: promoted unhashed
    const sibling = proof[used++];
    if (sibling === undefined) break; // already counted, so the check below refuses it
    hash = isRight ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
  }
  if (used !== proof.length)
    throw new ShowcauseError('PROOF_LENGTH', {
      got: `${proof.length} hashes for index ${index}, size ${size}`,
    });
  return hash;
}

/**
 * Refuses unless `leaf` is the leaf at `index` of the tree with this size and root.
 * @throws {ShowcauseError} as {@link rootFromInclusionProof}, and `PROOF_ROOT`
 */
export function verifyInclusion(
  leaf: Hash,
  index: number,
  size: number,
  root: Hash,
  proof: readonly Hash[],
): void {
  checkRoot(rootFromInclusionProof(leaf, index, size, proof), root);
}

/**
 * Refuses unless the tree of `size` leaves begins with the tree of `oldSize` leaves. Which size the new root has is
 * not bound by the proof: take it from a signature or count the leaves.
 *
 * @param oldSize  at least 1: every tree extends the empty one, so a proof of that says nothing
 * @param size     at least `oldSize`, at most 2^53 - 1
 * @param proof    32 bytes each
 * @throws {ShowcauseError} `TREE_RANGE`, `PROOF_LENGTH`, `PROOF_ROOT`
 * @see RFC 9162 section 2.1.4.2
 */
export function verifyConsistency(
  oldSize: number,
  oldRoot: Hash,
  size: number,
  root: Hash,
  proof: readonly Hash[],
): void {
  checkIndex(oldSize - 1, size);
  if (oldSize === size) {
    if (proof.length !== 0) wrongLength(oldSize, size, proof);
    return checkRoot(root, oldRoot);
  }
  checkHashes([oldRoot, root]);
  checkHashes(proof);
  let node = oldSize - 1;
  let last = size - 1;
  while (node % 2 === 1) {
    node = half(node);
    last = half(last);
  }
  // The old tree is complete: its root is itself the first node of the proof, and is not sent.
  const [start, ...siblings] = node === 0 ? [oldRoot, ...proof] : proof;
  if (start === undefined) return wrongLength(oldSize, size, proof);
  let oldHash = start;
  let hash = start;
  for (const sibling of siblings) {
    if (last === 0) wrongLength(oldSize, size, proof);
    if (node % 2 === 1 || node === last) {
      oldHash = nodeHash(sibling, oldHash);
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  if (last !== 0) wrongLength(oldSize, size, proof);
  checkRoot(oldHash, oldRoot);
  checkRoot(hash, root);
}

/** The root over leaf hashes held in memory, RFC 6962 section 2.1. */
export function merkleRoot(leaves: readonly Hash[]): Hash {
  const nodes = new Uint8Array(32 * leaves.length);
  leaves.forEach((leaf, i) => {
    if (leaf.length !== 32)
      throw new RangeError(`got a leaf hash of ${leaf.length} bytes, want 32`);
    nodes.set(leaf, 32 * i);
  });
  return fold(nodes);
}

/** The same over hashes that stand one after the other, 32 bytes each. */
export function joinedRoot(hashes: Uint8Array): Hash {
  if (hashes.length % 32 !== 0)
    throw new RangeError(`got hashes of ${hashes.length} bytes, want 32 each`);
  // A Buffer's own slice would be a view.
  return fold(new Uint8Array(hashes));
}

/** Level by level, each in the place of the one below: a node without a sibling moves up unhashed. */
function fold(nodes: Uint8Array): Hash {
  if (nodes.length === 0) return emptyRoot;
  for (let count = nodes.length / 32; count > 1; count = Math.ceil(count / 2)) {
    for (let i = 0; i + 1 < count; i += 2) {
      for (let k = 0; k < 64; k++) pair[1 + k] = nodes[32 * i + k]!;
      sha256Into(pair, nodes, 16 * i);
    }
    if (count % 2 === 1) nodes.copyWithin(16 * (count - 1), 32 * (count - 1), 32 * count);
  }
  return nodes.slice(0, 32);
}

/**
 * The inclusion path of one of the leaf hashes held in memory, from leaf to root, RFC 6962 section 2.1.1.
 * @throws {ShowcauseError} `TREE_RANGE`
 */
export function inclusionPath(leaves: readonly Hash[], index: number): Hash[] {
  checkIndex(index, leaves.length);
  const path: Hash[] = [];
  let node = index;
  for (let level = leaves; level.length > 1; level = parents(level), node = half(node)) {
    const sibling = level[node % 2 === 1 ? node - 1 : node + 1];
    if (sibling !== undefined) path.push(sibling);
  }
  return path;
}

/** The level above; a node without a sibling moves up unhashed. */
function parents(level: readonly Hash[]): Hash[] {
  const above: Hash[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i]!;
    const right = level[i + 1];
    above.push(right === undefined ? left : nodeHash(left, right));
  }
  return above;
}

function half(n: number): number {
  return Math.floor(n / 2);
}

/** @throws {ShowcauseError} `TREE_RANGE` unless 0 <= index < size <= 2^53 - 1 */
export function checkIndex(index: number, size: number): void {
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(size) && 0 <= index && index < size))
    throw new ShowcauseError('TREE_RANGE', { got: `index ${index}, size ${size}` });
}

function checkHashes(hashes: readonly Hash[]): void {
  for (const hash of hashes)
    if (hash.length !== 32)
      throw new ShowcauseError('PROOF_LENGTH', {
        got: `a hash of ${hash.length} bytes`,
        want: '32',
      });
}

function checkRoot(computed: Hash, root: Hash): void {
  if (!equalBytes(computed, root))
    throw new ShowcauseError('PROOF_ROOT', { got: toHex(computed), want: toHex(root) });
}

function wrongLength(oldSize: number, size: number, proof: readonly Hash[]): never {
  throw new ShowcauseError('PROOF_LENGTH', {
    got: `${proof.length} hashes for sizes ${oldSize} and ${size}`,
  });
}
