import { equalBytes, fromHex, merkleRoot, toHex } from '@showcause/core';
import type { Hash, SignedPromise } from '@showcause/core';
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

/** Leaf hashes that are in the log already, by seq. */
export type LeafLookup = (producer: string, epoch: number, seq: number) => Promise<Hash | null>;

/** More entries in one promise than a group commit ever has; such a promise is refused. */
export const MAX_PROMISE_ENTRIES = 65_536;
/** Forged messages at a seq may cost so many tries, not more. */
const MAX_TRIES = 64;

interface Group {
  producer: string;
  epoch: number;
  bySeq: Map<number, Waiting[]>;
  promises: Map<string, Open>;
}

interface Open extends VerifiedPromise {
  /** of the item that brought it */
  settle: Settle | null;
}

/**
 * Messages and promises that wait for each other. Membership is shown by recomputing the batch root. A message that was
 * lost on the way does not hold up the others: its leaf hash is the `prev` of its successor. What fails holds no seq.
 */
export class PromiseBook {
  readonly #groups = new Map<string, Group>();
  readonly #stored: LeafLookup;
  #count = 0;
  #bytes = 0;

  constructor(stored: LeafLookup) {
    this.#stored = stored;
  }

  get waiting(): { messages: number; bytes: number } {
    return { messages: this.#count, bytes: this.#bytes };
  }

  add(waiting: Waiting): void {
    const { position } = waiting.message;
    const group = this.#group(position.producer, position.epoch);
    const there = group.bySeq.get(position.seq);
    if (there === undefined) group.bySeq.set(position.seq, [waiting]);
    else there.push(waiting);
    this.#count++;
    this.#bytes += waiting.item.bytes.length;
  }

  /** @param settle  of the item that brought it, called when the promise is done with */
  addPromise(promise: VerifiedPromise, settle: Settle | null = null): void {
    const { promises } = this.#group(promise.producer, promise.signed.promise.epoch);
    const id = toHex(promise.bytes);
    if (promises.has(id)) settle?.();
    else promises.set(id, { ...promise, settle });
  }

  /** Whether a message waits at a position that the promise covers. */
  isAwaited({ producer, signed }: VerifiedPromise): boolean {
    const { epoch, firstSeq, count } = signed.promise;
    for (const seq of this.#groups.get(`${producer} ${epoch}`)?.bySeq.keys() ?? [])
      if (seq >= firstSeq && seq < firstSeq + count) return true;
    return false;
  }

  /** Promises of a producer that are complete now. */
  async complete(producer: string, epoch: number): Promise<Resolution> {
    const group = this.#groups.get(`${producer} ${epoch}`);
    const proven: Proven[] = [];
    const unproven: Waiting[] = [];
    for (const [id, promise] of group?.promises ?? []) {
      if (!this.#isComplete(group!, id, promise)) continue;
      const found = await this.#resolve(group!, id, promise);
      if (found !== null) proven.push(this.#take(group!, id, promise, found, unproven));
    }
    this.#drop(group);
    return { proven, unproven };
  }

  /**
   * Looks at all promises of a producer that end before `position`, because a message from behind them has come:
   * nothing of theirs will come any more, so that what cannot be shown now is unproven.
   */
  async behind(producer: string, position: { epoch: number; seq: number }): Promise<Resolution> {
    const proven: Proven[] = [];
    const unproven: Waiting[] = [];
    for (const group of [...this.#groups.values()]) {
      if (group.producer !== producer || group.epoch > position.epoch) continue;
      for (const [id, promise] of group.promises) {
        const { firstSeq, count } = promise.signed.promise;
        if (group.epoch === position.epoch && firstSeq + count > position.seq) continue;
        const found = await this.#resolve(group, id, promise);
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
      all.push(...[...group.bySeq.values()].flat());
      for (const { settle } of group.promises.values()) settle?.();
    }
    this.#groups.clear();
    this.#count = 0;
    this.#bytes = 0;
    return all;
  }

  /** Whether a producer has promises that wait for messages. */
  hasOpenPromise(producer: string): boolean {
    for (const group of this.#groups.values())
      if (group.producer === producer && group.promises.size > 0) return true;
    return false;
  }

  #group(producer: string, epoch: number): Group {
    const key = `${producer} ${epoch}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const group = { producer, epoch, bySeq: new Map(), promises: new Map() };
    this.#groups.set(key, group);
    return group;
  }

  #drop(group: Group | undefined): void {
    if (group !== undefined && group.bySeq.size === 0 && group.promises.size === 0)
      this.#groups.delete(`${group.producer} ${group.epoch}`);
  }

  #candidates(group: Group, id: string, seq: number): Waiting[] {
    const there = group.bySeq.get(seq) ?? [];
    return there.filter(({ promise }) => promise === null || promise === id);
  }

  #isComplete(group: Group, id: string, promise: Open): boolean {
    const { firstSeq, count } = promise.signed.promise;
    if (group.bySeq.size < count) return false;
    for (let seq = firstSeq; seq < firstSeq + count; seq++)
      if (this.#candidates(group, id, seq).length === 0) return false;
    return true;
  }

  async #resolve(group: Group, id: string, promise: Open): Promise<Choice[] | null> {
    const { firstSeq, count, batchRoot } = promise.signed.promise;
    const slots: Choice[][] = [];
    for (let seq = firstSeq; seq < firstSeq + count; seq++) {
      const choices: Choice[] = this.#candidates(group, id, seq).map((waiting) => ({
        hash: waiting.message.hash,
        prev: waiting.message.prev,
        waiting,
      }));
      const stored = await this.#stored(group.producer, group.epoch, seq);
      if (stored !== null && !choices.some(({ hash }) => equalBytes(hash, stored)))
        choices.push({ hash: stored, prev: null, waiting: null });
      slots.push(choices);
    }
    return findBatch(slots, this.#successors(group, firstSeq + count), batchRoot);
  }

  /** What entries behind the batch say the last leaf hash of it is. */
  #successors(group: Group, seq: number): string[] {
    const next = (group.bySeq.get(seq) ?? []).flatMap(({ message }) => message.prev ?? []);
    for (const other of this.#groups.values()) {
      if (other.producer !== group.producer || other.epoch <= group.epoch) continue;
      for (const { message } of other.bySeq.get(0) ?? [])
        if (message.known?.type === 'stream' && message.known.previous?.epoch === group.epoch)
          next.push(message.known.previous.leaf);
    }
    return [...new Set(next)].slice(0, MAX_TRIES);
  }

  #take(
    group: Group,
    id: string,
    promise: Open,
    choices: readonly Choice[],
    unproven: Waiting[],
  ): Proven {
    const { firstSeq } = promise.signed.promise;
    // The same bytes may have come twice: both are what was promised.
    const members = choices.flatMap(({ hash }, i) =>
      this.#candidates(group, id, firstSeq + i).filter((w) => equalBytes(w.message.hash, hash)),
    );
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
        lost.push(...there.filter(({ promise: own }) => own === null || own === id));
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
      const rest = (group.bySeq.get(seq) ?? []).filter((other) => other !== waiting);
      if (rest.length === 0) group.bySeq.delete(seq);
      else group.bySeq.set(seq, rest);
      this.#count--;
      this.#bytes -= waiting.item.bytes.length;
    }
  }
}

interface Choice {
  hash: Hash;
  prev: string | null;
  waiting: Waiting | null;
}

/**
 * Picks one hash a slot so that the batch root comes out; null when none of the tries leads there.
 * @param slots  what is at hand for each seq, first to last
 * @param successors  hex hashes that entries behind the batch name as its last leaf
 */
export function findBatch(
  slots: readonly (readonly Choice[])[],
  successors: readonly string[],
  root: Hash,
): Choice[] | null {
  const only = slots.map((choices) => (choices.length === 1 ? choices[0] : undefined));
  if (only.every((choice) => choice !== undefined) && equalBytes(batchRoot(only), root))
    return only;
  const picked: Choice[] = new Array<Choice>(slots.length);
  let tries = MAX_TRIES;
  // Depth first from the last slot down, because each entry names the one before it. The stack holds what is untried.
  const stack: { slot: number; choice: Choice }[] = [];
  const push = (slot: number, wanted: readonly string[]): void => {
    for (const choice of options(slots[slot]!, wanted).reverse()) stack.push({ slot, choice });
  };
  push(slots.length - 1, successors);
  for (let next = stack.pop(); next !== undefined && tries > 0; next = stack.pop()) {
    picked[next.slot] = next.choice;
    if (next.slot > 0) {
      push(next.slot - 1, next.choice.prev === null ? [] : [next.choice.prev]);
      if (stack.at(-1)?.slot !== next.slot - 1) tries--;
      continue;
    }
    if (equalBytes(batchRoot(picked), root)) return picked;
    tries--;
  }
  return null;
}

function batchRoot(choices: readonly Choice[]): Hash {
  return merkleRoot(choices.map(({ hash }) => hash));
}

/** Best first: what the successor names, then what else is there, then the bare hash that the successor names. */
function options(there: readonly Choice[], wanted: readonly string[]): Choice[] {
  const named = there.filter(({ hash }) => wanted.includes(toHex(hash)));
  const others = there.filter((choice) => !named.includes(choice));
  const bare = wanted
    .filter((hex) => !named.some(({ hash }) => toHex(hash) === hex))
    .map((hex) => ({ hash: fromHex(hex), prev: null, waiting: null }));
  return [...named, ...others, ...bare];
}
