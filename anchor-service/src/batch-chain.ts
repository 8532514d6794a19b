import { equalBytes, merkleRoot, nodeHash, toHex } from '@showcause/core';
import type { Hash } from '@showcause/core';

/** An entry that may stand at one seq of a batch. */
export interface Link {
  /** from 0 within the batch */
  slot: number;
  hash: Hash;
  /** hex leaf hash of the entry before it; null where the entry does not say */
  prev: string | null;
}

/** Complete subtrees of the leaves up to one, right to left. Shared between all that go on from there. */
interface Peaks {
  level: number;
  hash: Hash;
  left: Peaks | null;
}

interface Node {
  hash: Hash;
  peaks: Peaks;
  before: Node | null;
}

/**
 * Finds the entries of one promise among whatever claims to be them, as they come. An entry names the one before it by
 * leaf hash, so that each candidate has at most one history back to the first slot and is hashed once: the work is
 * linear in what came, however much of it is forged, and a batch whose entries are all here and follow each other is
 * always found.
 */
export class BatchChain {
  readonly #count: number;
  readonly #root: Hash;
  /** one candidate a slot, as long as none has two: then the batch is what is there, and no chain is needed */
  #plain: Link[] | null = [];
  #plainCount = 0;
  /** reached from the first slot, by slot and hash */
  readonly #nodes = new Map<string, Node>();
  /** whose predecessor is not reached yet, by its slot and hash */
  readonly #waiting = new Map<string, Link[]>();
  readonly #seen = new Set<string>();
  readonly #filled = new Set<number>();
  #found: readonly Hash[] | null = null;

  constructor(count: number, root: Hash) {
    this.#count = count;
    this.#root = root;
  }

  /** Leaf hashes of the batch, first to last, once they are known. */
  get found(): readonly Hash[] | null {
    return this.#found;
  }

  /** Different candidates so far. */
  get candidates(): number {
    return this.#plainCount + this.#seen.size;
  }

  /** Whether every slot has a candidate. */
  get isFilled(): boolean {
    return this.#plainCount + this.#filled.size === this.#count;
  }

  add(link: Link): void {
    if (this.#plain === null) return this.#chain(link);
    const there = this.#plain[link.slot];
    if (there === undefined) {
      this.#plain[link.slot] = link;
      this.#plainCount++;
    } else if (equalBytes(there.hash, link.hash)) return;
    if (this.#plainCount === this.#count) this.#found ??= this.#whole();
    if (this.#found === null && (there !== undefined || this.#plainCount === this.#count))
      this.#unfold(link);
  }

  #whole(): readonly Hash[] | null {
    const hashes = this.#plain!.map(({ hash }) => hash);
    return equalBytes(merkleRoot(hashes), this.#root) ? hashes : null;
  }

  /** There is more than one candidate for a slot, or a wrong one. */
  #unfold(last: Link): void {
    const links = this.#plain!;
    this.#plain = null;
    this.#plainCount = 0;
    // Slots that nothing came for are holes of the array, which are not visited.
    links.forEach((link) => this.#chain(link));
    this.#chain(last);
  }

  #chain(link: Link): void {
    const key = keyOf(link.slot, toHex(link.hash));
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#filled.add(link.slot);
    if (link.slot === 0) return this.#reach(link, null);
    if (link.prev === null) return;
    const before = keyOf(link.slot - 1, link.prev);
    const node = this.#nodes.get(before);
    if (node !== undefined) return this.#reach(link, node);
    const others = this.#waiting.get(before);
    if (others === undefined) this.#waiting.set(before, [link]);
    else others.push(link);
  }

  /** Appends a link to its history, then all that waited for it. */
  #reach(first: Link, before: Node | null): void {
    const stack = [{ link: first, before }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { slot, hash } = next.link;
      const key = keyOf(slot, toHex(hash));
      const peaks = append(next.before?.peaks ?? null, hash);
      const node = { hash, peaks, before: next.before };
      this.#nodes.set(key, node);
      if (slot === this.#count - 1 && equalBytes(rootOf(peaks), this.#root))
        this.#found ??= historyOf(node);
      for (const link of this.#waiting.get(key) ?? []) stack.push({ link, before: node });
      this.#waiting.delete(key);
    }
  }
}

function append(peaks: Peaks | null, leaf: Hash): Peaks {
  let top: Peaks = { level: 0, hash: leaf, left: peaks };
  while (top.left !== null && top.left.level === top.level)
    top = { level: top.level + 1, hash: nodeHash(top.left.hash, top.hash), left: top.left.left };
  return top;
}

function rootOf(peaks: Peaks): Hash {
  let root = peaks.hash;
  for (let at = peaks.left; at !== null; at = at.left) root = nodeHash(at.hash, root);
  return root;
}

function historyOf(last: Node): Hash[] {
  const hashes: Hash[] = [];
  for (let at: Node | null = last; at !== null; at = at.before) hashes.push(at.hash);
  return hashes.reverse();
}

function keyOf(slot: number, hex: string): string {
  return `${slot} ${hex}`;
}
