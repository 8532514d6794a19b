import { createHash } from 'node:crypto';

/** RFC 9162 section 2.1 as its recursive text says, independent of the product's own tree. */
export type Hex = `0x${string}`;

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export function leafOf(entry: Uint8Array): Buffer {
  return sha256(Uint8Array.of(0), entry);
}

/** Largest power of two smaller than n. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

export function root(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 1) return leaves[0]!;
  const k = split(leaves.length);
  return sha256(Uint8Array.of(1), root(leaves.slice(0, k)), root(leaves.slice(k)));
}

/** PATH(m, D[n]), section 2.1.3.1. */
export function inclusionPath(m: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...inclusionPath(m, leaves.slice(0, k)), root(leaves.slice(k))]
    : [...inclusionPath(m - k, leaves.slice(k)), root(leaves.slice(0, k))];
}

/** PROOF(m, D[n]), section 2.1.4.1. */
export function consistencyPath(m: number, leaves: readonly Buffer[]): Buffer[] {
  return subproof(m, leaves, true);
}

function subproof(m: number, leaves: readonly Buffer[], whole: boolean): Buffer[] {
  if (m === leaves.length) return whole ? [] : [root(leaves)];
  const k = split(leaves.length);
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), whole), root(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), root(leaves.slice(0, k))];
}

export function hex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}

/** Leaves of entries `<label> 0`, `<label> 1`, … */
export function sampleLeaves(count: number, label = 'entry'): Buffer[] {
  return Array.from({ length: count }, (_, i) => leafOf(Buffer.from(`${label} ${i}`)));
}

/**
 * A tree too large for its leaves: all but the first are alike, so that a complete subtree is known by its height.
 * @param first  leaf hash 0
 */
export class UniformTree {
  readonly #first: Buffer;
  /** by height, of subtrees without the first leaf */
  readonly #complete: Buffer[] = [leafOf(Buffer.alloc(0))];

  constructor(first: Buffer) {
    this.#first = first;
    for (let height = 1; height <= 48; height++)
      this.#complete.push(nodeOf(this.#complete[height - 1]!, this.#complete[height - 1]!));
  }

  root(size: number): Buffer {
    return this.#range(0, size);
  }

  /** As `consistencyPath`. */
  consistencyPath(oldSize: number, size: number): Buffer[] {
    return this.#subproof(oldSize, 0, size, true);
  }

  #range(start: number, end: number): Buffer {
    const height = Math.log2(end - start);
    if (start > 0 && Number.isInteger(height)) return this.#complete[height]!;
    if (end - start === 1) return this.#first;
    const middle = start + split(end - start);
    return nodeOf(this.#range(start, middle), this.#range(middle, end));
  }

  #subproof(m: number, start: number, end: number, whole: boolean): Buffer[] {
    if (m === end - start) return whole ? [] : [this.#range(start, end)];
    const k = split(end - start);
    return m <= k
      ? [...this.#subproof(m, start, start + k, whole), this.#range(start + k, end)]
      : [...this.#subproof(m - k, start + k, end, false), this.#range(start, start + k)];
  }
}

function nodeOf(left: Buffer, right: Buffer): Buffer {
  return sha256(Uint8Array.of(1), left, right);
}
