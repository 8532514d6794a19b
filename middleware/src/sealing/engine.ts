import { toHex } from '@showcause/core';
import { AuditError, reportOf } from '../errors.ts';
import { MOST_LOOKED_AT } from '../spool/decision-index.ts';
import type { Unexplained } from '../spool/decision-index.ts';
import { carryOutErasures } from '../keystore/erasures.ts';
import type { KeyStore, SubjectKey } from '../keystore/keystore.ts';
import {
  decisionText,
  followupText,
  intentText,
  refusedText,
  standingTexts,
  unknownText,
} from '../record/container.ts';
import type {
  DecisionMessage,
  ExplanationMessage,
  FollowupMessage,
  IntentMessage,
  ReleasingMessage,
  SealAnswer,
  SealMessage,
  UnloggedMessage,
} from '../record/messages.ts';
import type { ClaimTexts, RecordText } from '../record/record-text.ts';
import { promiseMaker } from './commit.ts';
import type { SealingConfig, SealingStatus } from './config.ts';
import { WatchedClock } from './clock.ts';
import { Journal } from './journal.ts';
import type { Committed, EnginePorts, Errand, OwedIntent } from './journal.ts';
import { OpenRequests } from './open-requests.ts';
import type { EndedRequest, OpenRequest } from './open-requests.ts';
import { readDecision } from './read.ts';
import type { ReadDecision } from './read.ts';
import { Released } from './released.ts';
import { RecordSealer } from './seal.ts';
import type { SealedRecord } from './seal.ts';
import { Siblings } from './siblings.ts';
import { Turns, atOnce } from './steps.ts';
import type { Steps } from './steps.ts';
import { quietly, startEpoch } from './start.ts';
import type { EpochStart, OpenIntent } from './start.ts';

/**
 * Turns messages into sealed entries and answers them when they are durable. Runs on one thread;
 * every method but {@link read} is synchronous.
 */
export class SealingEngine {
  readonly #config: SealingConfig;
  readonly #ports: EnginePorts;
  readonly #start: EpochStart;
  readonly #keys: KeyStore;
  readonly #siblings: Siblings;
  readonly #clock: WatchedClock;
  readonly #journal: Journal;
  readonly #standing: ClaimTexts;
  readonly #sealer: RecordSealer;
  readonly #requests = new OpenRequests();
  readonly #reads = new Turns();
  readonly #epochKey: SubjectKey;
  readonly #released: Released;
  #refused: SealAnswer[] = [];
  #owed: OwedIntent[] = [];
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
    const { now, uptime = () => performance.now() } = ports;
    this.#clock = new WatchedClock(now, uptime, config.clockToleranceSeconds * 1000);
    this.#siblings = new Siblings(ports.disk, config);
    const promise = promiseMaker(config, now);
    this.#start = startEpoch(config, ports, promise);
    this.#keys = this.#start.keys;
    try {
      this.chores();
      this.#epochKey = this.#keys.keyOf(epochOwner(this.#start.epoch));
      this.#journal = new Journal(config, ports, this.#start, promise);
      this.#released = new Released(this.#start, this.#journal);
    } catch (error) {
      quietly(() => this.#start.release());
      throw error;
    }
    try {
      this.#begin();
    } catch (error) {
      this.#closed = true;
      quietly(() => this.#journal.close());
      quietly(() => this.#start.release());
      throw error;
    }
  }

  /** The stream's first entries, durable on return; then the epochs before need nothing more. */
  #begin(): void {
    this.#addStreamEntry('start');
    this.#released.addUnended(this.#ports.now());
    for (const intent of this.#start.openIntents) this.#closeUnknown(intent);
    this.commit();
    const { poisoned, durableSeq } = this.#journal;
    // Also for want of room: without its first entries nothing of the epoch could be followed.
    if (durableSeq < 0)
      throw new AuditError(poisoned ? 'SPOOL_POISONED' : 'SPOOL_FULL', { got: 'the first commit' });
    this.#start.settle();
  }

  get epoch(): number {
    return this.#start.epoch;
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

  /** True while a group commit waits for the disk. */
  get busy(): boolean {
    return this.#journal.busy;
  }

  /** One group commit of all that waits, durable on return. @returns the answers, refusals included */
  commit(): SealAnswer[] {
    const answers = this.#prepare();
    return [...answers, ...this.#settle(this.#journal.commit())];
  }

  /** The same without waiting for the disk; not while {@link busy}. */
  commitLater(done: (answers: readonly SealAnswer[]) => void): void {
    const answers = this.#prepare();
    this.#journal.commitLater((committed) => {
      const settled = this.#settle(committed);
      done(answers.length === 0 ? settled : [...answers, ...settled]);
    });
  }

  /**
   * All that is known about a decision, here or in a spool beside it. Anybody may ask for any number, so the looking
   * goes on between commits, and for one number at a time.
   * @returns null when no index knows it
   */
  read(decisionId: string): Promise<ReadDecision | null> {
    return this.#reads.take(this.#read(decisionId));
  }

  *#read(decisionId: string): Steps<ReadDecision | null> {
    const places = yield* this.#start.index.find(decisionId);
    const own = readDecision(this.#ports.disk, this.#config, this.#keys, places);
    return yield* this.#siblings.addTo(own, decisionId);
  }

  /** Decisions that have no explanation entry, oldest first: of the newest ones, as far as a queue can reach back. */
  unexplained(): Unexplained[] {
    return this.#start.index.unexplained(MOST_LOOKED_AT);
  }

  /** Now and then: what other processes want of this one. */
  chores(): void {
    if (this.#closed) return;
    try {
      carryOutErasures(this.#ports.disk, this.#config.spoolDir, this.#keys);
    } catch {
      // The order stays and is tried again; whoever waits for it is told that it is pending.
    }
  }

  /** Destroys all keys of a person: their sealed payloads can never be opened again. Returns how many. */
  eraseSubject(subject: string): number {
    const pseudonym = this.#keys.pseudonym(subject);
    this.#requests.erase(pseudonym);
    return this.#keys.destroy(pseudonym);
  }

  status(): SealingStatus {
    const journal = this.#journal;
    return {
      epoch: this.#start.epoch,
      seq: journal.durableSeq,
      poisoned: journal.poisoned,
      poison: journal.poison,
      regressed: this.#clock.isRegressed,
      full: journal.full,
      spoolBytes: journal.spoolBytes,
      ...journal.room,
      open: this.#requests.size,
      unlogged: this.#released.count,
      alarms: this.#start.alarms,
      lastCommitMs: journal.lastCommitMs,
    };
  }

  /** Ends the stream with a signed entry. Idempotent. */
  close(): SealAnswer[] {
    if (this.#closed) return [];
    const answers = this.commit();
    this.#closed = true;
    if (!this.#journal.poisoned) {
      this.#journal.beginClosing();
      answers.push(...this.#prepare());
      this.#addStreamEntry('end');
      answers.push(...this.#settle(this.#journal.commit()));
      if (this.#isSettled()) this.#start.finish(this.#journal.end);
    }
    this.#journal.close();
    this.#start.release();
    return answers;
  }

  /** Adds what is owed, and takes the refusals so far. */
  #prepare(): SealAnswer[] {
    const answers = this.#refused;
    this.#refused = [];
    this.#released.addGap();
    this.#payOwed();
    return answers;
  }

  #settle({ answers, failed }: Committed): readonly SealAnswer[] {
    if (failed === null) return answers;
    for (const leaf of failed.lost) this.#requests.forget(leaf);
    this.#owed.push(...failed.owed);
    this.#released.gapLost();
    return answers;
  }

  #isSettled(): boolean {
    return (
      !this.#journal.poisoned &&
      this.#journal.end.seq === this.#journal.addedSeq &&
      this.#requests.size === 0 &&
      this.#owed.length === 0
    );
  }

  #dispatch(message: SealMessage): void {
    if (message.kind === 'unlogged' || message.kind === 'releasing') return this.#release(message);
    if (this.#journal.poisoned)
      throw new AuditError('SPOOL_POISONED', { got: this.#journal.poison! });
    if (message.kind !== 'heartbeat') this.#clock.check();
    if (message.kind === 'intent') return this.#intent(message);
    if (message.kind === 'decision') return this.#decision(message);
    if (message.kind === 'followup' || message.kind === 'explanation')
      return this.#followup(message);
    this.#journal.addSigned({ ref: message.ref }, (base) => ({ ...base, type: 'heartbeat' }));
  }

  #release({ kind, ref, at }: ReleasingMessage | UnloggedMessage): void {
    if (kind === 'unlogged') this.#released.noteUnlogged(at);
    else this.#released.noteReleasing(at);
    this.#refused.push({ ref, seq: this.#journal.durableSeq, header: null });
  }

  #intent({ ref, decisionId, facts, call, features }: IntentMessage): void {
    const request = this.#requests.open(decisionId, facts, this.#keys);
    this.#sealIntent(request, call, features, { ref });
  }

  #sealIntent(
    request: OpenRequest,
    call: number | null,
    features: Float64Array | null,
    errand: Errand,
  ): void {
    const sealed = this.#seal(intentText(request.claims, call, features), request.claims.subject);
    request.intents.push({ call, leaf: this.#journal.addSealed(sealed, null, errand) });
  }

  /**
   * Each intent of the request gets its decision. The one about the request as made, its first
   * model call, comes last and carries request, response and the person's page.
   */
  #decision(message: DecisionMessage): void {
    const { decisionId, ref } = message;
    const request = this.#requests.open(decisionId, message.facts, this.#keys);
    const calls = mainLast(request.intents.map(({ call }) => call));
    // Sealed before anything takes a seq: a record that does not fit leaves no trace in the stream.
    const sealed = calls.map((call, i) =>
      this.#sealDecision(message, request, call, i === calls.length - 1),
    );
    if (request.intents.length === 0) this.#sealIntent(request, null, null, {});
    sealed.forEach((record, i) => {
      const call = calls[i]!;
      const { leaf } = request.intents.find((intent) => intent.call === call)!;
      const closes = { leaf, facts: request.claims, call };
      const main = i === sealed.length - 1;
      const errand = main ? { ref, decisionId, closes } : { closes };
      request.decision = this.#journal.addSealed(record, leaf, errand);
    });
    this.#requests.close(decisionId);
  }

  #sealDecision(
    message: DecisionMessage,
    request: OpenRequest,
    call: number | null,
    main: boolean,
  ): SealedRecord {
    const { claims, facts } = request;
    const scored = message.calls.find((made) => made.call === call) ?? null;
    const text = decisionText(message, claims, facts, this.#standing, scored, main);
    return this.#seal(text, claims.subject);
  }

  #followup(message: FollowupMessage | ExplanationMessage): void {
    const { decisionId, kind, ref } = message;
    const known = this.#requests.ended(decisionId) ?? this.#lookUp(decisionId);
    if (known === null) throw new AuditError('DECISION_UNKNOWN', { got: `a ${kind} to it` });
    // It would repeat what was erased, under a new key.
    const { isErased, subject } = known;
    if (kind === 'explanation' && (isErased || (subject !== null && !this.#keys.owns(subject))))
      throw new AuditError('DECISION_ERASED', { got: 'an explanation of it' });
    const text = followupText(message, known.subject, known.decision);
    this.#journal.addSealed(this.#seal(text, known.subject), null, { ref, decisionId });
  }

  #lookUp(decisionId: string): EndedRequest | null {
    const known = atOnce(this.#read(decisionId));
    const decision = known?.entries.findLast(({ type }) => type === 'decision');
    if (decision === undefined) return null;
    const subject = decision.claims['subject'];
    return {
      subject: typeof subject === 'string' ? subject : null,
      decision: toHex(decision.leaf),
      isErased: false,
    };
  }

  #closeUnknown({ claims, key, leaf }: OpenIntent): void {
    const text = unknownText(claims, this.#standing);
    const sealed = this.#sealer.seal(text, key ?? this.#epochKey);
    const decisionId = claims?.['decisionId'];
    this.#journal.addSealed(sealed, leaf, typeof decisionId === 'string' ? { decisionId } : {});
  }

  #seal(text: RecordText, subject: string | null): SealedRecord {
    return this.#sealer.seal(text, subject === null ? this.#epochKey : this.#keys.keyOf(subject));
  }

  #addStreamEntry(event: 'start' | 'end'): void {
    const { keyId, previous } = this.#start;
    const { heartbeatSeconds } = this.#config;
    const facts = { event, key: toHex(keyId), previous, heartbeatSeconds };
    this.#journal.addSigned({}, (base) => ({ ...base, type: 'stream', ...facts }));
  }

  /** A decision that could not be sealed leaves its durable intents owed. */
  #oweAll(decisionId: string): void {
    const request = this.#requests.get(decisionId);
    if (request === null) return;
    for (const { leaf, call } of request.intents)
      this.#owed.push({ leaf, facts: request.claims, call });
    this.#requests.close(decisionId);
  }

  /** Owed intents are closed as errors as soon as the spool takes entries. */
  #payOwed(): void {
    if (this.#owed.length === 0 || this.#journal.poisoned) return;
    for (const closes of this.#owed.splice(0)) {
      const { facts, leaf, call } = closes;
      const sealed = this.#seal(refusedText(facts, this.#standing, call), facts.subject);
      this.#journal.addSealed(sealed, leaf, { decisionId: facts.decisionId, closes });
    }
  }
}

/** The calls with the first scored one at the end; without any, the handler itself. */
function mainLast(calls: readonly (number | null)[]): (number | null)[] {
  if (calls.length === 0) return [null];
  const main = calls.find((call) => call === 0) ?? calls[0]!;
  return [...calls.filter((call) => call !== main), main];
}

/** Decisions without a subject are sealed under one key an epoch. */
function epochOwner(epoch: number): string {
  return epoch.toString(16).padStart(64, '0');
}
