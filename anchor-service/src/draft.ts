import type { Hash, TreeFrontier } from '@showcause/core';
import type { Change, EpochState, Leaf, Position, QuarantineRow, StoredPromise } from './ports.ts';

/** What one transaction will change, while it is being built. */
export class Draft {
  readonly #frontier: TreeFrontier;
  #leaves: Leaf[] = [];
  #sealed: { index: number; bytes: Uint8Array }[] = [];
  #promises: StoredPromise[] = [];
  #quarantine: QuarantineRow[] = [];

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

  quarantine(row: QuarantineRow): void {
    this.#quarantine.push(row);
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
