import { codeOf } from '../decision.ts';
import type { Sealer } from '../sealing/sealer.ts';
import { unfailing } from '../telemetry.ts';
import type { ExplanationTelemetry } from '../telemetry.ts';
import { MOST_CODE } from './ceiling.ts';
import { startBeat } from './beat.ts';
import type { Beat } from './beat.ts';
import { openComputer } from './computer.ts';
import type { Computer } from './computer.ts';
import { counterfactualDetail, statusWithoutSearch } from './detail.ts';
import type { DecidedFacts } from './detail.ts';
import type { CounterfactualSettings } from './options.ts';
import { leftUnexplained } from './unexplained.ts';
import type { Left } from './unexplained.ts';
import { mostHeld, openWriting } from './writing.ts';
import type { Entry, Writing } from './writing.ts';

/** A decision that is owed an explanation entry. */
export interface OwedExplanation extends DecidedFacts {
  decisionId: string;
  /** the caller's name for the person; null where there is none, or after a restart */
  subject: string | null;
  /** Unix milliseconds */
  decidedAt: number;
}

export interface ExplanationsStatus {
  /** decisions without their entry yet */
  waiting: number;
  /** entries since the start */
  written: number;
  /** searches that failed since the start, and the code of the newest; null: none did */
  failed: number;
  failing: string | null;
  /** entries that the spool kept refusing: the next start tries them again */
  givenUp: number;
}

/** Explanations that follow their decisions. */
export interface LaterExplanations {
  take(owed: OwedExplanation): void;
  /** Whether this decision's entry is still to be written by this process. */
  owes(decisionId: string): boolean;
  /** Nothing about this person is written any more. */
  forget(subject: string): void;
  status(): ExplanationsStatus;
  /** Goes on for at most so long; what is left then is for the next start. */
  close(timeoutMs: number): Promise<void>;
}

export interface LaterParts {
  settings: CounterfactualSettings;
  sealer: Pick<Sealer, 'seal' | 'read' | 'unexplained'>;
  telemetry: ExplanationTelemetry;
  /** hash of the deployment in force: what an earlier one left open is not this one's to explain */
  deployment: string;
  isAdverse: (outcome: unknown) => boolean;
  now: () => number;
  computer?: Computer;
  /** from one attempt to write an entry to the next */
  waits?: readonly number[];
  /** from one time that entries go to the next; 1 s by default */
  beatMs?: number | undefined;
}

type SearchOutcome = Parameters<typeof counterfactualDetail>[2];

/** So many times the queue may be owed an entry without a search; beyond, the next start finds them. */
const MOST_OWED = 10;

/**
 * One entry after every decision, whatever its outcome: entries after adverse ones alone would tell outsiders whose it
 * was. In the order of the decisions, one search at a time, after their answers have left; what an earlier process left
 * comes when nothing else waits. Written on a fixed beat, many to a group commit.
 */
export function explainLater(parts: LaterParts): LaterExplanations {
  return new Later(parts);
}

/** With the beat in which it was taken up. */
type Taken = OwedExplanation & { beat: number };

const BEAT_MS = 1_000;

class Later implements LaterExplanations {
  readonly #settings: CounterfactualSettings;
  readonly #telemetry: ExplanationTelemetry;
  readonly #computer: Computer;
  readonly #writing: Writing;
  readonly #beat: Beat;
  readonly #left: Left;
  /** by decision, oldest first */
  readonly #owed = new Map<string, Taken>();
  #current: Taken | null = null;
  #running: Promise<void> | null = null;
  #failed = 0;
  #failing: string | null = null;
  #isStopped = false;

  constructor(parts: LaterParts) {
    const { beatMs: everyMs = BEAT_MS, deployment, isAdverse, now, sealer, settings } = parts;
    const telemetry = unfailing(parts.telemetry);
    this.#settings = settings;
    this.#telemetry = telemetry;
    this.#computer = parts.computer ?? openComputer(settings, (code) => telemetry.alarm(code));
    const { size } = settings;
    this.#writing = openWriting({ sealer, telemetry, size, now, waits: parts.waits });
    this.#beat = startBeat({ writing: this.#writing, everyMs, most: mostHeld(size) });
    const onUnread = (error: unknown): void => {
      if (!this.#isStopped) telemetry.alarm(codeOf(error));
    };
    this.#left = leftUnexplained({ sealer, deployment, isAdverse, onUnread });
    void this.#left.ready.then(() => this.#start());
  }

  take(owed: OwedExplanation): void {
    if (this.#owed.size >= this.#settings.queue * MOST_OWED)
      return this.#telemetry.alarm('COUNTERFACTUAL_QUEUE');
    this.#left.drop(owed.decisionId);
    if (this.owes(owed.decisionId)) return;
    this.#owed.set(owed.decisionId, { ...owed, beat: this.#beat.current });
    this.#start();
  }

  forget(subject: string): void {
    for (const [decisionId, owed] of this.#owed)
      if (owed.subject === subject) this.#owed.delete(decisionId);
    // What is being searched or written is refused by the sealer: the person has no key any more.
  }

  owes(decisionId: string): boolean {
    return (
      this.#current?.decisionId === decisionId ||
      this.#beat.holds(decisionId) ||
      this.#writing.holds(decisionId) ||
      this.#owed.has(decisionId)
    );
  }

  status(): ExplanationsStatus {
    const { givenUp, open, written } = this.#writing.status();
    return {
      waiting:
        this.#owed.size +
        this.#left.count +
        (this.#current === null ? 0 : 1) +
        this.#beat.count +
        open,
      written,
      failed: this.#failed,
      failing: this.#failing,
      givenUp,
    };
  }

  async close(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
    await Promise.race([late, this.#finished()]);
    clearTimeout(timer);
    this.#isStopped = true;
    this.#beat.stop();
    this.#writing.stop();
    await this.#computer.close();
  }

  async #finished(): Promise<void> {
    // Nobody waits for a beat any more.
    void this.#beat.end();
    await this.#left.ready;
    await this.#running;
    await this.#beat.end();
    await this.#writing.done();
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // Answers leave first.
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.#isStopped && (this.#owed.size > 0 || this.#left.hasNext)) {
      await this.#beat.room();
      const next = this.#shift() ?? (await this.#nextLeft());
      if (next === null) continue;
      this.#current = next;
      await this.#explain(next);
      this.#current = null;
    }
    this.#running = null;
  }

  async #nextLeft(): Promise<Taken | null> {
    const left = await this.#left.next();
    return left === null ? null : { ...left, beat: this.#beat.current };
  }

  #shift(): Taken | null {
    for (const [decisionId, owed] of this.#owed) {
      this.#owed.delete(decisionId);
      return owed;
    }
    return null;
  }

  async #explain(owed: Taken): Promise<void> {
    const outcome = await this.#search(owed);
    // A search that the stop cut short is the next start's.
    if (outcome === null || this.#isStopped) return void this.#owed.set(owed.decisionId, owed);
    const entry: Entry = {
      owed,
      detail: counterfactualDetail(this.#settings, owed.row, outcome),
      refused: (code) => counterfactualDetail(this.#settings, owed.row, this.#fail(code)),
    };
    this.#beat.add({ entry, beat: owed.beat });
  }

  /** @returns null once stopped */
  async #search(owed: OwedExplanation): Promise<SearchOutcome | null> {
    if (this.#isStopped) return null;
    const status = statusWithoutSearch(owed);
    if (status !== null || owed.row === null)
      return { status: status ?? 'not-scored', code: null, found: null };
    if (this.#owed.size >= this.#settings.queue) return this.#fail('COUNTERFACTUAL_QUEUE');
    try {
      const found = await this.#computer.search(owed.row);
      return { status: found.status, code: null, found };
    } catch (error) {
      return this.#isStopped ? null : this.#fail(codeOf(error));
    }
  }

  #fail(given: string): SearchOutcome {
    const code = given.slice(0, MOST_CODE);
    this.#failed++;
    this.#failing = code;
    this.#telemetry.unexplained(code);
    return { status: 'failed', code, found: null };
  }
}
