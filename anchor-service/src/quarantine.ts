import { leafHash, merkleRoot, toHex } from '@showcause/core';
import type { Settle } from './cursors.ts';
import type { QuarantineReason } from './errors.ts';
import type { OwnFields } from './own-stream.ts';
import type { QuarantineRow, SourceItem } from './ports.ts';
import { Recognition, sourceNameOf } from './told.ts';
import type { Held, ToldItems } from './told.ts';

/** Raw bytes of something unreadable are kept up to here. */
const MAX_ITEM_BYTES = 1024 * 1024;
/** Raw bytes that one log keeps in all; of what comes later only hash, place and reason. */
export const MAX_QUARANTINE_BYTES = 256 * 1024 * 1024;
/** Between two times that the log says what could not be placed. */
export const OPAQUE_INTERVAL_MS = 1_000;
/** So much waits at most; the log then says it at once. */
const MAX_HELD_ITEMS = 16_384;
const MAX_HELD_BYTES = 16 * 1024 * 1024;
/** For so long the rest of what an entry tells of is waited for. */
const RECOGNISED_WITHIN_MS = 30_000;

/** Makes rows, and keeps raw bytes while there is room. */
export class QuarantineRoom {
  #left: number;

  /** @param taken  bytes that the store holds already */
  constructor(taken: number, most: number = MAX_QUARANTINE_BYTES) {
    this.#left = Math.max(0, most - taken);
  }

  row({ stream, from, to, bytes }: SourceItem, reason: QuarantineReason): QuarantineRow {
    const cut = bytes.subarray(0, MAX_ITEM_BYTES);
    const kept = cut.length <= this.#left ? cut : cut.subarray(0, 0);
    this.#left -= kept.length;
    // Copied: what a source hands out may be a view of something much larger.
    return { stream, from, to, reason, hash: leafHash(bytes), bytes: kept.slice() };
  }
}

/** What is written of it: rows, and one `opaque` entry a stream. */
export interface Unplaced {
  rows: readonly QuarantineRow[];
  entries: readonly Extract<OwnFields, { type: 'opaque' }>[];
}

/**
 * Items that could not be placed, until the log says so. They are collected, because whoever sends junk would otherwise
 * make the log grow with it; their positions are not settled before, so that a crash loses none.
 */
export class UnplacedItems {
  readonly #intervalMs: number;
  readonly #recognition: Recognition;
  readonly #held = new Map<string, Held>();
  readonly #told = new Set<Held>();
  /** what may be told of, once the rest of it is there */
  readonly #awaiting = new Set<Held>();
  #awaitingSince: number | null = null;
  #bytes = 0;
  #takenAt = -Infinity;

  /** @param told  what entries say already of items that come again */
  constructor(intervalMs: number = OPAQUE_INTERVAL_MS, told: readonly ToldItems[] = []) {
    this.#intervalMs = intervalMs;
    this.#recognition = new Recognition(told);
  }

  /** @returns false when the same position is held already; both are settled together */
  add({ stream, from }: SourceItem, row: () => QuarantineRow, settle: Settle): boolean {
    const key = `${stream} ${from}`;
    const there = this.#held.get(key);
    if (there !== undefined) {
      there.settles.push(settle);
      return false;
    }
    const held = { row: row(), settles: [settle] };
    this.#held.set(key, held);
    this.#bytes += held.row.bytes.length;
    this.#recognise(held);
    return true;
  }

  #recognise(held: Held): void {
    const known = this.#recognition.take(held);
    if (known === null) return;
    this.#awaiting.add(held);
    for (const one of [...known.told, ...known.untold]) this.#awaiting.delete(one);
    for (const one of known.told) this.#told.add(one);
    if (this.#awaiting.size === 0) this.#awaitingSince = null;
  }

  /** @param now  Unix milliseconds */
  isDue(now: number): boolean {
    if (this.#held.size === 0) return false;
    if (this.#isFull || this.#isOverdue(now)) return true;
    // A clock that was set back must not silence it.
    const isDue = Math.abs(now - this.#takenAt) >= this.#intervalMs;
    return isDue && this.#held.size > this.#awaiting.size;
  }

  /**
   * All of it, settled, but for what waits to be recognised.
   * @param isLast  that too
   */
  take(now: number, isLast = false): Unplaced {
    if (isLast || this.#isFull || this.#isOverdue(now)) this.#giveUp();
    const taken = [...this.#held].filter(([, held]) => !this.#awaiting.has(held));
    const untold: QuarantineRow[] = [];
    for (const [key, held] of taken) {
      this.#held.delete(key);
      this.#bytes -= held.row.bytes.length;
      if (!this.#told.delete(held)) untold.push(held.row);
      for (const settle of held.settles) settle();
    }
    if (taken.length > 0) this.#takenAt = now;
    return { rows: taken.map(([, { row }]) => row), entries: opaqueOf(untold) };
  }

  get #isFull(): boolean {
    return this.#held.size >= MAX_HELD_ITEMS || this.#bytes >= MAX_HELD_BYTES;
  }

  #isOverdue(now: number): boolean {
    if (this.#awaiting.size === 0) return false;
    this.#awaitingSince ??= now;
    return Math.abs(now - this.#awaitingSince) >= RECOGNISED_WITHIN_MS;
  }

  #giveUp(): void {
    this.#recognition.giveUp();
    this.#awaiting.clear();
    this.#awaitingSince = null;
  }
}

function opaqueOf(rows: readonly QuarantineRow[]): Unplaced['entries'] {
  const byStream = new Map<string, QuarantineRow[]>();
  for (const row of rows) {
    const others = byStream.get(row.stream);
    if (others === undefined) byStream.set(row.stream, [row]);
    else others.push(row);
  }
  return [...byStream].map(([stream, items]) => {
    items.sort((a, b) => a.from - b.from);
    return {
      type: 'opaque' as const,
      source: sourceNameOf(stream),
      from: String(items[0]!.from),
      to: String(items.at(-1)!.to),
      count: items.length,
      root: toHex(merkleRoot(items.map(({ hash }) => hash))),
    };
  });
}
