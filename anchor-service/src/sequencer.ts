import { TreeFrontier, equalBytes, leafHash, toHex } from '@showcause/core';
import { CursorTracker } from './cursors.ts';
import { Draft } from './draft.ts';
import { ServiceError } from './errors.ts';
import { readRegistration } from './intake.ts';
import { OwnStream, neededTypes } from './own-stream.ts';
import type { OwnFields, OwnProducer } from './own-stream.ts';
import type { RegisteredKey } from './keys.ts';
import type { Logger, SourceItem, Store } from './ports.ts';
import { PromiseJudge } from './promise-judge.ts';
import { QuarantineRoom, UnplacedItems } from './quarantine.ts';
import { Registrations } from './registrations.ts';
import { LogEnd } from './sequencing/log-end.ts';
import { Placing } from './sequencing/placing.ts';
import { localItem, readItem } from './sequencing/read-item.ts';
import { Refusals } from './sequencing/refusals.ts';
import { noCounts } from './sequencing/shared.ts';
import type { SequencerCounts, Shared } from './sequencing/shared.ts';
import { Taking } from './sequencing/taking.ts';
import { StreamLedger } from './stream-ledger.ts';
import type { Told } from './told.ts';
import { Transactions } from './transactions.ts';

export interface SequencerOptions {
  store: Store;
  /** exact bytes of entry 0 */
  genesis: Uint8Array;
  producer: OwnProducer;
  logger: Logger;
  /** Unix milliseconds */
  clock?: () => number;
  /** hex, 16 random bytes */
  newId: () => string;
  maxWaitingMessages?: number;
  maxWaitingBytes?: number;
  /** Between two times that the log says what could not be placed. */
  opaqueIntervalMs?: number;
  /** What the log says already of items that will come again: after a store was restored. */
  told?: Told;
  /** Raw bytes that are kept in quarantine, all together. */
  maxQuarantineBytes?: number;
}

const DEFAULT_MAX_WAITING_MESSAGES = 65_536;
const DEFAULT_MAX_WAITING_BYTES = 256 * 1024 * 1024;

/** What the service found out by itself, and how far it had to look for it. */
export interface Notes {
  entries: readonly OwnFields[];
  /** where it was read, a stream as those of a source */
  stream: string;
  from: number;
  /** a restart goes on from here */
  to: number;
}

interface Noted {
  notes: Notes;
  resolve: () => void;
  reject: (reason: unknown) => void;
}

/** What the store holds when a sequencer starts. */
interface Start {
  lease: number;
  size: number;
  shared: Shared;
  room: QuarantineRoom;
}

/**
 * Puts what sources bring into one order, exactly once: leaves, promises, stream states, cursors and head change in one
 * transaction. Whatever cannot be a leaf of its producer is kept, counted and recorded in an entry of the service's own;
 * nothing is skipped, and nothing a producer sends stops the others. After a failed commit it must be thrown away.
 */
export class Sequencer {
  readonly #options: SequencerOptions;
  readonly #logId: Uint8Array;
  readonly #lease: number;
  readonly #shared: Shared;
  readonly #end: LogEnd;
  readonly #refusals: Refusals;
  readonly #taking: Taking;
  readonly #cursors = new CursorTracker();
  #noted: Noted[] = [];
  /** committed */
  #size: number;

  private constructor(options: SequencerOptions, { lease, size, shared, room }: Start) {
    this.#options = options;
    this.#logId = leafHash(options.genesis);
    this.#lease = lease;
    this.#size = size;
    this.#shared = shared;
    this.#end = new LogEnd(shared);
    this.#refusals = new Refusals(
      shared,
      this.#end,
      room,
      new UnplacedItems(options.opaqueIntervalMs, options.told?.opaque),
    );
    const placing = new Placing(shared, this.#end, this.#refusals, options.told?.equivocations);
    this.#taking = new Taking(shared, this.#end, this.#refusals, placing);
  }

  /**
   * Takes the store's lease and goes on where it ends; an empty store gets genesis and the registrations.
   * @throws {ServiceError} `CONFIG_GENESIS`, `CONFIG_KEY`, `STORE_*`
   */
  static async start(
    options: SequencerOptions,
    registrations: readonly Uint8Array[] = [],
  ): Promise<Sequencer> {
    const { store, genesis } = options;
    const lease = await store.takeLease();
    const head = await store.head();
    const [first] = await store.leaves(0, 1);
    if (first !== undefined && !equalBytes(first.entry, genesis))
      throw new ServiceError('CONFIG_GENESIS', { got: 'the store of another log' });
    const sequencer = new Sequencer(options, {
      lease,
      size: head.size,
      shared: await sharedOf(options, TreeFrontier.from(head.size, head.peaks)),
      room: new QuarantineRoom(await store.quarantinedBytes(), options.maxQuarantineBytes),
    });
    await sequencer.#open(first === undefined, registrations);
    return sequencer;
  }

  get lease(): number {
    return this.#lease;
  }

  /** 32 bytes */
  get logId(): Uint8Array {
    return this.#logId;
  }

  /** Leaves committed. */
  get size(): number {
    return this.#size;
  }

  get counts(): Readonly<SequencerCounts> {
    return this.#shared.counts;
  }

  /** What waits for a promise. */
  get waiting(): { messages: number; bytes: number } {
    return this.#taking.waiting;
  }

  /** Sequences a batch and commits it. @throws whatever the store throws: then this instance is over */
  async process(items: readonly SourceItem[]): Promise<void> {
    const { committed } = await this.advance(items);
    await committed;
  }

  /**
   * The same for a caller that has more: resolves when the transaction of the batch is under way, which begins when the
   * one before it is durable. The next batch may be sequenced meanwhile.
   */
  async advance(items: readonly SourceItem[]): Promise<{ committed: Promise<void> }> {
    const read = items.map(readItem);
    await this.#shared.ledger.recall(read.flatMap((one) => this.#taking.perhapsLogged(one)));
    for (const one of read) {
      const { stream, from, to } = one.item;
      const rest = this.#taking.take(one, this.#cursors.see(stream, from, to));
      if (rest !== undefined) await rest;
    }
    const {
      maxWaitingMessages: messages = DEFAULT_MAX_WAITING_MESSAGES,
      maxWaitingBytes: bytes = DEFAULT_MAX_WAITING_BYTES,
    } = this.#options;
    await this.#taking.endBatch({ messages, bytes });
    const noted = this.#writeDue();
    const begun = await this.#begin();
    for (const { resolve, reject } of noted) begun.committed.then(resolve, reject);
    return begun;
  }

  /** Whether the service's key lists a type. */
  mayWrite(type: string): boolean {
    return ownKeyOf(this.#shared.registrations, this.#options.producer, type) !== null;
  }

  /**
   * Entries of the service's own with the next transaction, and with them the cursor of what they were read from: both or
   * neither. Resolves when they are durable.
   */
  write(notes: Notes): Promise<void> {
    return new Promise((resolve, reject) => this.#noted.push({ notes, resolve, reject }));
  }

  /** Whether something has to be written though nothing came. */
  get isDue(): boolean {
    return this.#shared.own.isHeartbeatDue() || this.#refusals.isDue || this.#noted.length > 0;
  }

  /** Writes what is due though nothing came: the service's own heartbeat, what could not be placed. @returns whether it did */
  async tick(): Promise<boolean> {
    if (!this.isDue) return false;
    await this.process([]);
    return true;
  }

  /** Says what is left to say and ends the service's own epoch, signed. */
  async close(): Promise<void> {
    this.#refusals.write(true);
    this.#end.endOwn();
    const { committed } = await this.#begin();
    await committed;
  }

  async #open(isEmpty: boolean, registrations: readonly Uint8Array[]): Promise<void> {
    const { genesis, producer } = this.#options;
    if (isEmpty) this.#end.append(genesis, leafHash(genesis), null);
    for (const bytes of registrations) {
      const read = readRegistration(localItem(bytes));
      if (read.kind !== 'registration' || !this.#end.register(read))
        throw new ServiceError('CONFIG_KEY', {
          got: 'a registration that the registrar did not sign',
        });
    }
    assertOwnKey(this.#shared.registrations, producer);
    const { committed } = await this.#begin();
    await committed;
  }

  /** @returns the notes that are in the draft now */
  #writeDue(): readonly Noted[] {
    if (this.#shared.own.isHeartbeatDue()) this.#end.writeOwn({ type: 'heartbeat' });
    if (this.#refusals.isDue) this.#refusals.write();
    const noted = this.#noted;
    this.#noted = [];
    for (const { notes } of noted) {
      for (const fields of notes.entries) this.#end.writeOwn(fields);
      this.#cursors.see(notes.stream, notes.from, notes.to)();
    }
    return noted;
  }

  async #begin(): Promise<{ committed: Promise<void> }> {
    const { transactions, ledger, draft } = this.#shared;
    await transactions.settled();
    const change = draft.take(this.#lease, ledger.takeChanges(), this.#cursors.take());
    if (change === null) return { committed: Promise.resolve() };
    const committed = transactions.begin(change).then(() => {
      this.#size = change.head.size;
    });
    return { committed };
  }
}

async function sharedOf(options: SequencerOptions, frontier: TreeFrontier): Promise<Shared> {
  const { store, genesis, producer, logger, clock = Date.now, newId } = options;
  const transactions = new Transactions(store);
  const ledger = new StreamLedger(transactions);
  const last = await ledger.newest(producer.name);
  const registrations = await Registrations.read(store, genesis);
  const logId = leafHash(genesis);
  return {
    transactions,
    registrations,
    ledger,
    own: new OwnStream(producer, logId, last, clock, newId),
    draft: new Draft(frontier),
    judge: new PromiseJudge(logId, registrations.keys),
    counts: noCounts(),
    logger,
    clock,
  };
}

function assertOwnKey(registrations: Registrations, producer: OwnProducer): void {
  const { name } = producer;
  const missing = neededTypes.find((type) => ownKeyOf(registrations, producer, type) === null);
  if (missing === undefined) return;
  const isThere = ownKeyOf(registrations, producer, null) !== null;
  throw new ServiceError('CONFIG_KEY', {
    got: isThere ? `a key that lacks ${missing}` : `no key of ${name}`,
    want: `a registered key of ${name} for ${neededTypes.join(', ')}`,
  });
}

/** The service's key as it is registered for a type; of any type where that is null. */
function ownKeyOf(
  { keys }: Registrations,
  { name, publicKey }: OwnProducer,
  type: string | null,
): RegisteredKey | null {
  const own = keys
    .coveringProducer(name)
    .filter(({ key, closes }) => key === toHex(publicKey) && closes === null);
  return own.find(({ types }) => type === null || types.includes(type)) ?? null;
}
