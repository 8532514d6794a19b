import {
  MAX_VERBATIM_BYTES,
  TreeFrontier,
  equalBytes,
  isHexOf,
  leafHash,
  sha256,
  toBase64,
  toHex,
} from '@showcause/core';
import { CursorTracker } from './cursors.ts';
import type { Settle } from './cursors.ts';
import { Draft } from './draft.ts';
import { ServiceError } from './errors.ts';
import type { QuarantineReason } from './errors.ts';
import { prevOf, readMessage, readRegistration } from './intake.ts';
import type { Read, StreamMessage } from './intake.ts';
import { OwnStream, ownTypes } from './own-stream.ts';
import type { OwnFields, OwnLeaf, OwnProducer } from './own-stream.ts';
import type { Leaf, Logger, Position, SourceItem, Store } from './ports.ts';
import type { Resolution, VerifiedPromise, Waiting } from './promise-book.ts';
import { PromiseBooks } from './promise-books.ts';
import { PromiseJudge, coversSeq } from './promise-judge.ts';
import { QuarantineRoom, UnplacedItems } from './quarantine.ts';
import { Registrations } from './registrations.ts';
import type { Registration } from './registrations.ts';
import { StreamLedger } from './stream-ledger.ts';
import type { Append, Hole } from './stream-ledger.ts';
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
  /** Raw bytes that are kept in quarantine, all together. */
  maxQuarantineBytes?: number;
}

export interface SequencerCounts {
  leaves: number;
  duplicates: number;
  equivocations: number;
  holes: number;
  chainBreaks: number;
  quarantined: number;
}

const DEFAULT_MAX_WAITING_MESSAGES = 65_536;
const DEFAULT_MAX_WAITING_BYTES = 256 * 1024 * 1024;

/** What the store holds when a sequencer starts. */
interface Start {
  lease: number;
  transactions: Transactions;
  frontier: TreeFrontier;
  registrations: Registrations;
  ledger: StreamLedger;
  own: OwnStream;
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
  readonly #transactions: Transactions;
  readonly #registrations: Registrations;
  readonly #ledger: StreamLedger;
  readonly #own: OwnStream;
  readonly #draft: Draft;
  readonly #judge: PromiseJudge;
  readonly #books: PromiseBooks;
  readonly #cursors = new CursorTracker();
  readonly #room: QuarantineRoom;
  readonly #unplaced: UnplacedItems;
  /** committed */
  #size: number;
  readonly #counts: SequencerCounts = {
    leaves: 0,
    duplicates: 0,
    equivocations: 0,
    holes: 0,
    chainBreaks: 0,
    quarantined: 0,
  };

  private constructor(options: SequencerOptions, start: Start) {
    this.#options = options;
    this.#logId = leafHash(options.genesis);
    this.#lease = start.lease;
    this.#transactions = start.transactions;
    this.#size = start.frontier.size;
    this.#registrations = start.registrations;
    this.#ledger = start.ledger;
    this.#own = start.own;
    this.#room = start.room;
    this.#unplaced = new UnplacedItems(options.opaqueIntervalMs);
    this.#draft = new Draft(start.frontier);
    this.#judge = new PromiseJudge(this.#logId, start.registrations.keys);
    this.#books = new PromiseBooks(async (producer, epoch, seq) => {
      const leaf = await start.ledger.leafAt({ producer, epoch, seq });
      return leaf === null ? null : { hash: leaf.hash, prev: prevOf(leaf.entry) };
    });
  }

  /**
   * Takes the store's lease and goes on where it ends; an empty store gets genesis and the registrations.
   * @throws {ServiceError} `CONFIG_GENESIS`, `CONFIG_KEY`, `STORE_*`
   */
  static async start(
    options: SequencerOptions,
    registrations: readonly Uint8Array[] = [],
  ): Promise<Sequencer> {
    const { store, genesis, producer } = options;
    const lease = await store.takeLease();
    const head = await store.head();
    const [first] = await store.leaves(0, 1);
    if (first !== undefined && !equalBytes(first.entry, genesis))
      throw new ServiceError('CONFIG_GENESIS', { got: 'the store of another log' });
    const transactions = new Transactions(store);
    const ledger = new StreamLedger(transactions);
    const last = await ledger.newest(producer.name);
    const { clock = Date.now, newId } = options;
    const sequencer = new Sequencer(options, {
      lease,
      transactions,
      frontier: TreeFrontier.from(head.size, head.peaks),
      registrations: await Registrations.read(store, genesis),
      ledger,
      own: new OwnStream(producer, leafHash(genesis), last, clock, newId),
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
    return this.#counts;
  }

  /** What waits for a promise. */
  get waiting(): { messages: number; bytes: number } {
    return this.#books.waiting;
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
    const read = items.map((item) => ({ item, read: readItem(item) }));
    await this.#ledger.recall(read.flatMap((one) => this.#perhapsLogged(one)));
    for (const one of read) {
      const rest = this.#take(one);
      if (rest !== undefined) await rest;
    }
    this.#books.own();
    await this.#checkBounds();
    this.#writeDue();
    return this.#begin();
  }

  /** Whether something has to be written though nothing came. */
  get isDue(): boolean {
    return this.#own.isHeartbeatDue() || this.#unplaced.isDue(this.#now());
  }

  /** Writes what is due though nothing came: the service's own heartbeat, what could not be placed. @returns whether it did */
  async tick(): Promise<boolean> {
    if (!this.isDue) return false;
    await this.process([]);
    return true;
  }

  /** Says what is left to say and ends the service's own epoch, signed. */
  async close(): Promise<void> {
    this.#writeUnplaced();
    this.#takeOwn(this.#own.end());
    const { committed } = await this.#begin();
    await committed;
  }

  #now(): number {
    return (this.#options.clock ?? Date.now)();
  }

  async #open(isEmpty: boolean, registrations: readonly Uint8Array[]): Promise<void> {
    const { genesis, producer } = this.#options;
    if (isEmpty) this.#append(genesis, leafHash(genesis), null);
    for (const bytes of registrations) {
      const read = readRegistration(localItem(bytes));
      if (read.kind !== 'registration' || !this.#register(read))
        throw new ServiceError('CONFIG_KEY', {
          got: 'a registration that the registrar did not sign',
        });
    }
    const own = this.#registrations.keys
      .coveringProducer(producer.name)
      .find(({ key, closes }) => key === toHex(producer.publicKey) && closes === null);
    const missing = ownTypes.find((type) => !(own?.types.includes(type) ?? false));
    if (missing !== undefined)
      throw new ServiceError('CONFIG_KEY', {
        got: own === undefined ? `no key of ${producer.name}` : `a key that lacks ${missing}`,
        want: `a registered key of ${producer.name} for ${ownTypes.join(', ')}`,
      });
    const { committed } = await this.#begin();
    await committed;
  }

  /** Where an item may be, or end, what the log has already. */
  #perhapsLogged({ item, read }: ReadItem): Position[] {
    const at = read.kind === 'stream' ? read.message.position : lastOf(item, read);
    return at !== null && this.#ledger.mayHold(at) ? [at] : [];
  }

  /** Most items need nothing that is not at hand: a promise to wait for costs more than all the rest of such a step. */
  #take({ item, read }: ReadItem): Promise<void> | undefined {
    const settle = this.#cursors.see(item.stream, item.from, item.to);
    switch (read.kind) {
      case 'bad':
        return this.#reject(item, read.reason, settle);
      case 'promise':
        return this.#takePromise(item, settle);
      case 'registration':
        if (!this.#register(read)) return this.#reject(item, 'REGISTRATION', settle);
        return void settle();
      case 'stream':
        if (this.#ledger.mayHold(read.message.position))
          return this.#takePerhapsLogged(item, read.message, settle);
        return this.#takeMessage(item, read.message, settle);
    }
  }

  async #takePerhapsLogged(
    item: SourceItem,
    message: StreamMessage,
    settle: Settle,
  ): Promise<void> {
    const there = await this.#ledger.hashAt(message.position);
    if (there !== null && equalBytes(there, message.hash)) return this.#duplicate(settle);
    await this.#takeMessage(item, message, settle);
  }

  /** A message waits until its promise and the rest of its batch are there. */
  #takeMessage(
    item: SourceItem,
    message: StreamMessage,
    settle: Settle,
  ): Promise<void> | undefined {
    const { producer } = message.position;
    let promise: VerifiedPromise | null = null;
    if (item.promise !== null) {
      const judged = this.#judge.judge(item.promise, producer);
      if (typeof judged === 'string') return this.#reject(item, judged, settle);
      if (!coversSeq(judged, message)) return this.#reject(item, 'PROMISE', settle);
      promise = judged;
    }
    const book = this.#books.of(item, producer);
    if (promise !== null) book.addPromise(promise);
    book.add({ item, message, promise: promise && toHex(promise.bytes), settle });
    return book.hasOpenPromise ? this.#resolve(item, message.position) : undefined;
  }

  /** Older promises first, while this message is there to name the one before it. */
  async #resolve(item: SourceItem, { producer, epoch, seq }: Position): Promise<void> {
    const book = this.#books.of(item, producer);
    await this.#resolved(await book.behind({ epoch, seq }));
    await this.#resolved(await book.complete(epoch));
    this.#books.close(item, producer);
  }

  async #takePromise(item: SourceItem, settle: Settle): Promise<void> {
    const producer = item.producer ?? '';
    const judged = this.#judge.judge(item.bytes, producer);
    if (typeof judged === 'string') return this.#reject(item, judged, settle);
    const { epoch, firstSeq, count } = judged.signed.promise;
    // Read again after a restart: it was stored with its last entry.
    const last = await this.#ledger.hashAt({ producer, epoch, seq: firstSeq + count - 1 });
    const book = this.#books.of(item, producer);
    if (last !== null && !book.isAwaited(judged)) settle();
    else {
      book.addPromise(judged, settle);
      await this.#resolved(await book.complete(epoch));
    }
    this.#books.close(item, producer);
  }

  async #resolved({ proven, unproven }: Resolution): Promise<void> {
    for (const { promise, members } of proven) {
      for (const waiting of members) {
        const rest = this.#place(waiting, promise);
        if (rest !== undefined) await rest;
      }
      const { epoch, firstSeq, count } = promise.signed.promise;
      const { producer, bytes } = promise;
      this.#draft.keepPromise({ producer, epoch, firstSeq, count, bytes });
    }
    for (const { item, settle } of unproven) await this.#reject(item, 'UNPROVEN', settle);
  }

  #place(waiting: Waiting, promise: VerifiedPromise): Promise<void> | undefined {
    const { item, message, settle } = waiting;
    const refusal = this.#judge.refusal(message, promise);
    if (refusal !== null) return this.#reject(item, refusal, settle);
    const placement = this.#ledger.placeNext(message);
    if (placement === null) return this.#placeElsewhere(waiting, promise);
    this.#appendPlaced(waiting, placement);
    return undefined;
  }

  async #placeElsewhere(waiting: Waiting, promise: VerifiedPromise): Promise<void> {
    const { item, message, settle } = waiting;
    const placement = await this.#ledger.place(message);
    switch (placement.kind) {
      case 'duplicate':
        return this.#duplicate(settle);
      case 'fenced':
        return this.#reject(item, 'FENCED', settle);
      case 'taken':
        return this.#equivocation(waiting, promise);
      case 'append':
        return this.#appendPlaced(waiting, placement);
    }
  }

  #appendPlaced({ item, message, settle }: Waiting, { holes, broken }: Append): void {
    for (const hole of holes) this.#announce(hole);
    if (broken) this.#chainBreak(message);
    this.#appendMessage(item, message);
    settle();
  }

  #appendMessage(item: SourceItem, message: StreamMessage): void {
    const { entry, hash, position, sealed, payload } = message;
    const leaf = this.#append(entry, hash, position);
    this.#ledger.take(message, leaf);
    if (payload !== null && isHexOf(payload, sha256(sealed))) {
      if (sealed.length > 0) this.#draft.keepSealed(leaf.index, sealed);
    } else if (payload !== null || sealed.length > 0) {
      // The entry was promised and stands; what came with it is not what it commits to.
      this.#draft.quarantine(this.#room.row({ ...item, bytes: sealed }, 'PAYLOAD'));
      this.#counts.quarantined++;
      this.#options.logger.error({ ...position }, 'sealed payload is not the one committed to');
    }
  }

  async #equivocation(waiting: Waiting, promise: VerifiedPromise): Promise<void> {
    const { item, message, settle } = waiting;
    if (await this.#isQuarantined(item)) return this.#duplicate(settle);
    this.#counts.equivocations++;
    this.#options.logger.error({ ...message.position }, 'second entry at a taken sequence number');
    const before =
      this.#draft.promiseOf(message.position) ??
      (await this.#transactions.promiseOf(message.position));
    const promises = [...(before === null ? [] : [before.bytes]), promise.bytes].map(toBase64);
    this.#writeOwn({
      type: 'equivocation',
      about: { ...message.position },
      leaf: message.hex,
      entry: message.entry.length > MAX_VERBATIM_BYTES ? null : toBase64(message.entry),
      promises,
    });
    this.#draft.quarantine(this.#room.row(item, 'EQUIVOCATION'));
    settle();
  }

  #chainBreak({ position }: StreamMessage): void {
    this.#counts.chainBreaks++;
    this.#options.logger.error({ ...position }, 'entry does not follow the one before it');
  }

  #announce(hole: Hole): void {
    this.#counts.holes++;
    this.#options.logger.warn({ ...hole }, 'producer skipped sequence numbers');
    this.#writeOwn({ type: 'streamGap', about: { ...hole } });
    this.#ledger.announce(hole);
  }

  #writeDue(): void {
    if (this.#own.isHeartbeatDue()) this.#writeOwn({ type: 'heartbeat' });
    if (this.#unplaced.isDue(this.#now())) this.#writeUnplaced();
  }

  #writeOwn(fields: OwnFields): void {
    this.#takeOwn(this.#own.write(fields));
  }

  #takeOwn(leaves: readonly OwnLeaf[]): void {
    for (const { entry, hash, position, signed } of leaves)
      this.#ledger.take({ position, signed }, this.#append(entry, hash, position));
  }

  #writeUnplaced(): void {
    const { rows, entries } = this.#unplaced.take(this.#now());
    for (const row of rows) this.#draft.quarantine(row);
    for (const opaque of entries) this.#writeOwn(opaque);
  }

  /** @returns false when the registrar did not sign it */
  #register({ bytes, entry }: Registration): boolean {
    const hash = leafHash(bytes);
    const verdict = this.#registrations.judge(entry, hash);
    if (verdict === 'new') {
      this.#append(bytes, hash, null);
      if (entry.type === 'key') this.#judge.forget();
    }
    if (verdict === 'duplicate') this.#counts.duplicates++;
    return verdict !== 'unsigned';
  }

  #append(entry: Uint8Array, hash: Uint8Array, position: Leaf['position']): Leaf {
    this.#counts.leaves++;
    return this.#draft.append(entry, hash, position);
  }

  #duplicate(settle: Settle): void {
    this.#counts.duplicates++;
    settle();
  }

  async #reject(item: SourceItem, reason: QuarantineReason, settle: Settle): Promise<void> {
    if (await this.#isQuarantined(item)) return this.#duplicate(settle);
    const { stream, from } = item;
    const isNew = this.#unplaced.add(item, () => this.#room.row(item, reason), settle);
    if (!isNew) return void this.#counts.duplicates++;
    this.#counts.quarantined++;
    this.#options.logger.error({ stream, from, reason }, 'kept in quarantine');
  }

  #isQuarantined({ stream, from }: SourceItem): Promise<boolean> {
    return this.#transactions.isQuarantined(stream, from);
  }

  /** Bounded memory: when too much waits for promises that do not come, the origin with most of it gives up its own. */
  async #checkBounds(): Promise<void> {
    const {
      maxWaitingMessages = DEFAULT_MAX_WAITING_MESSAGES,
      maxWaitingBytes = DEFAULT_MAX_WAITING_BYTES,
    } = this.#options;
    for (;;) {
      const { messages, bytes } = this.#books.waiting;
      const tooMany = messages > maxWaitingMessages;
      if (!tooMany && bytes <= maxWaitingBytes) return;
      for (const { item, settle } of this.#books.drainFullest(tooMany ? 'messages' : 'bytes'))
        await this.#reject(item, 'PENDING', settle);
    }
  }

  async #begin(): Promise<{ committed: Promise<void> }> {
    await this.#transactions.settled();
    const epochs = this.#ledger.takeChanges();
    const change = this.#draft.take(this.#lease, epochs, this.#cursors.take());
    if (change === null) return { committed: Promise.resolve() };
    const committed = this.#transactions.begin(change).then(() => {
      this.#size = change.head.size;
    });
    return { committed };
  }
}

interface ReadItem {
  item: SourceItem;
  read: Read | { kind: 'promise' };
}

function readItem(item: SourceItem): ReadItem['read'] {
  switch (item.kind) {
    case 'broken':
      return { kind: 'bad', reason: item.reason ?? 'MALFORMED' };
    case 'promise':
      return { kind: 'promise' };
    case 'registration':
      return readRegistration(item);
    case 'message':
      return readMessage(item);
  }
}

/** The position that a promise says it ends at: its record says so too, and is only looked up. */
function lastOf({ producer, epoch, seq }: SourceItem, { kind }: ReadItem['read']): Position | null {
  const isPlaced = kind === 'promise' && producer !== null && epoch !== null && seq !== null;
  return isPlaced ? { producer, epoch, seq } : null;
}

function localItem(bytes: Uint8Array): SourceItem {
  return {
    stream: 'local',
    from: 0,
    to: 0,
    kind: 'registration',
    bytes,
    promise: null,
    producer: null,
    epoch: null,
    seq: null,
  };
}
