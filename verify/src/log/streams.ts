import type { EntryOf } from '@showcause/core';
import { isoTime } from '../time.ts';
import { Epoch } from './epoch.ts';
import type { Placed } from './epoch.ts';
import type { Findings } from './findings.ts';
import type { Position } from './position.ts';
import type { Registry } from './registry.ts';

/** What the first entry of a producer's first epoch names as its predecessor. */
export const NO_PREVIOUS = '0'.repeat(64);
/** Silence counts from here on, in heartbeats. */
export const SILENT_HEARTBEATS = 3;
/** More producers or epochs than this are not held: beyond it the audit says that it could not check. */
const MAX_EPOCHS = 200_000;
/** Listed for one producer; all of them count. */
const MAX_SILENCES = 1000;
const MAX_BREAKS = 1000;

/** One time in which a producer that had not ended said nothing. Unix seconds. */
export interface Silence {
  epoch: number;
  from: number;
  to: number;
}

/** An entry that does not name its predecessor, or is not what its successor names. */
export interface ChainBreak {
  epoch: number;
  seq: number;
  /** in the log */
  index: number;
}

/** Everything known of one producer. Memory grows with its epochs, holes and silences, not with its entries. */
export class Stream {
  readonly producer: string;
  readonly epochs = new Map<number, Epoch>();
  readonly silences: Silence[] = [];
  readonly breaks: ChainBreak[] = [];
  chainBreaks = 0;
  latest: Epoch | null = null;

  constructor(producer: string) {
    this.producer = producer;
  }
}

/** Follows every producer's stream through the log. */
export class Streams {
  readonly #streams = new Map<string, Stream>();
  readonly #registry: Registry;
  readonly #findings: Findings;
  #epochs = 0;
  #newestTime = 0;

  constructor(registry: Registry, findings: Findings) {
    this.#registry = registry;
    this.#findings = findings;
  }

  all(): readonly Stream[] {
    return [...this.#streams.values()].sort((a, b) => (a.producer < b.producer ? -1 : 1));
  }

  /** Unix seconds of the newest entry; 0: none */
  get newestTime(): number {
    return this.#newestTime;
  }

  /**
   * @param leaf hex
   * @param sig base64, where the entry's type is signed
   * @param stream the entry, where it starts or ends an epoch
   * @returns the epoch it stands in; null when it stands nowhere
   */
  add(
    at: Position,
    leaf: string,
    index: number,
    sig: string | null,
    stream: EntryOf<'stream'> | null,
  ): Epoch | null {
    const where = `${place(at)} at index ${index}`;
    if (this.#registry.keysFor(at, leaf).length === 0) {
      this.#findings.refuted('log-producers', 'VERIFY_PRODUCER', `${at.type} of ${where}`);
      return null;
    }
    const known = this.#streamOf(at.producer);
    const epoch = this.#epochOf(known, at, where, stream);
    if (epoch === null) return null;
    const late = known.latest !== epoch || epoch.ended;
    const placed = epoch.place(at, leaf);
    this.#report(placed, where, late);
    if (placed.kind === 'broken') noteBreak(known, { epoch: at.epoch, seq: at.seq, index });
    if (placed.kind === 'duplicate') return null;
    this.#follow(known, epoch, at, placed);
    if (at.seq === 0 && stream?.event !== 'start')
      this.#findings.refuted(
        'log-signatures',
        'VERIFY_STREAM_SIGNATURE',
        `${where} begins without a start`,
      );
    if (sig !== null)
      this.#checkSignature(known, epoch, { ...at, sig }, leaf, where, placed, stream);
    if (stream?.event === 'end') epoch.ended = true;
    return epoch;
  }

  #streamOf(producer: string): Stream {
    const known = this.#streams.get(producer) ?? new Stream(producer);
    this.#streams.set(producer, known);
    return known;
  }

  #epochOf(
    known: Stream,
    at: Position,
    where: string,
    stream: EntryOf<'stream'> | null,
  ): Epoch | null {
    const existing = known.epochs.get(at.epoch);
    const starts = stream?.event === 'start';
    if (starts && at.seq !== 0)
      this.#findings.refuted('log-epochs', 'VERIFY_EPOCH', `a start inside ${where}`);
    if (existing !== undefined) return existing;
    if (++this.#epochs > MAX_EPOCHS) {
      this.#findings.open('log-epochs', 'VERIFY_LIMIT', `more than ${MAX_EPOCHS} epochs`);
      return null;
    }
    if (known.latest !== null && at.epoch < known.latest.number) {
      this.#findings.refuted(
        'log-epochs',
        'VERIFY_EPOCH',
        `${where} begins after epoch ${known.latest.number} did`,
      );
      return null;
    }
    if (starts) this.#checkPrevious(known, stream, where);
    const before = known.latest;
    const epoch = new Epoch(at.epoch, before === null ? NO_PREVIOUS : before.lastLeaf);
    if (before !== null) this.#listen(known, before, at.at);
    known.epochs.set(at.epoch, epoch);
    known.latest = epoch;
    return epoch;
  }

  /** A start names the end of the epoch before it: what lies between is missing, and a start that skips an epoch hides it. */
  #checkPrevious(known: Stream, { previous, epoch }: EntryOf<'stream'>, where: string): void {
    const refuse = (what: string): void =>
      this.#findings.refuted('log-epochs', 'VERIFY_EPOCH', `${where} ${what}`);
    const before = known.latest;
    if (previous === null) {
      if (before !== null) refuse(`names no epoch before it, the log holds epoch ${before.number}`);
      return;
    }
    if (previous.epoch >= epoch) return refuse(`follows epoch ${previous.epoch}`);
    if (before === null || previous.epoch > before.number) {
      // A whole epoch that the log lacks is a hole from its first entry to its last.
      const missing = new Epoch(previous.epoch, null);
      missing.endsAt(previous.seq, previous.leaf);
      known.epochs.set(previous.epoch, missing);
      known.latest = missing;
      return;
    }
    if (previous.epoch < before.number)
      return refuse(`names epoch ${previous.epoch}, the log holds epoch ${before.number}`);
    const end = before.endsAt(previous.seq, previous.leaf);
    if (end === 'before')
      refuse(
        `says that epoch ${before.number} ended at seq ${previous.seq}, the log goes on to ${before.next - 1}`,
      );
    if (end === 'other') refuse(`names another end of epoch ${before.number}`);
  }

  #report(placed: Placed, where: string, late: boolean): void {
    switch (placed.kind) {
      case 'duplicate':
        return this.#findings.refuted('log-duplicates', 'VERIFY_DUPLICATE', where);
      case 'broken':
        return this.#findings.refuted(
          'log-chain',
          'VERIFY_PREV',
          `${where} does not follow ${placed.want.slice(0, 16)}…`,
        );
      case 'next':
      case 'skipped':
        // Filling a hole mends an omission; going on in an epoch that the next one closed does not.
        if (late)
          this.#findings.refuted(
            'log-epochs',
            'VERIFY_EPOCH',
            `${where} comes after its epoch was over`,
          );
        return;
      case 'filled':
    }
  }

  #follow(known: Stream, epoch: Epoch, at: Position, placed: Placed): void {
    const time = at.at;
    if (time === null) return;
    if (placed.kind === 'next' || placed.kind === 'skipped' || placed.kind === 'broken')
      this.#listen(known, epoch, time);
    epoch.firstTime = Math.min(epoch.firstTime ?? time, time);
    epoch.lastTime = Math.max(epoch.lastTime ?? time, time);
    this.#newestTime = Math.max(this.#newestTime, time);
  }

  /** Notes the silence of an epoch that runs, from its last entry to `until`. */
  #listen(known: Stream, epoch: Epoch, until: number | null): void {
    const { lastTime, heartbeatSeconds, ended, number } = epoch;
    if (until === null || lastTime === null || heartbeatSeconds === null || ended) return;
    if (until - lastTime <= SILENT_HEARTBEATS * heartbeatSeconds) return;
    if (known.silences.length < MAX_SILENCES)
      known.silences.push({ epoch: number, from: lastTime, to: until });
    this.#findings.open(
      'log-silence',
      'VERIFY_SILENCE',
      `${known.producer} from ${isoTime(lastTime)} to ${isoTime(until)}`,
    );
  }

  /** A signature covers (epoch, seq, prev), and through `prev` all that lies before it. */
  #checkSignature(
    known: Stream,
    epoch: Epoch,
    signed: Position & { sig: string },
    leaf: string,
    where: string,
    placed: Placed,
    stream: EntryOf<'stream'> | null,
  ): void {
    const keyId = this.#registry.signerOf(signed, leaf);
    // A start names the key of its epoch; all that follows is signed by that one.
    const named = stream?.event === 'start' ? stream.key : epoch.keyId;
    if (keyId === null || (named !== null && keyId !== named)) {
      this.#findings.refuted(
        'log-signatures',
        'VERIFY_STREAM_SIGNATURE',
        `${signed.type} of ${where}`,
      );
      return;
    }
    if (placed.kind === 'broken') return;
    epoch.signedTo = Math.max(epoch.signedTo, signed.seq);
    if (stream?.event !== 'start') return;
    epoch.keyId = keyId;
    epoch.heartbeatSeconds = stream.heartbeatSeconds;
    // The start of this epoch signs for the end of the one before.
    const before = stream.previous === null ? undefined : known.epochs.get(stream.previous.epoch);
    if (before !== undefined && before !== epoch && before.lastLeaf === stream.prev)
      before.signedTo = before.next - 1;
  }

  /** Whether any of these sequence numbers is still missing. */
  isMissing({
    producer,
    epoch,
    from,
    to,
  }: {
    producer: string;
    epoch: number;
    from: number;
    to: number;
  }): boolean {
    const holes = this.#streams.get(producer)?.epochs.get(epoch)?.holes ?? [];
    return holes.some((hole) => hole.from <= to && from <= hole.to);
  }

  /** What shows only at the end: holes, unsigned streams, producers that fell silent while others spoke. */
  finish(complete: boolean): void {
    for (const known of this.all()) {
      for (const epoch of known.epochs.values()) {
        for (const { from, to } of epoch.holes) {
          const what = `${known.producer}, epoch ${epoch.number}, seq ${from === to ? from : `${from} to ${to}`}`;
          if (complete) this.#findings.refuted('log-sequence', 'VERIFY_HOLE', what);
          else this.#findings.open('log-sequence', 'VERIFY_HOLE', what);
        }
        if (epoch.holesDropped > 0)
          this.#findings.refuted(
            'log-sequence',
            'VERIFY_HOLE',
            `${known.producer}, epoch ${epoch.number}: ${epoch.holesDropped} more holes`,
          );
        // Nothing of it is here: that is a hole, told above.
        if (epoch.signedTo < 0 && epoch.entries > 0)
          this.#findings.refuted(
            'log-signatures',
            'VERIFY_STREAM_SIGNATURE',
            `${known.producer}, epoch ${epoch.number} has no signature`,
          );
      }
      if (known.latest !== null) this.#listen(known, known.latest, this.#newestTime);
    }
  }
}

function noteBreak(known: Stream, place: ChainBreak): void {
  known.chainBreaks++;
  if (known.breaks.length < MAX_BREAKS) known.breaks.push(place);
}

function place({ producer, epoch, seq }: Position): string {
  return `${producer}, epoch ${epoch}, seq ${seq}`;
}
