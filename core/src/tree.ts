import { ShowcauseError } from './errors.ts';
import { sha256Into } from './hash.ts';
import { checkIndex, emptyRoot, nodeHash } from './merkle.ts';
import type { Hash } from './merkle.ts';

/** A complete subtree: leaves [index * 2^level, (index + 1) * 2^level). Level 0 is a leaf hash. */
export interface NodeCoordinate {
  level: number;
  index: number;
}

/** Answers the hashes of `nodes`, in that order. Called once with all that is needed, never with an empty list. */
export type HashReader = (nodes: readonly NodeCoordinate[]) => Promise<readonly Hash[]>;

/** A size below 2^53 has at most this many ones in binary. */
const MAX_PEAKS = 53;

// Hashing is synchronous, so one buffer serves every tree.
const pair = new Uint8Array(65);
pair[0] = 1;

/**
 * A growing tree held as its peaks: the roots of the complete subtrees that its size in binary spells.
 * At most 53 hashes, however many leaves.
 */
export class TreeFrontier {
  #size = 0;
  #count = 0;
  /** `#count` hashes in a row, largest subtree first: a growing tree allocates nothing */
  readonly #peaks = new Uint8Array(32 * MAX_PEAKS);

  private constructor() {}

  static empty(): TreeFrontier {
    return new TreeFrontier();
  }

  /**
   * @param size   leaves, 0 to 2^53 - 1
   * @param peaks  as {@link TreeFrontier.peaks} gave them, 32 bytes each
   * @throws {ShowcauseError} `TREE_RANGE`; `PROOF_LENGTH` for another number of peaks than the size has
   */
  static from(size: number, peaks: readonly Hash[]): TreeFrontier {
    const want = peakCoordinates(size).length;
    if (peaks.length !== want || peaks.some((peak) => peak.length !== 32))
      throw new ShowcauseError('PROOF_LENGTH', {
        got: `${peaks.length} peaks for size ${size}`,
        want: `${want} of 32 bytes`,
      });
    const frontier = new TreeFrontier();
    frontier.#size = size;
    frontier.#count = want;
    peaks.forEach((peak, i) => frontier.#peaks.set(peak, 32 * i));
    return frontier;
  }

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  /** @param leaf  leaf hash, 32 bytes */
  append(leaf: Hash): void {
    if (leaf.length !== 32)
      throw new RangeError(`got a leaf hash of ${leaf.length} bytes, want 32`);
    if (this.#size === Number.MAX_SAFE_INTEGER)
      throw new RangeError('a tree holds at most 2^53 - 1 leaves');
    const peaks = this.#peaks;
    let at = 32 * this.#count;
    // Each trailing 1 of the size in binary is a subtree that this leaf makes part of a larger one.
    let rest = this.#size;
    if (rest % 2 === 0) peaks.set(leaf, at);
    else pair.set(leaf, 33);
    while (rest % 2 === 1) {
      at -= 32;
      for (let i = 0; i < 32; i++) pair[1 + i] = peaks[at + i]!;
      rest = (rest - 1) / 2;
      if (rest % 2 === 1) sha256Into(pair, pair, 33);
      else sha256Into(pair, peaks, at);
    }
    this.#count = at / 32 + 1;
    this.#size++;
  }

  appendAll(leaves: Iterable<Hash>): void {
    for (const leaf of leaves) this.append(leaf);
  }

  /** RFC 6962 Merkle tree hash of the leaves so far. */
  root(): Hash {
    return foldRight(this.peaks());
  }

  /** Roots of the complete subtrees, left to right: what {@link TreeFrontier.from} takes. */
  peaks(): Hash[] {
    return Array.from({ length: this.#count }, (_, i) => this.#peaks.slice(32 * i, 32 * i + 32));
  }

  clone(): TreeFrontier {
    return TreeFrontier.from(this.#size, this.peaks());
  }
}

/**
 * Where the peaks of a tree of `size` leaves lie, left to right.
 * @throws {ShowcauseError} `TREE_RANGE`
 */
export function peakCoordinates(size: number): NodeCoordinate[] {
  checkSize(size);
  return subtrees(0, size);
}

/**
 * The root of the tree's first `size` leaves.
 * @throws {ShowcauseError} `TREE_RANGE`; `TILE_BYTES` when `read` answers other hashes than asked for
 */
export async function rootAt(size: number, read: HashReader): Promise<Hash> {
  checkSize(size);
  if (size === 0) return emptyRoot;
  const [root] = await readRanges([[0, size]], read);
  return root!;
}

/**
 * Inclusion proof of leaf `index` in the tree of `size` leaves, ordered from leaf to root, RFC 9162 section 2.1.3.1.
 * @throws {ShowcauseError} `TREE_RANGE`, `TILE_BYTES`
 */
export async function proveInclusion(
  index: number,
  size: number,
  read: HashReader,
): Promise<Hash[]> {
  checkIndex(index, size);
  const siblings: Range[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + leftSize(end - start);
    if (index < middle) {
      siblings.push([middle, end]);
      end = middle;
    } else {
      siblings.push([start, middle]);
      start = middle;
    }
  }
  return readRanges(siblings.reverse(), read);
}

/**
 * Consistency proof from `oldSize` to `size` leaves, RFC 9162 section 2.1.4.1. Empty when both are equal.
 * @param oldSize  1 <= oldSize <= size
 * @throws {ShowcauseError} `TREE_RANGE`, `TILE_BYTES`
 */
export async function proveConsistency(
  oldSize: number,
  size: number,
  read: HashReader,
): Promise<Hash[]> {
  checkIndex(oldSize - 1, size);
  const ranges: Range[] = [];
  let start = 0;
  let end = size;
  while (end !== oldSize) {
    const middle = start + leftSize(end - start);
    if (oldSize <= middle) {
      ranges.push([middle, end]);
      end = middle;
    } else {
      ranges.push([start, middle]);
      start = middle;
    }
  }
  // From 0 it is the old root itself, which the verifier has.
  if (start !== 0) ranges.push([start, end]);
  return readRanges(ranges.reverse(), read);
}

/** Leaves [start, end) that one hash of a proof stands for. */
type Range = readonly [start: number, end: number];

async function readRanges(ranges: readonly Range[], read: HashReader): Promise<Hash[]> {
  const plan = ranges.map(([start, end]) => subtrees(start, end));
  const nodes = plan.flat();
  if (nodes.length === 0) return [];
  const hashes = await read(nodes);
  if (hashes.length !== nodes.length || hashes.some((hash) => hash.length !== 32))
    throw new ShowcauseError('TILE_BYTES', {
      got: `${hashes.length} hashes`,
      want: `${nodes.length} of 32 bytes`,
    });
  let at = 0;
  return plan.map(({ length }) => foldRight(hashes.slice(at, (at += length))));
}

/** The complete subtrees of [start, end), left to right; `start` is where a subtree at least that large may begin. */
function subtrees(start: number, end: number): NodeCoordinate[] {
  const nodes: NodeCoordinate[] = [];
  let level = 52;
  for (let at = start; at < end; level--) {
    const width = 2 ** level;
    if (width > end - at) continue;
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

/** Peaks to root: the smallest two first. */
function foldRight(peaks: readonly Hash[]): Hash {
  let hash = peaks.at(-1) ?? emptyRoot;
  for (let i = peaks.length - 2; i >= 0; i--) hash = nodeHash(peaks[i]!, hash);
  return hash;
}

/** The largest power of two below `size`. */
function leftSize(size: number): number {
  let left = 1;
  while (left * 2 < size) left *= 2;
  return left;
}

function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0)
    throw new ShowcauseError('TREE_RANGE', { got: `size ${size}` });
}
