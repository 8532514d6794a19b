import { decodeMessage, equalBytes, toHex } from '@showcause/core';
import type { Hash, SignedPromise } from '@showcause/core';
import { BatchChain } from './batch-chain.ts';
import { findBatch } from './batch-search.ts';
import type { Choice } from './batch-search.ts';
import type { Settle } from './cursors.ts';
import type { StreamMessage } from './intake.ts';
import type { RegisteredKey } from './keys.ts';
import type { SourceItem } from './ports.ts';

/** A message that waits until a promise that covers it was read and its batch root recomputed. */
export interface Waiting {
  item: SourceItem;
  message: StreamMessage;
  /** hex of the promise that came with it; null where promises come as items of their own */
  promise: string | null;
  settle: Settle;
}

/** A promise whose signature is good. */
export interface VerifiedPromise {
  signed: SignedPromise;
  /** promise ‖ signature, 212 bytes */
  bytes: Uint8Array;
  producer: string;
  keys: readonly RegisteredKey[];
}

export interface Proven {
  promise: VerifiedPromise;
  /** in seq order; positions of the batch that are missing or are leaves already are not among them */
  members: readonly Waiting[];
}

/** What happened when a promise was looked at. */
export interface Resolution {
  proven: readonly Proven[];
  /** shown to be in no promise that was read */
  unproven: readonly Waiting[];
}

/** Leaves that are in the log already, by seq. */
export type LeafLookup = (producer: string, epoch: number, seq: number) => Promise<Choice | null>;

/** More entries in one promise than a group commit ever has; such a promise is refused. */
export const MAX_PROMISE_ENTRIES = 65_536;
/** Different last entries of a batch that its successors may name where it did not come itself. */
const MAX_SUCCESSORS = 64;

interface Group {
  epoch: number;
  bySeq: Map<number, Waiting[]>;
  promises: Map<string, Open>;
}

interface Open extends VerifiedPromise {
  /** of the item that brought it */
  settle: Settle | null;
  chain: BatchChain;
  /** candidates when it was last searched in vain */
  searchedAt: number;
}

/** What waits, counted for all books of one origin. */
export interface Tally {
  messages: number;
  bytes: number;
}

/**
 * Messages and promises of one producer that wait for each other. Membership is shown by recomputing the batch root. A message that was
 * lost on the way does not hold up the others: its leaf hash is the `prev` of its successor. What fails holds no seq.
 */
export class PromiseBook {
  /** by epoch */
  readonly #groups = new Map<number, Group>();
  /** those of them with promises */
  readonly #open = new Set<Group>();
  readonly #stored: LeafLookup;
  readonly #tally: Tally;
  /** came since `own` was called */
  #borrowed: Waiting[] = [];

  constructor(stored: LeafLookup, tally: Tally) {
    this.#stored = stored;
    this.#tally = tally;
  }

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  /** Whether there are promises that wait for messages. */
  get hasOpenPromise(): boolean {
    return this.#open.size > 0;
  }

  add(waiting: Waiting): void {
    const { position } = waiting.message;
    const group = this.#group(position.epoch);
    const there = group.bySeq.get(position.seq);
    if (there === undefined) group.bySeq.set(position.seq, [waiting]);
    else there.push(waiting);
    for (const [id, promise] of group.promises) follow(promise, id, waiting);
    this.#borrowed.push(waiting);
    this.#tally.messages++;
    this.#tally.bytes += waiting.item.bytes.length;
  }

  /** What still waits gets bytes of its own: those that a source handed out may be views of something much larger. */
  own(): void {
    for (const waiting of this.#borrowed) {
      const { epoch, seq } = waiting.message.position;
      if (this.#groups.get(epoch)?.bySeq.get(seq)?.includes(waiting) !== true) continue;
      const bytes = waiting.item.bytes.slice();
      waiting.item = { ...waiting.item, bytes };
      waiting.message = { ...waiting.message, ...decodeMessage(bytes) };
    }
    this.#borrowed = [];
  }

  /** @param settle  of the item that brought it, called when the promise is done with */
  addPromise(promise: VerifiedPromise, settle: Settle | null = null): void {
    const group = this.#group(promise.signed.promise.epoch);
    const id = toHex(promise.bytes);
    if (group.promises.has(id)) return settle?.();
    const { firstSeq, count, batchRoot } = promise.signed.promise;
    const open = { ...promise, settle, chain: new BatchChain(count, batchRoot), searchedAt: 0 };
    for (const [seq, there] of group.bySeq)
      if (seq >= firstSeq && seq < firstSeq + count)
        for (const waiting of there) follow(open, id, waiting);
    group.promises.set(id, open);
    this.#open.add(group);
  }

  /** Whether a message waits at a position that the promise covers. */
  isAwaited({ signed }: VerifiedPromise): boolean {
    const { epoch, firstSeq, count } = signed.promise;
    for (const seq of this.#groups.get(epoch)?.bySeq.keys() ?? [])
      if (seq >= firstSeq && seq < firstSeq + count) return true;
    return false;
  }

  /** Promises of an epoch that are complete now. */
  async complete(epoch: number): Promise<Resolution> {
    const group = this.#groups.get(epoch);
    const proven: Proven[] = [];
    const unproven: Waiting[] = [];
    for (const [id, promise] of group?.promises ?? []) {
      const found = promise.chain.found ?? (await this.#searchNow(group!, id, promise));
      if (found !== null) proven.push(this.#take(group!, id, promise, found, unproven));
    }
    this.#drop(group);
    return { proven, unproven };
  }

  /**
   * Looks at all promises that end before `position`, because a message from behind them has come:
   * nothing of theirs will come any more, so that what cannot be shown now is unproven.
   */
  async behind(position: { epoch: number; seq: number }): Promise<Resolution> {
    const proven: Proven[] = [];
    const unproven: Waiting[] = [];
    for (const group of [...this.#open]) {
      if (group.epoch > position.epoch) continue;
      for (const [id, promise] of group.promises) {
        const { firstSeq, count } = promise.signed.promise;
        if (group.epoch === position.epoch && firstSeq + count > position.seq) continue;
        const found = promise.chain.found ?? (await this.#search(group, id, promise));
        if (found !== null) proven.push(this.#take(group, id, promise, found, unproven));
        else this.#giveUp(group, id, promise, unproven);
      }
      this.#drop(group);
    }
    return { proven, unproven };
  }

  /** Everything that waits, when too much does. */
  drain(): readonly Waiting[] {
    const all: Waiting[] = [];
    for (const group of this.#groups.values()) {
      for (const there of group.bySeq.values()) all.push(...there);
      for (const { settle } of group.promises.values()) settle?.();
    }
    this.#groups.clear();
    this.#open.clear();
    this.#tally.messages -= all.length;
    for (const { item } of all) this.#tally.bytes -= item.bytes.length;
    return all;
  }

  #group(epoch: number): Group {
    const known = this.#groups.get(epoch);
    if (known !== undefined) return known;
    const group: Group = { epoch, bySeq: new Map(), promises: new Map() };
    this.#groups.set(epoch, group);
    return group;
  }

  #drop(group: Group | undefined): void {
    if (group === undefined || group.promises.size > 0) return;
    this.#open.delete(group);
    if (group.bySeq.size === 0) this.#groups.delete(group.epoch);
  }

  #candidates(group: Group, id: string, seq: number): Waiting[] {
    return (group.bySeq.get(seq) ?? []).filter((waiting) => isCandidate(waiting, id));
  }

  /** A batch that is no chain: searched when all of it may be here, and again only when twice as much came. */
  async #searchNow(group: Group, id: string, promise: Open): Promise<readonly Hash[] | null> {
    const { candidates, isFilled } = promise.chain;
    if (!isFilled || candidates < 2 * promise.searchedAt) return null;
    promise.searchedAt = candidates;
    return this.#search(group, id, promise);
  }

  async #search(group: Group, id: string, promise: Open): Promise<readonly Hash[] | null> {
    const { firstSeq, count, batchRoot } = promise.signed.promise;
    const slots: Choice[][] = [];
    for (let seq = firstSeq; seq < firstSeq + count; seq++) {
      const choices = new Map<string, Choice>();
      for (const { message } of this.#candidates(group, id, seq))
        choices.set(toHex(message.hash), message);
      const stored = await this.#stored(promise.producer, group.epoch, seq);
      if (stored !== null) choices.set(toHex(stored.hash), stored);
      slots.push([...choices.values()]);
    }
    const found = findBatch(slots, this.#successors(group, firstSeq + count), batchRoot);
    return found?.map(({ hash }) => hash) ?? null;
  }

  /** What entries behind the batch say the last leaf hash of it is. */
  #successors(group: Group, seq: number): string[] {
    const next = (group.bySeq.get(seq) ?? []).flatMap(({ message }) => message.prev ?? []);
    for (const other of this.#groups.values()) {
      if (other.epoch <= group.epoch) continue;
      for (const { message } of other.bySeq.get(0) ?? [])
        if (message.signed?.type === 'stream' && message.signed.previous?.epoch === group.epoch)
          next.push(message.signed.previous.leaf);
    }
    return [...new Set(next)].slice(0, MAX_SUCCESSORS);
  }

  #take(
    group: Group,
    id: string,
    promise: Open,
    hashes: readonly Hash[],
    unproven: Waiting[],
  ): Proven {
    const { firstSeq } = promise.signed.promise;
    // The same bytes may have come twice: both are what was promised.
    const members: Waiting[] = [];
    hashes.forEach((hash, i) => {
      for (const waiting of group.bySeq.get(firstSeq + i) ?? [])
        if (isCandidate(waiting, id) && equalBytes(waiting.message.hash, hash))
          members.push(waiting);
    });
    this.#remove(group, members);
    group.promises.delete(id);
    promise.settle?.();
    // A message that came with this promise and is not in it was never promised.
    this.#removeOwn(group, id, promise, unproven);
    return { promise, members };
  }

  #giveUp(group: Group, id: string, promise: Open, unproven: Waiting[]): void {
    group.promises.delete(id);
    promise.settle?.();
    const { firstSeq, count } = promise.signed.promise;
    const lost: Waiting[] = [];
    for (const [seq, there] of group.bySeq)
      if (seq >= firstSeq && seq < firstSeq + count)
        lost.push(...there.filter((waiting) => isCandidate(waiting, id)));
    this.#remove(group, lost);
    unproven.push(...lost);
  }

  #removeOwn(group: Group, id: string, promise: Open, unproven: Waiting[]): void {
    const { firstSeq, count } = promise.signed.promise;
    const lost: Waiting[] = [];
    for (const [seq, there] of group.bySeq)
      if (seq >= firstSeq && seq < firstSeq + count)
        lost.push(...there.filter((w) => w.promise === id));
    this.#remove(group, lost);
    unproven.push(...lost);
  }

  #remove(group: Group, gone: readonly Waiting[]): void {
    for (const waiting of gone) {
      const { seq } = waiting.message.position;
      const there = group.bySeq.get(seq) ?? [];
      if (there.length > 1)
        group.bySeq.set(
          seq,
          there.filter((other) => other !== waiting),
        );
      else group.bySeq.delete(seq);
      this.#tally.messages--;
      this.#tally.bytes -= waiting.item.bytes.length;
    }
  }
}

/** A message that came with a promise is of that one alone. */
function isCandidate({ promise }: Waiting, id: string): boolean {
  return promise === null || promise === id;
}

function follow({ signed, chain }: Open, id: string, waiting: Waiting): void {
  const { message } = waiting;
  const { firstSeq, count } = signed.promise;
  const slot = message.position.seq - firstSeq;
  if (slot < 0 || slot >= count || !isCandidate(waiting, id)) return;
  chain.add({ slot, hash: message.hash, prev: message.prev });
}
