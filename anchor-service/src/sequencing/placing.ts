import { MAX_VERBATIM_BYTES, isHexOf, sha256, toBase64, toHex } from '@showcause/core';
import type { StreamMessage } from '../intake.ts';
import type { SourceItem } from '../ports.ts';
import type { Resolution, VerifiedPromise, Waiting } from '../promise-book.ts';
import type { Append, Hole } from '../stream-ledger.ts';
import { equivocationKey } from '../told.ts';
import type { Told } from '../told.ts';
import type { LogEnd } from './log-end.ts';
import type { Refusals } from './refusals.ts';
import type { Shared } from './shared.ts';

/** Puts messages whose promise is there at their places, and says in the log what does not fit there. */
export class Placing {
  readonly #shared: Shared;
  readonly #end: LogEnd;
  readonly #refusals: Refusals;
  /** those that the log tells already */
  readonly #told: Told['equivocations'] | undefined;

  constructor(shared: Shared, end: LogEnd, refusals: Refusals, told?: Told['equivocations']) {
    this.#shared = shared;
    this.#end = end;
    this.#refusals = refusals;
    this.#told = told;
  }

  async resolved({ proven, unproven }: Resolution): Promise<void> {
    for (const { promise, members } of proven) {
      for (const waiting of members) {
        const rest = this.#place(waiting, promise);
        if (rest !== undefined) await rest;
      }
      const { epoch, firstSeq, count } = promise.signed.promise;
      const { producer, bytes } = promise;
      this.#shared.draft.keepPromise({ producer, epoch, firstSeq, count, bytes });
    }
    for (const { item, settle } of unproven) await this.#refusals.reject(item, 'UNPROVEN', settle);
  }

  #place(waiting: Waiting, promise: VerifiedPromise): Promise<void> | undefined {
    const { item, message, settle } = waiting;
    const refusal = this.#shared.judge.refusal(message, promise);
    if (refusal !== null) return this.#refusals.reject(item, refusal, settle);
    const placement = this.#shared.ledger.placeNext(message);
    if (placement === null) return this.#placeElsewhere(waiting, promise);
    this.#appendPlaced(waiting, placement);
    return undefined;
  }

  async #placeElsewhere(waiting: Waiting, promise: VerifiedPromise): Promise<void> {
    const { item, message, settle } = waiting;
    const placement = await this.#shared.ledger.place(message);
    switch (placement.kind) {
      case 'duplicate':
        return this.#refusals.duplicate(settle);
      case 'fenced':
        return this.#refusals.reject(item, 'FENCED', settle);
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
    const { ledger, draft, counts, logger } = this.#shared;
    const leaf = this.#end.append(entry, hash, position);
    ledger.take(message, leaf);
    if (payload !== null && isHexOf(payload, sha256(sealed))) {
      if (sealed.length > 0) draft.keepSealed(leaf.index, sealed);
    } else if (payload !== null || sealed.length > 0) {
      // The entry was promised and stands; what came with it is not what it commits to.
      this.#refusals.keep({ ...item, bytes: sealed }, 'PAYLOAD');
      counts.quarantined++;
      logger.error({ ...position }, 'sealed payload is not the one committed to');
    }
  }

  async #equivocation(waiting: Waiting, promise: VerifiedPromise): Promise<void> {
    const { item, message, settle } = waiting;
    if (await this.#refusals.isQuarantined(item)) return this.#refusals.duplicate(settle);
    const { counts, logger } = this.#shared;
    counts.equivocations++;
    logger.error({ ...message.position }, 'second entry at a taken sequence number');
    const key = equivocationKey(message.position, toHex(message.hash));
    if (this.#told?.delete(key) !== true) await this.#tellEquivocation(message, promise);
    this.#refusals.keep(item, 'EQUIVOCATION');
    settle();
  }

  async #tellEquivocation(message: StreamMessage, promise: VerifiedPromise): Promise<void> {
    const { draft, transactions } = this.#shared;
    const before =
      draft.promiseOf(message.position) ?? (await transactions.promiseOf(message.position));
    const promises = [...(before === null ? [] : [before.bytes]), promise.bytes].map(toBase64);
    this.#end.writeOwn({
      type: 'equivocation',
      about: { ...message.position },
      leaf: toHex(message.hash),
      entry: message.entry.length > MAX_VERBATIM_BYTES ? null : toBase64(message.entry),
      promises,
    });
  }

  #chainBreak({ position }: StreamMessage): void {
    this.#shared.counts.chainBreaks++;
    this.#shared.logger.error({ ...position }, 'entry does not follow the one before it');
  }

  #announce(hole: Hole): void {
    this.#shared.counts.holes++;
    this.#shared.logger.warn({ ...hole }, 'producer skipped sequence numbers');
    this.#end.writeOwn({ type: 'streamGap', about: { ...hole } });
    this.#shared.ledger.announce(hole);
  }
}
