import { leafHash, merkleRoot, toHex } from '@showcause/core';
import type { Settle } from './cursors.ts';
import type { QuarantineReason } from './errors.ts';
import type { OwnFields } from './own-stream.ts';
import type { QuarantineRow, SourceItem } from './ports.ts';

/** Raw bytes of something unreadable are kept up to here. */
const MAX_ITEM_BYTES = 1024 * 1024;
/** Raw bytes that one log keeps in all; of what comes later only hash, place and reason. */
export const MAX_QUARANTINE_BYTES = 256 * 1024 * 1024;
/** Between two times that the log says what could not be placed. */
export const OPAQUE_INTERVAL_MS = 1_000;
/** So much waits at most; the log then says it at once. */
const MAX_HELD_ITEMS = 16_384;
const MAX_HELD_BYTES = 16 * 1024 * 1024;

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

interface Held {
  row: QuarantineRow;
  settles: Settle[];
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
  readonly #held = new Map<string, Held>();
  #bytes = 0;
  #takenAt = -Infinity;

  constructor(intervalMs: number = OPAQUE_INTERVAL_MS) {
    this.#intervalMs = intervalMs;
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
    return true;
  }

  /** @param now  Unix milliseconds */
  isDue(now: number): boolean {
    if (this.#held.size === 0) return false;
    const isFull = this.#held.size >= MAX_HELD_ITEMS || this.#bytes >= MAX_HELD_BYTES;
    // A clock that was set back must not silence it.
    return isFull || Math.abs(now - this.#takenAt) >= this.#intervalMs;
  }

  /** All of it, settled. */
  take(now: number): Unplaced {
    const held = [...this.#held.values()];
    this.#held.clear();
    this.#bytes = 0;
    if (held.length > 0) this.#takenAt = now;
    for (const { settles } of held) for (const settle of settles) settle();
    const rows = held.map(({ row }) => row);
    return { rows, entries: opaqueOf(rows) };
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
      source: stream.replace(/[^ -~]/g, '?').slice(0, 200),
      from: String(items[0]!.from),
      to: String(items.at(-1)!.to),
      count: items.length,
      root: toHex(merkleRoot(items.map(({ hash }) => hash))),
    };
  });
}
