import { concatBytes, encodeEntry, streamMessage } from '@showcause/core';
import type { KnownEntry, SignedPromise } from '@showcause/core';
import { p256Signer } from '@showcause/core/node';
import { AuditError, reportOf } from '../errors.ts';
import type { DecisionFacts } from '../record/container.ts';
import { signedEntry } from '../record/entries.ts';
import type { Position } from '../record/entries.ts';
import type { SealAnswer } from '../record/messages.ts';
import { wholeSeconds } from '../record/values.ts';
import { indexKindOf } from '../spool/decision-index.ts';
import type { Disk } from '../spool/disk.ts';
import type { RoomStatus } from '../spool/room.ts';
import { SegmentWriter } from '../spool/segment-writer.ts';
import type { StreamEnd } from '../spool/state.ts';
import type { BatchTree } from './batch.ts';
import { Uncovered, promiseRecord } from './commit.ts';
import type { PromiseMaker } from './commit.ts';
import type { SealingConfig } from './config.ts';
import { GroupBuffer } from './group.ts';
import type { GroupPlace } from './group.ts';
import { randomId } from './random.ts';
import { receiptHeader } from './receipt-header.ts';
import type { SealedRecord } from './seal.ts';
import type { EpochStart } from './start.ts';
import { Stream } from './stream.ts';
import type { StreamMark } from './stream.ts';

export interface EnginePorts {
  disk: Disk;
  now: () => number;
  /** ms by a clock that nobody sets; that of the runtime by default */
  uptime?: () => number;
}

/** An intent whose decision could not be written: it is owed one that says so. */
export interface OwedIntent {
  /** hex */
  leaf: string;
  facts: DecisionFacts;
  call: number | null;
}

/** What an entry brings besides its bytes. */
export interface Errand {
  /** whom to answer */
  ref?: number;
  /** under which decision the index finds it */
  decisionId?: string;
  /** the intent that this decision closes */
  closes?: OwedIntent;
  /** called once the entry is durable */
  done?: () => void;
}

/** An entry that waits for the group commit. */
interface Waiting {
  seq: number;
  place: GroupPlace;
  sealed: SealedRecord | null;
  errand: Errand;
}

/** A group that is written and waits for its sync. */
interface Flight {
  group: readonly Waiting[];
  bytes: GroupBuffer;
  promised: { signed: SignedPromise; tree: BatchTree } | null;
  /** where the stream stands behind it */
  mark: StreamMark;
  extent: { firstSeq: number; offset: number; batchOffset: number };
  started: number;
}

/** What became of a group commit. */
export interface Committed {
  answers: SealAnswer[];
  /** leaves (hex) that never became durable, and the durable intents whose decisions were among them */
  failed: { lost: ReadonlySet<string>; owed: OwedIntent[] } | null;
}

/** Above this many uncovered entries a commit of intents alone is promised too. */
const MOST_UNCOVERED = 1024;
const NOTHING = new Uint8Array(0);

/**
 * One epoch's stream on disk. Entries get their place when they are added; a commit writes all that
 * wait, and one promise over them, under one fdatasync. Nothing is answered before it returns. While
 * one runs the next group gathers; there is no timer.
 */
export class Journal {
  readonly #config: SealingConfig;
  readonly #now: () => number;
  readonly #start: EpochStart;
  readonly #promise: PromiseMaker;
  readonly #sign: (position: Position) => Uint8Array;
  readonly #writer: SegmentWriter;
  readonly #stream: Stream;
  readonly #uncovered = new Uncovered();
  #group = new GroupBuffer();
  #spare = new GroupBuffer();
  #flight: Flight | null = null;
  #waiting: Waiting[] = [];
  /** where the stream is durable */
  #mark: StreamMark;
  #full = false;
  #lastCommitMs = 0;

  /** Begins the first segment of the epoch with its registrations. */
  constructor(config: SealingConfig, ports: EnginePorts, start: EpochStart, promise: PromiseMaker) {
    this.#config = config;
    this.#now = ports.now;
    this.#start = start;
    this.#promise = promise;
    const sign = p256Signer(config.producerKey);
    this.#sign = (position) => sign(streamMessage(config.logId, start.keyId, position));
    this.#stream = new Stream(config.producer, start.epoch, start.previous?.leaf ?? '0'.repeat(64));
    this.#mark = this.#stream.mark();
    this.#writer = new SegmentWriter(ports.disk, config.spoolDir, config, () => start.checkLock());
    try {
      this.#beginSegment();
      this.#writer.write(concatBytes(...start.registrations));
      this.#writer.sync();
    } catch (error) {
      this.#writer.close();
      throw error;
    }
  }

  /** seq of the newest durable entry, -1 before the first */
  get durableSeq(): number {
    return this.#mark.seq - 1;
  }
  /** seq of the newest entry that was added and not refused since */
  get addedSeq(): number {
    return this.#stream.next.seq - 1;
  }
  /** the newest durable entry */
  get end(): StreamEnd {
    return { epoch: this.#stream.epoch, seq: this.durableSeq, leaf: this.#mark.prev };
  }
  get poisoned(): boolean {
    return this.#writer.poisoned;
  }
  get poison(): string | null {
    return this.#writer.poison;
  }
  get full(): boolean {
    return this.#full || this.#writer.isLow;
  }
  get room(): RoomStatus {
    return this.#writer.room;
  }
  get spoolBytes(): number {
    return this.#writer.totalBytes;
  }
  get lastCommitMs(): number {
    return this.#lastCommitMs;
  }

  /** @returns the entry's leaf hash, hex */
  addSealed(sealed: SealedRecord, intent: string | null, errand: Errand): string {
    const time = wholeSeconds(this.#now());
    const entry = sealed.entry(this.#stream.next, time, this.#config.deployment, intent);
    return this.#add(entry, sealed, errand);
  }

  /** An entry that the producer signs: stream, heartbeat, gap. */
  addSigned(
    errand: Errand,
    make: (base: { v: 1; id: string; time: string; sig: string } & Position) => KnownEntry,
  ): void {
    const body = { type: '', id: randomId(), time: wholeSeconds(this.#now()) };
    const signed = signedEntry(body, this.#stream.next, this.#sign);
    this.#add(encodeEntry(make(signed)), null, errand);
  }

  /** True while a group waits for its sync: the next one gathers meanwhile. */
  get busy(): boolean {
    return this.#flight !== null;
  }

  /** Commits all that waits; durable on return. */
  commit(): Committed {
    const refused = this.#launch();
    if (this.#flight === null) return refused;
    try {
      this.#writer.sync();
      return this.#land(null);
    } catch (error) {
      return this.#land(error);
    }
  }

  /** The same without waiting for the disk. @param done  called at once when nothing is to be synced */
  commitLater(done: (committed: Committed) => void): void {
    const refused = this.#launch();
    if (this.#flight === null) return done(refused);
    this.#writer.syncLater((error) => done(this.#land(error)));
  }

  /** From here on only what closes the stream is added: on a full disk it may use the reserve. */
  beginClosing(): void {
    this.#writer.beginClosing();
  }

  close(): void {
    this.#writer.close();
  }

  #add(entry: string | Uint8Array, sealed: SealedRecord | null, errand: Errand): string {
    const { seq } = this.#stream.next;
    const place = this.#group.message(seq, entry, sealed?.sealed ?? NOTHING);
    this.#stream.advance(place.leaf);
    this.#waiting.push({ seq, place, sealed, errand });
    return place.leaf;
  }

  /** Writes all that waits; `#flight` holds it until its sync. What could not be written comes back refused. */
  #launch(): Committed {
    const group = this.#waiting;
    if (this.#flight !== null) throw new TypeError('a group is on its way already');
    if (group.length === 0) return { answers: [], failed: null };
    this.#waiting = [];
    const covered = this.#uncovered.count;
    try {
      this.#flight = this.#write(group);
      [this.#group, this.#spare] = [this.#spare, this.#group];
      return { answers: [], failed: null };
    } catch (error) {
      this.#group.clear();
      return this.#abandon(group, covered, error);
    }
  }

  #write(group: readonly Waiting[]): Flight {
    const started = performance.now();
    if (this.#writer.full && this.#uncovered.count === 0) this.#beginSegment();
    const { firstSeq, offset } = this.#writer.position;
    for (const { seq, place } of group) this.#uncovered.add(seq, place.leaf, offset + place.at);
    const { batchOffset } = this.#uncovered;
    const due = group.some(needsPromise) || this.#uncovered.count > MOST_UNCOVERED;
    const promised = due ? this.#promiseAll() : null;
    const bytes = this.#group;
    this.#writer.admit(bytes.length);
    this.#start.keys.flush();
    this.#writer.write(bytes.bytes());
    const extent = { firstSeq, offset, batchOffset };
    return { group, bytes, promised, mark: this.#stream.mark(), extent, started };
  }

  /** The sync of the group in flight has returned. */
  #land(error: unknown): Committed {
    const { group, bytes, promised, mark, extent, started } = this.#flight!;
    this.#flight = null;
    try {
      if (error !== null) return this.#abandonAll(group, error);
      this.#mark = mark;
      this.#full = false;
      if (promised !== null) this.#uncovered.clear();
      this.#indexAll(group, extent);
      for (const { errand } of group) errand.done?.();
      return { answers: group.flatMap((one) => answerOf(one, bytes, promised)), failed: null };
    } finally {
      bytes.clear();
      this.#lastCommitMs = performance.now() - started;
    }
  }

  /** After a failed sync nothing may be written any more: what gathered meanwhile is refused too. */
  #abandonAll(group: readonly Waiting[], error: unknown): Committed {
    const gathered = this.#waiting;
    this.#waiting = [];
    this.#group.clear();
    return this.#abandon([...group, ...gathered], 0, error);
  }

  #promiseAll(): NonNullable<Flight['promised']> {
    const { firstSeq, leaves } = this.#uncovered;
    const promised = this.#promise(this.#stream.epoch, firstSeq, leaves);
    this.#group.append(promiseRecord(promised.signed));
    return promised;
  }

  #indexAll(group: readonly Waiting[], extent: Flight['extent']): void {
    const { index } = this.#start;
    for (const { seq, place, sealed, errand } of group) {
      if (errand.decisionId === undefined || sealed === null) continue;
      index.add({
        decisionId: errand.decisionId,
        kind: indexKindOf(sealed.type),
        keyOrdinal: sealed.keyOrdinal,
        epoch: this.#stream.epoch,
        firstSeq: extent.firstSeq,
        seq,
        offset: extent.offset + place.at,
        batchOffset: extent.batchOffset,
      });
    }
    try {
      index.flush();
    } catch {
      // Derived: what it lacks is written later or rebuilt. What is durable is durable.
    }
  }

  /** Nothing of the group was released or promised to anybody, so its places are free again. */
  #abandon(group: readonly Waiting[], covered: number, error: unknown): Committed {
    this.#uncovered.rewind(covered);
    this.#stream.rewind(this.#mark);
    const refused = reportOf(error);
    this.#full = error instanceof AuditError && error.code === 'SPOOL_FULL';
    const lost = new Set(group.map(({ place }) => place.leaf));
    const owed = group.flatMap(({ errand: { closes } }) =>
      closes === undefined || lost.has(closes.leaf) ? [] : [closes],
    );
    const answers = group.flatMap(({ errand: { ref } }) =>
      ref === undefined ? [] : [{ ref, refused }],
    );
    return { answers, failed: { lost, owed } };
  }

  #beginSegment(): void {
    this.#writer.begin({
      logId: this.#config.logId,
      keyId: this.#start.keyId,
      epoch: this.#stream.epoch,
      firstSeq: this.#mark.seq,
      prev: Buffer.from(this.#mark.prev, 'hex'),
      producer: this.#config.producer,
    });
  }
}

function answerOf(
  { seq, place, sealed, errand: { ref } }: Waiting,
  bytes: GroupBuffer,
  promised: Flight['promised'],
): SealAnswer[] {
  if (ref === undefined) return [];
  const opening = sealed?.opening ?? null;
  if (opening === null || promised === null) return [{ ref, seq, header: null }];
  const { signed, tree } = promised;
  const index = seq - signed.promise.firstSeq;
  const entry = bytes.entry(place);
  return [{ ref, seq, header: receiptHeader(signed, index, tree.path(index), entry, opening) }];
}

/** A commit of intents alone needs no promise of its own: the next one covers them. */
function needsPromise({ sealed }: Waiting): boolean {
  return sealed?.type !== 'intent';
}
