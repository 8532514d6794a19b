import {
  encodeEntry,
  formatSignature,
  leafHash,
  producerKeyId,
  streamMessage,
  toHex,
} from '@showcause/core';
import type { Hash, KnownEntry, StreamedEntry } from '@showcause/core';
import { hashOf } from './stream-ledger.ts';
import type { EpochState, Position } from './ports.ts';

/** The service is a producer of its own: what it finds out becomes entries that it signs. */
export interface OwnProducer {
  name: string;
  /** P-256 x ‖ y, 64 bytes */
  publicKey: Uint8Array;
  /** P-256 over SHA-256(message), r ‖ s, low s, 64 bytes */
  sign(message: Uint8Array): Uint8Array;
}

/** What the service declares: it writes when something happens, and once a day when nothing does. */
export const OWN_HEARTBEAT_SECONDS = 86_400;

/** Types that the service's key must list. */
export const neededTypes = ['stream', 'heartbeat', 'streamGap', 'equivocation', 'opaque'] as const;
/** Types that the service writes. Keys from before there were contracts to govern may lack the last. */
export const ownTypes = [...neededTypes, 'governance'] as const;

type OwnEntry<T extends (typeof ownTypes)[number]> = Extract<StreamedEntry, { type: T }>;
/** The members that are not the stream's own. */
export type OwnFields =
  | Pick<OwnEntry<'streamGap'>, 'type' | 'about'>
  | Pick<OwnEntry<'equivocation'>, 'type' | 'about' | 'leaf' | 'entry' | 'promises'>
  | Pick<OwnEntry<'opaque'>, 'type' | 'source' | 'from' | 'to' | 'count' | 'root'>
  | Pick<OwnEntry<'governance'>, 'type' | 'at' | 'event'>
  | Pick<OwnEntry<'heartbeat'>, 'type'>;

type Boundary = Pick<
  OwnEntry<'stream'>,
  'type' | 'event' | 'key' | 'previous' | 'heartbeatSeconds'
>;

export interface OwnLeaf {
  entry: Uint8Array;
  hash: Hash;
  position: Position;
  signed: KnownEntry;
}

/**
 * The service's own stream. Each process begins an epoch of its own, with its first entry and not before: a service
 * that has nothing to say leaves no trace.
 */
export class OwnStream {
  readonly #producer: OwnProducer;
  readonly #logId: Uint8Array;
  readonly #clock: () => number;
  readonly #newId: () => string;
  #last: EpochState | null;
  #epoch: number | null = null;
  #lastTime: number;
  #previous: OwnEntry<'stream'>['previous'] = null;

  /**
   * @param last  newest epoch of this producer in the log
   * @param clock  Unix milliseconds
   * @param newId  hex, 16 random bytes
   */
  constructor(
    producer: OwnProducer,
    logId: Uint8Array,
    last: EpochState | null,
    clock: () => number,
    newId: () => string,
  ) {
    this.#producer = producer;
    this.#logId = logId;
    this.#last = last;
    this.#clock = clock;
    this.#newId = newId;
    this.#lastTime = clock();
  }

  /** Whether it wrote before and a heartbeat is due. */
  isHeartbeatDue(): boolean {
    // A clock that was set back must not silence it.
    const quiet = Math.abs(this.#clock() - this.#lastTime);
    return this.#last !== null && quiet >= OWN_HEARTBEAT_SECONDS * 1000;
  }

  /** The entry, with the start of the epoch before it where this is the first. */
  write(fields: OwnFields): OwnLeaf[] {
    const leaves: OwnLeaf[] = [];
    if (this.#epoch === null) leaves.push(this.#start());
    leaves.push(this.#next(fields));
    return leaves;
  }

  /** The signed end of the epoch; none where the epoch never began. Whatever is written later begins another. */
  end(): OwnLeaf[] {
    if (this.#epoch === null) return [];
    const leaf = this.#next(this.#boundary('end'));
    this.#epoch = null;
    return [leaf];
  }

  #start(): OwnLeaf {
    const last = this.#last;
    const epoch = Math.max((last?.epoch ?? -1) + 1, this.#clock());
    this.#previous =
      last === null || last.leaf === null
        ? null
        : { epoch: last.epoch, seq: last.seq, leaf: toHex(last.leaf) };
    this.#epoch = epoch;
    return this.#next(this.#boundary('start'));
  }

  #boundary(event: 'start' | 'end'): Boundary {
    return {
      type: 'stream',
      event,
      key: toHex(producerKeyId(this.#producer.publicKey)),
      previous: this.#previous,
      heartbeatSeconds: OWN_HEARTBEAT_SECONDS,
    };
  }

  #next(fields: OwnFields | Boundary): OwnLeaf {
    const epoch = this.#epoch!;
    const seq = this.#last?.epoch === epoch ? this.#last.seq + 1 : 0;
    const prev = hashOf(this.#last?.leaf ?? null);
    const { name, publicKey } = this.#producer;
    const message = streamMessage(this.#logId, producerKeyId(publicKey), { epoch, seq, prev });
    const signed = {
      v: 1,
      id: this.#newId(),
      time: new Date(this.#clock()).toISOString().replace(/\.\d+Z$/, 'Z'),
      producer: name,
      epoch,
      seq,
      prev,
      sig: formatSignature(this.#producer.sign(message)),
      ...fields,
    } as KnownEntry;
    const entry = encodeEntry(signed);
    const hash = leafHash(entry);
    this.#last = { producer: name, epoch, seq, leaf: hash, closedAt: null };
    this.#lastTime = this.#clock();
    return { entry, hash, position: { producer: name, epoch, seq }, signed };
  }
}
