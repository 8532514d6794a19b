import { leafHash, merkleRoot, toHex } from '@showcause/core';
import type { Hash, TreeFrontier } from '@showcause/core';
import type { QuarantineReason } from './errors.ts';
import type { OwnFields } from './own-stream.ts';
import type {
  Change,
  EpochState,
  Leaf,
  Position,
  QuarantineRow,
  SourceItem,
  StoredPromise,
} from './ports.ts';

/** Raw bytes of something unreadable are kept up to here. */
const MAX_QUARANTINE_BYTES = 1024 * 1024;

/** What one transaction will change, while it is being built. */
export class Draft {
  readonly #frontier: TreeFrontier;
  #leaves: Leaf[] = [];
  #sealed: { index: number; bytes: Uint8Array }[] = [];
  #promises: StoredPromise[] = [];
  #quarantine: QuarantineRow[] = [];
  #unplaced: SourceItem[] = [];

  /** @param frontier  of the committed tree; it grows with each `append` */
  constructor(frontier: TreeFrontier) {
    this.#frontier = frontier;
  }

  get size(): number {
    return this.#frontier.size;
  }

  append(entry: Uint8Array, hash: Hash, position: Position | null): Leaf {
    const leaf = { index: this.#frontier.size, hash, entry, position };
    this.#frontier.append(hash);
    this.#leaves.push(leaf);
    return leaf;
  }

  keepSealed(index: number, bytes: Uint8Array): void {
    this.#sealed.push({ index, bytes });
  }

  keepPromise(promise: StoredPromise): void {
    this.#promises.push(promise);
  }

  /** A promise of this draft that covers the position. */
  promiseOf({ producer, epoch, seq }: Position): StoredPromise | null {
    const found = this.#promises.find(
      (promise) =>
        promise.producer === producer &&
        promise.epoch === epoch &&
        promise.firstSeq <= seq &&
        seq < promise.firstSeq + promise.count,
    );
    return found ?? null;
  }

  quarantine({ stream, from, to, bytes }: SourceItem, reason: QuarantineReason): void {
    this.#quarantine.push({
      stream,
      from,
      to,
      reason,
      bytes: bytes.subarray(0, MAX_QUARANTINE_BYTES),
    });
  }

  /** An item of which the log will say that it came and could not be placed. */
  unplaced(item: SourceItem): void {
    this.#unplaced.push(item);
  }

  /** One `opaque` entry a stream over what was not placed since the last call. */
  takeOpaque(): Extract<OwnFields, { type: 'opaque' }>[] {
    const byStream = new Map<string, SourceItem[]>();
    for (const item of this.#unplaced.splice(0)) {
      const items = byStream.get(item.stream);
      if (items === undefined) byStream.set(item.stream, [item]);
      else items.push(item);
    }
    return [...byStream].map(([stream, items]) => {
      items.sort((a, b) => a.from - b.from);
      return {
        type: 'opaque' as const,
        source: stream.replace(/[^ -~]/g, '?').slice(0, 200),
        from: String(items[0]!.from),
        to: String(items.at(-1)!.to),
        count: items.length,
        root: toHex(merkleRoot(items.map(({ bytes }) => leafHash(bytes)))),
      };
    });
  }

  /** The change, or null when there is nothing to write; the draft is empty then. */
  take(
    lease: number,
    epochs: readonly EpochState[],
    cursors: ReadonlyMap<string, number>,
  ): Change | null {
    const change: Change = {
      lease,
      oldSize: this.#frontier.size - this.#leaves.length,
      head: { size: this.#frontier.size, peaks: this.#frontier.peaks() },
      leaves: this.#leaves,
      sealed: this.#sealed,
      promises: this.#promises,
      epochs,
      cursors,
      quarantine: this.#quarantine,
    };
    this.#leaves = [];
    this.#sealed = [];
    this.#promises = [];
    this.#quarantine = [];
    const parts = [change.leaves, change.promises, change.quarantine, epochs];
    return cursors.size > 0 || parts.some(({ length }) => length > 0) ? change : null;
  }
}
