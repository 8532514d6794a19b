import type { Position } from './ports.ts';

type BySeq<T> = Map<number, T>;

/** What is known of positions. Not by a text of all three: to make one costs more than to look it up. */
export class ByPosition<T> {
  readonly #producers = new Map<string, Map<number, BySeq<T>>>();

  get({ producer, epoch, seq }: Position): T | undefined {
    return this.#producers.get(producer)?.get(epoch)?.get(seq);
  }

  set({ producer, epoch, seq }: Position, value: T): void {
    let epochs = this.#producers.get(producer);
    if (epochs === undefined) this.#producers.set(producer, (epochs = new Map<number, BySeq<T>>()));
    let seqs = epochs.get(epoch);
    if (seqs === undefined) epochs.set(epoch, (seqs = new Map<number, T>()));
    seqs.set(seq, value);
  }

  clear(): void {
    this.#producers.clear();
  }
}
