import {
  ShowcauseError,
  TreeFrontier,
  equalBytes,
  isStreamed,
  leafHash,
  parseEntry,
  toHex,
} from '@showcause/core';
import type { Hash, KnownEntry } from '@showcause/core';

/** What a client was promised: an entry, by its leaf hash, and the place it claims. */
export interface Held {
  /** hex */
  leaf: string;
  producer: string;
  epoch: number;
  seq: number;
}

/** A head that somebody saw signed. */
export interface SeenHead {
  size: number;
  root: Hash;
}

/** What a log and the receipts say of each other. Empty lists: the promise was kept. */
export interface Verdict {
  entries: number;
  receipts: number;
  heads: number;
  /** promised, not in the log, and nothing in the log says so */
  lost: readonly Held[];
  /** promised, not in the log, but named by a gap or an equivocation there */
  unproven: readonly Held[];
  /** leaves or places that are there twice */
  duplicated: readonly string[];
  /** holes in a stream that nothing announces */
  holes: readonly string[];
  announced: number;
  /** heads that the entries do not give */
  forked: readonly string[];
}

interface Range {
  from: number;
  to: number;
}

interface StreamState {
  /** everything below it is there */
  next: number;
  ahead: Set<number>;
}

/** Reads a log entry by entry and judges it against heads and receipts. Pure: it trusts neither service nor store. */
export class LogJudge {
  readonly #tree = TreeFrontier.empty();
  readonly #leaves = new Map<string, number>();
  readonly #streams = new Map<string, StreamState>();
  readonly #announced = new Map<string, Range[]>();
  readonly #equivocal = new Set<string>();
  readonly #duplicated: string[] = [];
  readonly #forked: string[] = [];
  #heads = 0;

  get size(): number {
    return this.#tree.size;
  }

  has(leaf: string): boolean {
    return this.#leaves.has(leaf);
  }

  /** undefined where it is not in the log */
  indexOf(leaf: string): number | undefined {
    return this.#leaves.get(leaf);
  }

  /** @param bytes exact bytes of the next entry */
  add(bytes: Uint8Array): void {
    const index = this.#tree.size;
    const hash = leafHash(bytes);
    this.#tree.append(hash);
    const leaf = toHex(hash);
    const before = this.#leaves.get(leaf);
    if (before === undefined) this.#leaves.set(leaf, index);
    else this.#duplicated.push(`leaf ${leaf} at ${before} and ${index}`);
    this.#place(bytes, index);
  }

  /** Compares a head with the entries; its size must be the number of entries given so far. */
  head({ size, root }: SeenHead): void {
    this.#heads++;
    if (size !== this.#tree.size) this.#forked.push(`size ${size}, entries ${this.#tree.size}`);
    else if (!equalBytes(root, this.#tree.root())) this.#forked.push(`another root at ${size}`);
  }

  verdict(receipts: Iterable<Held>): Verdict {
    const lost: Held[] = [];
    const unproven: Held[] = [];
    let count = 0;
    for (const held of receipts) {
      count++;
      if (this.#leaves.has(held.leaf)) continue;
      (this.#isNamed(held) ? unproven : lost).push(held);
    }
    return {
      entries: this.#tree.size,
      receipts: count,
      heads: this.#heads,
      lost,
      unproven,
      duplicated: this.#duplicated,
      holes: this.#holes(),
      announced: [...this.#announced.values()].reduce((sum, { length }) => sum + length, 0),
      forked: this.#forked,
    };
  }

  #place(bytes: Uint8Array, index: number): void {
    const entry = this.#read(bytes, index);
    if (entry === null) return;
    if (entry.type === 'streamGap') {
      const { producer, epoch, from, to } = entry.about;
      const key = streamKey(producer, epoch);
      this.#announced.set(key, [...(this.#announced.get(key) ?? []), { from, to }]);
    }
    if (entry.type === 'equivocation') this.#equivocal.add(entry.leaf);
    if (isStreamed(entry)) this.#take(streamKey(entry.producer, entry.epoch), entry.seq, index);
  }

  #read(bytes: Uint8Array, index: number): KnownEntry | null {
    try {
      const parsed = parseEntry(bytes);
      return parsed.kind === 'known' ? parsed.entry : null;
    } catch (error) {
      this.#forked.push(
        `entry ${index}: ${error instanceof ShowcauseError ? error.code : 'unread'}`,
      );
      return null;
    }
  }

  #take(key: string, seq: number, index: number): void {
    const state = this.#streams.get(key) ?? { next: 0, ahead: new Set() };
    this.#streams.set(key, state);
    if (seq < state.next || state.ahead.has(seq))
      this.#duplicated.push(`${key} seq ${seq} again at ${index}`);
    state.ahead.add(seq);
    while (state.ahead.delete(state.next)) state.next++;
  }

  #isNamed({ leaf, producer, epoch, seq }: Held): boolean {
    return this.#equivocal.has(leaf) || this.#isAnnounced(streamKey(producer, epoch), seq);
  }

  #isAnnounced(key: string, seq: number): boolean {
    return (this.#announced.get(key) ?? []).some(({ from, to }) => from <= seq && seq <= to);
  }

  #holes(): string[] {
    const holes: string[] = [];
    for (const [key, { next, ahead }] of this.#streams) {
      if (ahead.size === 0) continue;
      const last = Math.max(...ahead);
      for (let seq = next; seq < last; seq++)
        if (!ahead.has(seq) && !this.#isAnnounced(key, seq)) holes.push(`${key} seq ${seq}`);
    }
    return holes;
  }
}

function streamKey(producer: string, epoch: number): string {
  return `${producer} epoch ${epoch}`;
}

/** Whether all that was promised was kept. */
export function isKept(verdict: Verdict): boolean {
  const { lost, duplicated, holes, forked } = verdict;
  return [lost, duplicated, holes, forked].every(({ length }) => length === 0);
}
