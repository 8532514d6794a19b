import type { Position } from './position.ts';

/** Sequence numbers `from` to `to` that a stream skipped. */
export interface Hole {
  from: number;
  to: number;
  /** leaf of the entry before the hole, hex; null: not known either */
  before: string | null;
  /** what the entry after the hole calls its predecessor, hex */
  after: string;
}

/** What placing an entry found. */
export type Placed =
  | { kind: 'next' }
  | { kind: 'skipped' }
  | { kind: 'filled' }
  | { kind: 'duplicate' }
  /** it, or its neighbour, names another predecessor */
  | { kind: 'broken'; want: string };

/** A log with more holes than this in one epoch is past mending; the others are counted, not kept. */
const MAX_HOLES = 10_000;

/** One epoch of one producer: gapless sequence numbers from 0, each entry naming the leaf before it. */
export class Epoch {
  readonly number: number;
  /** Unix seconds */
  firstTime: number | null = null;
  lastTime: number | null = null;
  /** highest sequence number under a signature that the entry at that place carries; -1: none */
  signedTo = -1;
  /** hex; of the key that signed the start */
  keyId: string | null = null;
  heartbeatSeconds: number | null = null;
  ended = false;
  entries = 0;
  intents = 0;
  decisions = 0;
  #next = 0;
  /** hex; null: unknown, behind a hole */
  #lastLeaf: string | null;
  readonly #holes: Hole[] = [];
  #holesDropped = 0;

  /** @param lastLeaf what the first entry must name: the end of the epoch before, or zeros; null: unknown */
  constructor(number: number, lastLeaf: string | null) {
    this.number = number;
    this.#lastLeaf = lastLeaf;
  }

  get next(): number {
    return this.#next;
  }
  get lastLeaf(): string | null {
    return this.#lastLeaf;
  }
  get holes(): readonly Hole[] {
    return this.#holes;
  }
  /** holes that were too many to keep */
  get holesDropped(): number {
    return this.#holesDropped;
  }
  /**
   * Entries after the last signed one. Signatures are over (epoch, seq, prev): what that one says besides is bound by
   * the next entry's `prev` alone, as what follows it is.
   */
  get unsignedTail(): number {
    return this.#next - 1 - this.signedTo;
  }

  /** @param leaf hex */
  place(at: Position, leaf: string): Placed {
    if (at.seq < this.#next) return this.#fill(at, leaf);
    const want = this.#lastLeaf;
    const skipped = at.seq - this.#next;
    let placed: Placed = { kind: 'next' };
    if (skipped > 0) {
      this.#skip({ from: this.#next, to: at.seq - 1, before: want, after: at.prev });
      placed = { kind: 'skipped' };
    } else if (want !== null && want !== at.prev) placed = { kind: 'broken', want };
    this.#next = at.seq + 1;
    this.#lastLeaf = leaf;
    this.entries++;
    return placed;
  }

  /**
   * Someone trustworthy names this epoch's end, so that a missing tail is a hole like any other.
   * @returns `before` when entries here lie after that end; `other` when another entry is at that place
   */
  endsAt(seq: number, leaf: string): 'agrees' | 'missing' | 'before' | 'other' {
    if (seq < this.#next - 1) return 'before';
    if (seq === this.#next - 1) return this.#lastLeaf === leaf ? 'agrees' : 'other';
    this.#skip({ from: this.#next, to: seq, before: this.#lastLeaf, after: leaf });
    this.#next = seq + 1;
    this.#lastLeaf = leaf;
    return 'missing';
  }

  #skip(hole: Hole): void {
    if (this.#holes.length < MAX_HOLES) this.#holes.push(hole);
    else this.#holesDropped++;
  }

  #fill(at: Position, leaf: string): Placed {
    const i = this.#holes.findIndex(({ from, to }) => from <= at.seq && at.seq <= to);
    const hole = this.#holes[i];
    if (hole === undefined) return { kind: this.#holesDropped > 0 ? 'filled' : 'duplicate' };
    const { from, to, before, after } = hole;
    const rest: Hole[] = [];
    if (at.seq > from) rest.push({ from, to: at.seq - 1, before, after: at.prev });
    if (at.seq < to) rest.push({ from: at.seq + 1, to, before: leaf, after });
    this.#holes.splice(i, 1, ...rest);
    this.entries++;
    if (at.seq === from && before !== null && before !== at.prev)
      return { kind: 'broken', want: before };
    if (at.seq === to && after !== leaf) return { kind: 'broken', want: after };
    return { kind: 'filled' };
  }
}
