import { governanceKey, merkleRoot, toHex } from '@showcause/core';
import type { KnownEntry } from '@showcause/core';
import type { Settle } from './cursors.ts';
import type { Position, QuarantineRow } from './ports.ts';

/** Items of one source that an `opaque` entry of the log covers. */
export interface ToldItems {
  source: string;
  from: number;
  /** position behind the last one */
  to: number;
  count: number;
  /** hex, Merkle root of their hashes in the order of their positions */
  root: string;
}

/** What entries of the service's own already say of items whose rows the store lacks. */
export interface Told {
  opaque: ToldItems[];
  /** {@link equivocationKey} */
  equivocations: Set<string>;
  /** keys of events of the contract */
  governance: Set<string>;
}

export function nothingTold(): Told {
  return { opaque: [], equivocations: new Set(), governance: new Set() };
}

export function equivocationKey({ producer, epoch, seq }: Position, leaf: string): string {
  return `${producer} ${epoch} ${seq} ${leaf}`;
}

/** Takes note of an entry that the service wrote. */
export function noteTold(told: Told, entry: KnownEntry): void {
  if (entry.type === 'equivocation') {
    const { producer, epoch, seq } = entry.about;
    told.equivocations.add(equivocationKey({ producer, epoch, seq }, entry.leaf));
  } else if (entry.type === 'opaque') {
    const { source, from, to, count, root } = entry;
    told.opaque.push({ source, from: Number(from), to: Number(to), count, root });
  } else if (entry.type === 'governance') told.governance.add(governanceKey(entry));
}

/** A stream as an `opaque` entry names it. */
export function sourceNameOf(stream: string): string {
  return stream.replace(/[^ -~]/g, '?').slice(0, 200);
}

export interface Held {
  row: QuarantineRow;
  settles: Settle[];
}

interface Awaited {
  told: ToldItems;
  held: Held[];
}

/**
 * Items that come again and lie where an entry tells of some. That they are those is known when all of them are there
 * and give its root: until then they wait.
 */
export class Recognition {
  readonly #bySource = new Map<string, Awaited[]>();

  constructor(told: readonly ToldItems[]) {
    for (const one of told) {
      const others = this.#bySource.get(one.source) ?? [];
      others.push({ told: one, held: [] });
      this.#bySource.set(one.source, others);
    }
  }

  /**
   * @returns null when nothing tells of this place; else what is now known: `told` are rows without an entry, `untold`
   * what no entry tells of after all
   */
  take(held: Held): { told: Held[]; untold: Held[] } | null {
    const { stream, from } = held.row;
    const source = sourceNameOf(stream);
    const found = this.#bySource
      .get(source)
      ?.find(({ told }) => told.from <= from && from < told.to);
    if (found === undefined) return null;
    found.held.push(held);
    if (found.held.length < found.told.count) return { told: [], untold: [] };
    this.#forget(source, found);
    const all = found.held.sort((a, b) => a.row.from - b.row.from);
    const root = toHex(merkleRoot(all.map(({ row }) => row.hash)));
    return root === found.told.root ? { told: all, untold: [] } : { told: [], untold: all };
  }

  /** Entries that waited for the rest of their items are no longer looked for. */
  giveUp(): void {
    for (const [source, all] of this.#bySource)
      for (const one of [...all]) if (one.held.length > 0) this.#forget(source, one);
  }

  #forget(source: string, one: Awaited): void {
    const all = this.#bySource.get(source)!;
    all.splice(all.indexOf(one), 1);
  }
}
