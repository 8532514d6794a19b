import { equalBytes, isHexOf, toHex } from '@showcause/core';
import type { Hash } from '@showcause/core';
import { ByPosition } from './by-position.ts';
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

/** `broken`: its `prev` is not the leaf hash of the entry before it, or its start denies what the log holds. */
export interface Append {
  kind: 'append';
  holes: readonly Hole[];
  broken: boolean;
}

export type Placement = Append | { kind: 'duplicate' } | { kind: 'taken' } | { kind: 'fenced' };

export type LedgerReads = Pick<Store, 'epochs' | 'leafAt' | 'hashesAt'>;

/** `prev` of the first entry of a producer. */
export const NO_PREV = '0'.repeat(64);

/**
 * Where every producer's streams stand. A seq belongs to whoever came first; a hole is announced once and may be filled
 * later; a start of epoch n + 1 closes n at the seq it names.
 */
export class StreamLedger {
  readonly #store: LedgerReads;
  readonly #producers = new Map<string, Map<number, EpochState>>();
  /** leaves of the transaction that is being built */
  readonly #fresh = new ByPosition<Leaf>();
  /** what `recall` read for it */
  readonly #recalled = new ByPosition<Hash | null>();
  /** its producers' epochs that changed */
  readonly #changed = new Map<string, Set<number>>();

  constructor(store: LedgerReads) {
    this.#store = store;
  }

  /** Whether there may be a leaf at a position: false only where that is sure without asking the store. */
  mayHold({ producer, epoch, seq }: Position): boolean {
    const epochs = this.#producers.get(producer);
    if (epochs === undefined) return true;
    return seq <= (epochs.get(epoch)?.seq ?? -1);
  }

  /** Asks the store once for all that the transaction will want to know of these positions. */
  async recall(positions: readonly Position[]): Promise<void> {
    const wanted: Position[] = [];
    for (const position of positions) {
      const state = (await this.#epochs(position.producer)).get(position.epoch);
      const isThere = state !== undefined && position.seq <= state.seq;
      if (isThere && this.#fresh.get(position) === undefined) wanted.push(position);
    }
    if (wanted.length === 0) return;
    const hashes = await this.#store.hashesAt(wanted);
    wanted.forEach((position, i) => this.#recalled.set(position, hashes[i] ?? null));
  }

  /** The leaf at a position, also one of the transaction that is being built. */
  async leafAt(position: Position): Promise<Leaf | null> {
    const state = (await this.#epochs(position.producer)).get(position.epoch);
    if (state === undefined || position.seq > state.seq) return null;
    return this.#fresh.get(position) ?? this.#store.leafAt(position);
  }

  /** Its leaf hash alone. */
  async hashAt(position: Position): Promise<Hash | null> {
    const known = this.#fresh.get(position)?.hash ?? this.#recalled.get(position);
    if (known !== undefined) return known;
    const { producer, epoch, seq } = position;
    const state = (await this.#epochs(producer)).get(epoch);
    if (state === undefined || seq > state.seq) return null;
    if (seq === state.seq) return state.leaf;
    return (await this.#store.hashesAt([position]))[0] ?? null;
  }

  async newest(producer: string): Promise<EpochState | null> {
    let newest: EpochState | null = null;
    for (const state of (await this.#epochs(producer)).values())
      if (newest === null || state.epoch > newest.epoch) newest = state;
    return newest;
  }

  /** What {@link place} says of the next entry of an open epoch, where that needs nothing from the store; else null. */
  placeNext({ position, prev, signed }: StreamMessage): Append | null {
    const state = this.#producers.get(position.producer)?.get(position.epoch);
    const isNext = state?.closedAt === null && position.seq === state.seq + 1;
    if (!isNext || previousOf(signed) !== null) return null;
    const broken = prev !== null && state.leaf !== null && !isHexOf(prev, state.leaf);
    return { kind: 'append', holes: [], broken };
  }

  /** Decides; changes nothing. */
  async place(message: StreamMessage): Promise<Placement> {
    const { position, prev } = message;
    const { producer, epoch, seq } = position;
    const epochs = await this.#epochs(producer);
    const state = epochs.get(epoch);
    if (state !== undefined && seq <= state.seq) {
      const first = await this.hashAt(position);
      if (first === null)
        return { kind: 'append', holes: [], broken: await this.#isBroken(message) };
      return { kind: equalBytes(first, message.hash) ? 'duplicate' : 'taken' };
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

  /** Records an entry that `place` let in, with its leaf: what the store has of its producer was read then. */
  take(message: Pick<StreamMessage, 'position' | 'signed'>, leaf: Leaf): void {
    const { producer, epoch, seq } = message.position;
    this.#fresh.set(message.position, leaf);
    const state = this.#producers.get(producer)?.get(epoch);
    if (state === undefined || seq > state.seq)
      this.#set({ producer, epoch, seq, leaf: leaf.hash, closedAt: state?.closedAt ?? null });
    else if (seq === state.seq) this.#set({ ...state, leaf: leaf.hash });
    if (message.signed?.type === 'stream' && message.signed.event === 'start')
      this.#close(producer, epoch, previousOf(message.signed));
  }

  /** Marks holes as announced. */
  announce(hole: Hole): void {
    const state = this.#producers.get(hole.producer)?.get(hole.epoch);
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
    const changes = [...this.#changed].flatMap(([producer, epochs]) =>
      [...epochs].map((epoch) => this.#producers.get(producer)!.get(epoch)!),
    );
    this.#changed.clear();
    this.#fresh.clear();
    this.#recalled.clear();
    return changes;
  }

  /** The start of an epoch names the last seq of the one before: what the log lacks of it is a hole. */
  #missedBefore(message: StreamMessage, epochs: Map<number, EpochState>): Hole[] {
    const previous = previousOf(message.signed);
    if (previous === null || previous.epoch >= message.position.epoch) return [];
    const had = epochs.get(previous.epoch)?.seq ?? -1;
    if (previous.seq <= had) return [];
    const { producer } = message.position;
    return [{ producer, epoch: previous.epoch, from: had + 1, to: previous.seq }];
  }

  #close(producer: string, epoch: number, previous: { epoch: number; seq: number } | null): void {
    for (const state of this.#producers.get(producer)?.values() ?? []) {
      if (state.epoch >= epoch || state.closedAt !== null) continue;
      const named = previous?.epoch === state.epoch ? previous.seq : state.seq;
      this.#set({ ...state, closedAt: Math.max(named, state.seq) });
    }
  }

  async #isBroken({ position, prev, signed }: StreamMessage): Promise<boolean> {
    if (prev === null) return false;
    const { producer, epoch, seq } = position;
    if (seq > 0) {
      const before = await this.hashAt({ producer, epoch, seq: seq - 1 });
      return before !== null && !isHexOf(prev, before);
    }
    const before = [...(await this.#epochs(producer)).values()]
      .filter((state) => state.epoch < epoch)
      .at(-1);
    if (before === undefined) return prev !== NO_PREV;
    const previous = previousOf(signed);
    if (previous !== null && previous.epoch === before.epoch && previous.seq < before.seq)
      return true;
    return before.leaf !== null && !isHexOf(prev, before.leaf);
  }

  #set(state: EpochState): void {
    const epochs = this.#producers.get(state.producer) ?? new Map<number, EpochState>();
    this.#producers.set(state.producer, epochs.set(state.epoch, state));
    const changed = this.#changed.get(state.producer);
    if (changed === undefined) this.#changed.set(state.producer, new Set([state.epoch]));
    else changed.add(state.epoch);
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
