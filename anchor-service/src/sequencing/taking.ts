import { equalBytes, toHex } from '@showcause/core';
import type { Settle } from '../cursors.ts';
import { prevOf } from '../intake.ts';
import type { StreamMessage } from '../intake.ts';
import type { Position, SourceItem } from '../ports.ts';
import type { VerifiedPromise } from '../promise-book.ts';
import { PromiseBooks } from '../promise-books.ts';
import { coversSeq } from '../promise-judge.ts';
import type { LogEnd } from './log-end.ts';
import type { Placing } from './placing.ts';
import { positionOf } from './read-item.ts';
import type { ReadItem } from './read-item.ts';
import type { Refusals } from './refusals.ts';
import type { Shared } from './shared.ts';

export interface WaitingBounds {
  messages: number;
  bytes: number;
}

/** Takes items as they come: messages wait until their promise and the rest of its batch are there. */
export class Taking {
  readonly #shared: Shared;
  readonly #end: LogEnd;
  readonly #refusals: Refusals;
  readonly #placing: Placing;
  readonly #books: PromiseBooks;

  constructor(shared: Shared, end: LogEnd, refusals: Refusals, placing: Placing) {
    this.#shared = shared;
    this.#end = end;
    this.#refusals = refusals;
    this.#placing = placing;
    this.#books = new PromiseBooks(async (producer, epoch, seq) => {
      const leaf = await shared.ledger.leafAt({ producer, epoch, seq });
      return leaf === null ? null : { hash: leaf.hash, prev: prevOf(leaf.entry) };
    });
  }

  /** What waits for a promise. */
  get waiting(): { messages: number; bytes: number } {
    return this.#books.waiting;
  }

  /** Where an item may be, or end, what the log has already. */
  perhapsLogged(one: ReadItem): Position[] {
    const at = positionOf(one);
    return at !== null && this.#shared.ledger.mayHold(at) ? [at] : [];
  }

  /** Most items need nothing that is not at hand: a promise to wait for costs more than all the rest of such a step. */
  take({ item, read }: ReadItem, settle: Settle): Promise<void> | undefined {
    switch (read.kind) {
      case 'bad':
        return this.#refusals.reject(item, read.reason, settle);
      case 'promise':
        return this.#takePromise(item, settle);
      case 'registration':
        if (!this.#end.register(read)) return this.#refusals.reject(item, 'REGISTRATION', settle);
        return void settle();
      case 'stream':
        if (this.#shared.ledger.mayHold(read.message.position))
          return this.#takePerhapsLogged(item, read.message, settle);
        return this.#takeMessage(item, read.message, settle);
    }
  }

  /** A batch is over. Bounded memory: when too much waits for promises that do not come, the origin with most of it gives up its own. */
  async endBatch(most: WaitingBounds): Promise<void> {
    this.#books.own();
    for (;;) {
      const { messages, bytes } = this.#books.waiting;
      const tooMany = messages > most.messages;
      if (!tooMany && bytes <= most.bytes) return;
      for (const { item, settle } of this.#books.drainFullest(tooMany ? 'messages' : 'bytes'))
        await this.#refusals.reject(item, 'PENDING', settle);
    }
  }

  async #takePerhapsLogged(
    item: SourceItem,
    message: StreamMessage,
    settle: Settle,
  ): Promise<void> {
    const there = await this.#shared.ledger.hashAt(message.position);
    if (there !== null && equalBytes(there, message.hash)) return this.#refusals.duplicate(settle);
    await this.#takeMessage(item, message, settle);
  }

  #takeMessage(
    item: SourceItem,
    message: StreamMessage,
    settle: Settle,
  ): Promise<void> | undefined {
    const { producer } = message.position;
    let promise: VerifiedPromise | null = null;
    if (item.promise !== null) {
      const judged = this.#shared.judge.judge(item.promise, producer);
      if (typeof judged === 'string') return this.#refusals.reject(item, judged, settle);
      if (!coversSeq(judged, message)) return this.#refusals.reject(item, 'PROMISE', settle);
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
    await this.#placing.resolved(await book.behind({ epoch, seq }));
    await this.#placing.resolved(await book.complete(epoch));
    this.#books.close(item, producer);
  }

  async #takePromise(item: SourceItem, settle: Settle): Promise<void> {
    const producer = item.producer ?? '';
    const judged = this.#shared.judge.judge(item.bytes, producer);
    if (typeof judged === 'string') return this.#refusals.reject(item, judged, settle);
    const { epoch, firstSeq, count } = judged.signed.promise;
    // Read again after a restart: it was stored with its last entry.
    const last = await this.#shared.ledger.hashAt({ producer, epoch, seq: firstSeq + count - 1 });
    const book = this.#books.of(item, producer);
    if (last !== null && !book.isAwaited(judged)) settle();
    else {
      book.addPromise(judged, settle);
      await this.#placing.resolved(await book.complete(epoch));
    }
    this.#books.close(item, producer);
  }
}
