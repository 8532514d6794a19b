import { concatBytes, encodeReceiptHeader, streamMessage, toHex } from '@showcause/core';
import type { Hash, KnownEntry, SignedPromise } from '@showcause/core';
import { p256Signer } from '@showcause/core/node';
import { AuditError, reportOf } from '../errors.ts';
import { KeyStore } from '../keystore/keystore.ts';
import type { SubjectKey } from '../keystore/keystore.ts';
import { decisionText, followupText, intentText, refusedText, standingTexts, unknownText } from '../record/container.ts';
import type { DecisionFacts } from '../record/container.ts';
import type { ClaimTexts, RecordText } from '../record/record-text.ts';
import { signedEntry } from '../record/entries.ts';
import type { Position } from '../record/entries.ts';
import type {
  DecisionMessage,
  FollowupMessage,
  IntentMessage,
  SealAnswer,
  SealMessage,
} from '../record/messages.ts';
import { wholeSeconds } from '../record/values.ts';
import { DecisionIndex, INDEX_DECISION, INDEX_FOLLOWUP } from '../spool/decision-index.ts';
import type { Disk } from '../spool/disk.ts';
import { SegmentWriter } from '../spool/segment-writer.ts';
import { Uncovered, messageRecord, promiseRecord, promiseSigner } from './commit.ts';
import type { SealingConfig, SealingStatus } from './config.ts';
import { OpenRequests } from './open-requests.ts';
import type { OpenRequest } from './open-requests.ts';
import { randomId } from './random.ts';
import { readDecision } from './read.ts';
import type { ReadDecision } from './read.ts';
import { RecordSealer } from './seal.ts';
import type { SealedRecord } from './seal.ts';
import { startEpoch } from './start.ts';
import type { EpochStart, OpenIntent } from './start.ts';
import { Stream } from './stream.ts';
import type { StreamedEntry } from './stream.ts';

/** An entry that waits for the group commit, and whom to answer. */
interface Waiting {
  ref: number | null;
  streamed: StreamedEntry;
  record: Uint8Array;
  sealed: SealedRecord | null;
  decisionId: string | null;
  /** the intent that this decision closes */
  closes: OwedIntent | null;
}

/** An intent whose decision could not be written: it is owed one that says so. */
interface OwedIntent {
  /** hex */
  leaf: string;
  facts: DecisionFacts;
  call: number | null;
}

/** Above this many uncovered entries a commit of intents alone is promised too. */
const MOST_UNCOVERED = 1024;

export interface EnginePorts {
  disk: Disk;
  now: () => number;
}

/**
 * Seals records, gives them their place in the stream, and commits them in groups: entries and one
 * promise are one write under one fdatasync, and nothing is answered before it returns. Runs on one
 * thread; every method is synchronous.
 */
export class SealingEngine {
  readonly #config: SealingConfig;
  readonly #ports: EnginePorts;
  readonly #keys: KeyStore;
  readonly #index: DecisionIndex;
  readonly #writer: SegmentWriter;
  readonly #stream: Stream;
  readonly #start: EpochStart;
  readonly #standing: ClaimTexts;
  readonly #sealer: RecordSealer;
  readonly #signPromise: ReturnType<typeof promiseSigner>;
  readonly #signPosition: (position: Position) => Uint8Array;
  readonly #requests = new OpenRequests();
  readonly #uncovered = new Uncovered();
  readonly #epochKey: SubjectKey;
  #waiting: Waiting[] = [];
  #refused: SealAnswer[] = [];
  #owed: OwedIntent[] = [];
  #unlogged: { count: number; from: number; to: number } | null = null;
  #mark: { seq: number; prev: string };
  #durableSeq = -1;
  #full = false;
  #lastCommitMs = 0;
  #closed = false;

  /**
   * Locks the spool, recovers what an earlier process left, and starts an epoch; durable on return.
   * @throws {AuditError} `SPOOL_*`, `KEY_STORE`
   */
  constructor(config: SealingConfig, ports: EnginePorts) {
    this.#config = config;
    this.#ports = ports;
    this.#standing = standingTexts(config);
    this.#sealer = new RecordSealer(config.featureNames);
    this.#signPromise = promiseSigner(config, ports.now);
    this.#start = startEpoch(config, ports, this.#signPromise);
    this.#keys = this.#start.keys;
    this.#index = this.#start.index;
    this.#stream = new Stream(config.producer, this.#start.epoch, this.#start.previous?.leaf ?? '0'.repeat(64));
    this.#mark = this.#stream.mark();
    const sign = p256Signer(config.producerKey);
    this.#signPosition = (position) => sign(streamMessage(config.logId, this.#start.keyId, position));
    this.#epochKey = this.#keys.keyOf(epochOwner(this.#start.epoch));
    this.#writer = new SegmentWriter(ports.disk, config.spoolDir, config);
    this.#beginSegment();
    this.#writer.append(concatBytes(...this.#start.registrations));
    this.#push(null, this.#signedEntry((base) => ({ ...base, type: 'stream', event: 'start', ...this.#streamFacts() })));
    for (const intent of this.#start.openIntents) this.#closeUnknown(intent);
    this.commit(true);
    this.#start.settle(this.#stream.epoch);
  }

  get epoch(): number {
    return this.#stream.epoch;
  }

  /** Takes one message; its answer comes from a later {@link commit}. Never throws for a bad record. */
  accept(message: SealMessage): void {
    try {
      if (this.#closed) throw new AuditError('AUDIT_CLOSED', { got: message.kind });
      this.#dispatch(message);
    } catch (error) {
      this.#refused.push({ ref: message.ref, refused: reportOf(error) });
      if (message.kind === 'decision') this.#oweAll(message.decisionId);
    }
  }

  /**
   * One group commit of all that waits. @returns the answers, refusals included
   * @param promise  also promise a commit without decisions
   */
  commit(promise = false): SealAnswer[] {
    const answers = this.#refused;
    this.#refused = [];
    this.#flushUnlogged();
    this.#payOwed();
    const group = this.#waiting;
    if (group.length === 0) return answers;
    this.#waiting = [];
    const started = performance.now();
    const before = this.#uncovered.count;
    try {
      answers.push(...this.#write(group, promise));
      this.#full = false;
    } catch (error) {
      this.#abandon(group, before, error, answers);
    }
    this.#lastCommitMs = performance.now() - started;
    return answers;
  }

  /** All that is known about a decision, opened. @returns null when the index does not know it */
  read(decisionId: string): ReadDecision | null {
    return readDecision(this.#ports.disk, this.#config, this.#keys, this.#index.find(decisionId));
  }

  /** Destroys all keys of a person: their sealed payloads can never be opened again. Returns how many. */
  eraseSubject(subject: string): number {
    return this.#keys.destroy(this.#keys.pseudonym(subject));
  }

  status(): SealingStatus {
    return {
      epoch: this.#stream.epoch,
      seq: this.#durableSeq,
      poisoned: this.#writer.poisoned,
      full: this.#full,
      spoolBytes: this.#writer.totalBytes,
      open: this.#requests.size,
      unlogged: this.#unlogged?.count ?? 0,
      alarms: this.#start.alarms,
      lastCommitMs: this.#lastCommitMs,
    };
  }

  /** Ends the stream with a signed entry. Idempotent. */
  close(): SealAnswer[] {
    if (this.#closed) return [];
    const answers = this.commit();
    this.#closed = true;
    if (!this.#writer.poisoned) {
      this.#push(null, this.#signedEntry((base) => ({ ...base, type: 'stream', event: 'end', ...this.#streamFacts() })));
      answers.push(...this.commit(true));
    }
    this.#writer.close();
    this.#index.close();
    this.#keys.close();
    this.#start.unlock();
    return answers;
  }

  #dispatch(message: SealMessage): void {
    if (message.kind === 'unlogged') return this.#noteUnlogged(message.ref, message.at);
    if (this.#writer.poisoned) throw new AuditError('SPOOL_POISONED', { got: message.kind });
    if (message.kind === 'intent') return this.#intent(message);
    if (message.kind === 'decision') return this.#decision(message);
    if (message.kind === 'followup') return this.#followup(message);
    return this.#push(message.ref, this.#signedEntry((base) => ({ ...base, type: 'heartbeat' })));
  }

  #intent(message: IntentMessage): void {
    const request = this.#requests.open(message.decisionId, message.facts, this.#keys);
    this.#sealIntent(message.ref, request, message.call, message.features);
  }

  #sealIntent(ref: number | null, request: OpenRequest, call: number | null, features: Float64Array | null): void {
    const sealed = this.#seal(intentText(request.claims, call, features), request.claims.subject);
    const streamed = this.#place(sealed, null);
    request.intents.push({ call, leaf: toHex(streamed.leaf) });
    this.#push(ref, streamed, sealed);
  }

  /**
   * Each intent of the request gets its decision. The one about the request as made, its first
   * model call, comes last and carries request, response and the person's page.
   */
  #decision(message: DecisionMessage): void {
    const request = this.#requests.open(message.decisionId, message.facts, this.#keys);
    const calls = request.intents.length > 0 ? mainLast(request.intents.map(({ call }) => call)) : [null];
    // Sealed before anything takes a seq: a record that does not fit leaves no trace in the stream.
    const sealed = calls.map((call, i) => {
      const scored = message.calls.find((made) => made.call === call) ?? null;
      const main = i === calls.length - 1;
      const text = decisionText(message, request.claims, request.facts, this.#standing, scored, main);
      return this.#seal(text, request.claims.subject);
    });
    if (request.intents.length === 0) this.#sealIntent(null, request, null, null);
    sealed.forEach((record, i) => {
      const main = i === sealed.length - 1;
      const intent = request.intents.find(({ call }) => call === calls[i])!;
      const streamed = this.#place(record, intent.leaf);
      const closes = { leaf: intent.leaf!, facts: request.claims, call: calls[i]! };
      this.#push(main ? message.ref : null, streamed, record, main ? message.decisionId : null, closes);
      if (main) request.decision = toHex(streamed.leaf);
    });
    this.#requests.close(message.decisionId);
  }

  #followup(message: FollowupMessage): void {
    const known = this.#requests.ended(message.decisionId) ?? this.#lookUp(message.decisionId);
    if (known === null) throw new AuditError('DECISION_UNKNOWN', { got: 'a followup to it' });
    const text = followupText(message.decisionId, known.subject, known.decision, message.stated);
    const sealed = this.#seal(text, known.subject);
    this.#push(message.ref, this.#place(sealed, null), sealed, message.decisionId);
  }

  #lookUp(decisionId: string): { subject: string | null; decision: string } | null {
    const decision = this.read(decisionId)?.entries.find((entry) => entry.type === 'decision');
    if (decision === undefined) return null;
    const subject = decision.claims['subject'];
    return { subject: typeof subject === 'string' ? subject : null, decision: toHex(decision.leaf) };
  }

  #closeUnknown(intent: OpenIntent): void {
    const claims = intent.claims;
    const sealed = this.#sealer.seal(unknownText(claims, this.#standing), intent.key ?? this.#epochKey);
    const decisionId = claims?.['decisionId'];
    this.#push(null, this.#place(sealed, intent.leaf), sealed, typeof decisionId === 'string' ? decisionId : null);
  }

  #seal(text: RecordText, subject: string | null): SealedRecord {
    return this.#sealer.seal(text, subject === null ? this.#epochKey : this.#keys.keyOf(subject));
  }

  #place(sealed: SealedRecord, intent: string | null): StreamedEntry {
    const time = wholeSeconds(this.#ports.now());
    return this.#stream.append(
      (position) => sealed.entry(position, time, this.#config.deployment, intent),
      sealed.sealed,
    );
  }

  #signedEntry(make: (base: { v: 1; id: string; time: string } & Position & { sig: string }) => KnownEntry): StreamedEntry {
    const body = { type: '', id: randomId(), time: wholeSeconds(this.#ports.now()) };
    return this.#stream.appendEntry((position) => make(signedEntry(body, position, this.#signPosition)));
  }

  #streamFacts(): { key: string; previous: EpochStart['previous']; heartbeatSeconds: number } {
    return {
      key: toHex(this.#start.keyId),
      previous: this.#start.previous,
      heartbeatSeconds: this.#config.heartbeatSeconds,
    };
  }

  #push(
    ref: number | null,
    streamed: StreamedEntry,
    sealed: SealedRecord | null = null,
    decisionId: string | null = null,
    closes: OwedIntent | null = null,
  ): void {
    this.#waiting.push({ ref, streamed, sealed, decisionId, closes, record: messageRecord(streamed) });
  }

  /** A decision that could not be sealed leaves its durable intents owed. */
  #oweAll(decisionId: string): void {
    const request = this.#requests.get(decisionId);
    if (request === null) return;
    for (const { leaf, call } of request.intents) if (leaf !== null) this.#owed.push({ leaf, facts: request.claims, call });
    this.#requests.close(decisionId);
  }

  /** Owed intents are closed as errors as soon as the spool takes entries. */
  #payOwed(): void {
    if (this.#owed.length === 0 || this.#writer.poisoned) return;
    const owed = this.#owed;
    this.#owed = [];
    for (const intent of owed) {
      const { facts, leaf } = intent;
      const sealed = this.#seal(refusedText(facts, this.#standing, intent.call), facts.subject);
      this.#push(null, this.#place(sealed, leaf), sealed, facts.decisionId, intent);
    }
  }

  #noteUnlogged(ref: number, at: number): void {
    const { count = 0, from = at, to = at } = this.#unlogged ?? {};
    this.#unlogged = { count: count + 1, from: Math.min(from, at), to: Math.max(to, at) };
    this.#start.noteUnlogged(this.#unlogged);
    this.#refused.push({ ref, seq: this.#durableSeq, header: null });
  }

  /** What releasing routes let through becomes one signed gap entry as soon as the spool takes entries. */
  #flushUnlogged(): void {
    const gap = this.#unlogged ?? this.#start.takeUnlogged();
    if (gap === null || this.#writer.poisoned) return;
    this.#unlogged = gap;
    if (this.#waiting.some(({ ref }) => ref === GAP)) return;
    const times = { from: wholeSeconds(gap.from), to: wholeSeconds(gap.to), count: gap.count };
    this.#push(GAP, this.#signedEntry((base) => ({ ...base, type: 'gap', ...times })));
  }

  #write(group: readonly Waiting[], promise: boolean): SealAnswer[] {
    if (this.#writer.full && this.#uncovered.count === 0) this.#beginSegment();
    const { firstSeq, offset } = this.#writer.position;
    let at = offset;
    const offsets = group.map(({ streamed, record }) => {
      this.#uncovered.add(streamed.seq, streamed.leaf, at);
      at += record.length;
      return at - record.length;
    });
    const promised = promise || group.some(({ sealed, ref }) => ref === GAP || sealed?.type !== 'intent') || this.#uncovered.count > MOST_UNCOVERED;
    const tree = promised ? this.#uncovered.tree() : null;
    const signed = tree === null ? null : this.#signPromise(this.#stream.epoch, this.#uncovered.firstSeq, this.#uncovered.count, tree.root);
    const bytes = concatBytes(...group.map(({ record }) => record), ...(signed === null ? [] : [promiseRecord(signed)]));
    this.#writer.reserve(bytes.length);
    this.#keys.flush();
    this.#writer.append(bytes);
    this.#durableSeq = this.#stream.nextSeq - 1;
    this.#mark = this.#stream.mark();
    const batch = { firstSeq, first: this.#uncovered.firstSeq, batchOffset: this.#uncovered.batchOffset };
    group.forEach((waiting, i) => this.#indexEntry(waiting, batch, offsets[i]!));
    this.#index.flush();
    const answers: SealAnswer[] = [];
    for (const waiting of group) {
      if (waiting.ref === GAP) this.#gapWritten();
      else if (waiting.ref !== null)
        answers.push({ ref: waiting.ref, seq: waiting.streamed.seq, header: this.#header(waiting, signed, tree?.path(waiting.streamed.seq - batch.first)) });
    }
    if (promised) this.#uncovered.clear();
    return answers;
  }

  #header({ streamed, sealed }: Waiting, promise: SignedPromise | null, path: readonly Hash[] | undefined): string | null {
    const opening = sealed?.opening ?? null;
    if (opening === null || promise === null || path === undefined) return null;
    const index = streamed.seq - promise.promise.firstSeq;
    return encodeReceiptHeader({ promise, index, path, entry: streamed.entry, opening });
  }

  #indexEntry({ streamed, sealed, decisionId }: Waiting, batch: { firstSeq: number; batchOffset: number }, offset: number): void {
    if (decisionId === null || sealed === null) return;
    this.#index.add({
      decisionId,
      kind: sealed.type === 'followup' ? INDEX_FOLLOWUP : INDEX_DECISION,
      keyOrdinal: sealed.keyOrdinal,
      epoch: this.#stream.epoch,
      firstSeq: batch.firstSeq,
      seq: streamed.seq,
      offset,
      batchOffset: batch.batchOffset,
    });
  }

  #gapWritten(): void {
    this.#unlogged = null;
    this.#start.clearUnlogged();
  }

  /** Nothing of the group was released or promised, so its places are free again. */
  #abandon(group: readonly Waiting[], covered: number, error: unknown, answers: SealAnswer[]): void {
    this.#uncovered.rewind(covered);
    this.#stream.rewind(this.#mark);
    this.#full = error instanceof AuditError && error.code === 'SPOOL_FULL';
    for (const { ref } of group) if (ref !== null && ref !== GAP) answers.push({ ref, refused: reportOf(error) });
    const lost = new Set(group.map(({ streamed }) => toHex(streamed.leaf)));
    for (const leaf of lost) this.#requests.forget(leaf);
    for (const { closes } of group) if (closes !== null && !lost.has(closes.leaf)) this.#owed.push(closes);
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

/** The ref of the engine's own gap entry: nobody waits for it. */
const GAP = -1;

/** The calls with the first scored one at the end. */
function mainLast(calls: readonly (number | null)[]): (number | null)[] {
  const main = calls.find((call) => call === 0) ?? calls[0]!;
  return [...calls.filter((call) => call !== main), main];
}

/** Decisions without a subject are sealed under one key an epoch. */
function epochOwner(epoch: number): string {
  return epoch.toString(16).padStart(64, '0');
}
