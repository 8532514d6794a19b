import { equalBytes, toHex } from '@showcause/core';
import type { Hash } from '@showcause/core';
import type { StreamMessage } from './intake.ts';
import { previousOf } from './intake.ts';
import type { EpochState, Leaf, Position, Store } from './ports.ts';

/** A range of seqs that a producer skipped. */
export interface Hole {
  producer: string;
  epoch: number;
  from: number;
  to: number;
}

export type Placement =
  /** `broken`: its `prev` is not the leaf hash of the entry before it, or its start denies what the log holds */
  | { kind: 'append'; holes: readonly Hole[]; broken: boolean }
  | { kind: 'duplicate' }
  | { kind: 'taken' }
  | { kind: 'fenced' };

/** `prev` of the first entry of a producer. */
export const NO_PREV = '0'.repeat(64);

/**
 * Where every producer's streams stand. A seq belongs to whoever came first; a hole is announced once and may be filled
 * later; a start of epoch n + 1 closes n at the seq it names.
 */
export class StreamLedger {
  readonly #store: Pick<Store, 'epochs' | 'leafAt'>;
  readonly #producers = new Map<string, Map<number, EpochState>>();
  readonly #fresh = new Map<string, Leaf>();
  readonly #changed = new Map<string, EpochState>();

  constructor(store: Pick<Store, 'epochs' | 'leafAt'>) {
    this.#store = store;
  }

  /** The leaf at a position, also one of the transaction that is being built. */
  async leafAt(position: Position): Promise<Leaf | null> {
    const state = (await this.#epochs(position.producer)).get(position.epoch);
    if (state === undefined || position.seq > state.seq) return null;
    return this.#fresh.get(positionKey(position)) ?? this.#store.leafAt(position);
  }

  async newest(producer: string): Promise<EpochState | null> {
    let newest: EpochState | null = null;
    for (const state of (await this.#epochs(producer)).values())
      if (newest === null || state.epoch > newest.epoch) newest = state;
    return newest;
  }

  /** Decides; changes nothing. */
  async place(message: StreamMessage): Promise<Placement> {
    const { position, prev } = message;
    const { producer, epoch, seq } = position;
    const epochs = await this.#epochs(producer);
    const state = epochs.get(epoch);
    if (state !== undefined && seq <= state.seq) {
      const first = await this.leafAt(position);
      if (first === null)
        return { kind: 'append', holes: [], broken: await this.#isBroken(message) };
      return { kind: equalBytes(first.hash, message.hash) ? 'duplicate' : 'taken' };
    }
    const newest = await this.newest(producer);
    if (
      (state !== undefined && state.closedAt !== null) ||
      (state === undefined && newest !== null && epoch < newest.epoch)
    )
      return { kind: 'fenced' };
    const from = (state?.seq ?? -1) + 1;
    const holes = seq > from ? [{ producer, epoch, from, to: seq - 1 }] : [];
    holes.push(...this.#missedBefore(message, epochs));
    const broken = prev !== null && (await this.#isBroken(message));
    return { kind: 'append', holes, broken };
  }

  /** Records an entry that `place` let in, with its leaf. */
  async take(message: Pick<StreamMessage, 'position' | 'known'>, leaf: Leaf): Promise<void> {
    const { producer, epoch, seq } = message.position;
    const epochs = await this.#epochs(producer);
    this.#fresh.set(positionKey(message.position), leaf);
    const state = epochs.get(epoch);
    if (state === undefined || seq > state.seq)
      this.#set({ producer, epoch, seq, leaf: leaf.hash, closedAt: state?.closedAt ?? null });
    else if (seq === state.seq) this.#set({ ...state, leaf: leaf.hash });
    if (message.known?.type === 'stream' && message.known.event === 'start')
      await this.#close(producer, epoch, previousOf(message.known));
  }

  /** Marks holes as announced. */
  async announce(hole: Hole): Promise<void> {
    const state = (await this.#epochs(hole.producer)).get(hole.epoch);
    if (state === undefined || hole.to > state.seq)
      this.#set({
        producer: hole.producer,
        epoch: hole.epoch,
        seq: hole.to,
        leaf: null,
        closedAt: state?.closedAt ?? null,
      });
  }

  /** What changed since the last call, for the transaction. */
  takeChanges(): EpochState[] {
    const changes = [...this.#changed.values()];
    this.#changed.clear();
    this.#fresh.clear();
    return changes;
  }

  /** The start of an epoch names the last seq of the one before: what the log lacks of it is a hole. */
  #missedBefore(message: StreamMessage, epochs: Map<number, EpochState>): Hole[] {
    const previous = previousOf(message.known);
    if (previous === null || previous.epoch >= message.position.epoch) return [];
    const had = epochs.get(previous.epoch)?.seq ?? -1;
    if (previous.seq <= had) return [];
    const { producer } = message.position;
    return [{ producer, epoch: previous.epoch, from: had + 1, to: previous.seq }];
  }

  async #close(
    producer: string,
    epoch: number,
    previous: { epoch: number; seq: number } | null,
  ): Promise<void> {
    for (const state of (await this.#epochs(producer)).values()) {
      if (state.epoch >= epoch || state.closedAt !== null) continue;
      const named = previous?.epoch === state.epoch ? previous.seq : state.seq;
      this.#set({ ...state, closedAt: Math.max(named, state.seq) });
    }
  }

  async #isBroken({ position, prev, known }: StreamMessage): Promise<boolean> {
    if (prev === null) return false;
    const { producer, epoch, seq } = position;
    if (seq > 0) {
      const before = await this.leafAt({ producer, epoch, seq: seq - 1 });
      return before !== null && toHex(before.hash) !== prev;
    }
    const before = [...(await this.#epochs(producer)).values()]
      .filter((state) => state.epoch < epoch)
      .at(-1);
    if (before === undefined) return prev !== NO_PREV;
    const previous = previousOf(known);
    if (previous !== null && previous.epoch === before.epoch && previous.seq < before.seq)
      return true;
    return before.leaf !== null && toHex(before.leaf) !== prev;
  }

  #set(state: EpochState): void {
    const epochs = this.#producers.get(state.producer) ?? new Map<number, EpochState>();
    this.#producers.set(state.producer, epochs.set(state.epoch, state));
    this.#changed.set(`${state.producer} ${state.epoch}`, state);
  }

  async #epochs(producer: string): Promise<Map<number, EpochState>> {
    const known = this.#producers.get(producer);
    if (known !== undefined) return known;
    const epochs = new Map<number, EpochState>();
    for (const state of await this.#store.epochs(producer)) epochs.set(state.epoch, state);
    // A name that anybody may send is not kept until something of it is.
    if (epochs.size > 0) this.#producers.set(producer, epochs);
    return epochs;
  }
}

export function hashOf(hash: Hash | null): string {
  return hash === null ? NO_PREV : toHex(hash);
}

function positionKey({ producer, epoch, seq }: Position): string {
  return `${producer} ${epoch} ${seq}`;
}
