import type { Leaf, Position } from './ports.ts';
import { joinBytes } from './sqlite/packed-change.ts';
import type { Joined } from './sqlite/packed-change.ts';

const MAX_LEAVES = 32_768;
const MAX_BYTES = 16 * 1024 * 1024;
const HASH_BYTES = 32;

/** Leaves of one transaction as few objects: they live long enough for the collector to move each of them twice. */
interface Batch {
  first: number;
  entries: Joined;
  /** in a row */
  hashes: Uint8Array;
  positions: readonly (Position | null)[];
}

/**
 * The newest committed leaves, so that whoever publishes them need not read back what was just written. Bounded: who comes
 * later than that asks the database.
 */
export class RecentLeaves {
  readonly #batches: Batch[] = [];
  #count = 0;
  #bytes = 0;

  /** @param leaves  of one transaction that is durable, which follow those added before; their bytes are copied */
  add(leaves: readonly Leaf[]): void {
    if (leaves.length === 0) return;
    const batch = {
      first: leaves[0]!.index,
      entries: joinBytes(leaves.map(({ entry }) => entry)),
      hashes: joinBytes(leaves.map(({ hash }) => hash)).bytes,
      positions: leaves.map(({ position }) => position),
    };
    this.#batches.push(batch);
    this.#count += leaves.length;
    this.#bytes += batch.entries.bytes.length;
    while (this.#count > MAX_LEAVES || this.#bytes > MAX_BYTES) {
      const oldest = this.#batches.shift()!;
      this.#count -= oldest.positions.length;
      this.#bytes -= oldest.entries.bytes.length;
    }
  }

  /** All of them, or null where any is not at hand. */
  read(from: number, count: number): Leaf[] | null {
    const first = this.#batches[0]?.first;
    if (first === undefined || from < first || from + count > first + this.#count) return null;
    const leaves: Leaf[] = [];
    for (const batch of this.#batches)
      if (batch.first < from + count && batch.first + batch.positions.length > from)
        addLeaves(leaves, batch, from, from + count);
    return leaves;
  }
}

/** Leaves of a batch from `from` on, up to before `end`. */
function addLeaves(
  leaves: Leaf[],
  { first, entries, hashes, positions }: Batch,
  from: number,
  end: number,
): void {
  let at = 0;
  for (let i = 0; i < positions.length && first + i < end; i++) {
    const start = at;
    at += entries.lengths[i]!;
    if (first + i < from) continue;
    const entry = entries.bytes.subarray(start, at);
    const hash = hashes.subarray(HASH_BYTES * i, HASH_BYTES * (i + 1));
    leaves.push({ index: first + i, hash, entry, position: positions[i]! });
  }
}
