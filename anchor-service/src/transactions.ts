import type { Hash } from '@showcause/core';
import type { Change, EpochState, Leaf, Position, Store, StoredPromise } from './ports.ts';

/**
 * One transaction at a time, while the next is being built: it begins when the one before it is durable. What the builder
 * reads of the store waits for the one under way, because it has to see its rows; after a failed one nothing goes on.
 */
export class Transactions {
  readonly #store: Store;
  #underWay: Promise<void> = Promise.resolve();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Resolves when nothing is under way. @throws what the last transaction failed with */
  settled(): Promise<void> {
    return this.#underWay;
  }

  /** Only when {@link settled} resolved. Resolves when the change is durable. */
  begin(change: Change): Promise<void> {
    this.#underWay = this.#store.commit(change);
    // Whoever asks next is told.
    this.#underWay.catch(() => undefined);
    return this.#underWay;
  }

  async epochs(producer: string): Promise<readonly EpochState[]> {
    await this.#underWay;
    return this.#store.epochs(producer);
  }

  async leafAt(position: Position): Promise<Leaf | null> {
    await this.#underWay;
    return this.#store.leafAt(position);
  }

  async hashesAt(positions: readonly Position[]): Promise<readonly (Hash | null)[]> {
    await this.#underWay;
    return this.#store.hashesAt(positions);
  }

  async promiseOf(position: Position): Promise<StoredPromise | null> {
    await this.#underWay;
    return this.#store.promiseOf(position);
  }

  async isQuarantined(stream: string, from: number): Promise<boolean> {
    await this.#underWay;
    return this.#store.isQuarantined(stream, from);
  }
}
