import { codeOf } from '../decision.ts';
import type { Sealer } from '../sealing/sealer.ts';
import type { Telemetry } from '../telemetry.ts';
import { MOST_CODE } from './ceiling.ts';
import { openComputer } from './computer.ts';
import type { Computer } from './computer.ts';
import { counterfactualDetail, statusWithoutSearch } from './detail.ts';
import type { DecidedFacts } from './detail.ts';
import type { CounterfactualSettings } from './options.ts';
import { unexplainedDecisions } from './unexplained.ts';
import { openWriting } from './writing.ts';
import type { Writing } from './writing.ts';

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
  telemetry: Telemetry;
  /** hash of the deployment in force: what an earlier one left open is not this one's to explain */
  deployment: string;
  isAdverse: (outcome: unknown) => boolean;
  now: () => number;
  computer?: Computer;
  /** from one attempt to write an entry to the next */
  waits?: readonly number[];
}

/** So many times the queue may be owed an entry without a search; beyond, the next start finds them. */
const MOST_OWED = 10;

/**
 * One entry after every decision, whatever its outcome: entries after adverse ones alone would tell outsiders whose it
 * was. In the order of the decisions, one search at a time, after their answers have left; written as they come, many to
 * a group commit.
 */
export function explainLater(parts: LaterParts): LaterExplanations {
  return new Later(parts);
}

class Later implements LaterExplanations {
  readonly #parts: LaterParts;
  readonly #computer: Computer;
  readonly #writing: Writing;
  #owed: OwedExplanation[] = [];
  #current: OwedExplanation | null = null;
  #running: Promise<void> | null = null;
  #failed = 0;
  #failing: string | null = null;
  #isStopped = false;

  constructor(parts: LaterParts) {
    const { now, sealer, settings, telemetry, waits } = parts;
    this.#parts = parts;
    this.#computer = parts.computer ?? openComputer(settings, (code) => telemetry.alarm(code));
    this.#writing = openWriting({ sealer, telemetry, size: settings.size, now, waits });
    this.#running = this.#recover().then(() => this.#run());
  }

  take(owed: OwedExplanation): void {
    const { settings, telemetry } = this.#parts;
    if (this.#owed.length >= settings.queue * MOST_OWED)
      return telemetry.alarm('COUNTERFACTUAL_QUEUE');
    this.#owed.push(owed);
    this.#running ??= this.#run();
  }

  forget(subject: string): void {
    this.#owed = this.#owed.filter((owed) => owed.subject !== subject);
    // What is being searched or written is refused by the sealer: the person has no key any more.
  }

  owes(decisionId: string): boolean {
    return (
      this.#current?.decisionId === decisionId ||
      this.#writing.holds(decisionId) ||
      this.#owed.some((owed) => owed.decisionId === decisionId)
    );
  }

  status(): ExplanationsStatus {
    const { givenUp, open, written } = this.#writing.status();
    return {
      waiting: this.#owed.length + (this.#current === null ? 0 : 1) + open,
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
    this.#writing.stop();
    await this.#computer.close();
  }

  async #finished(): Promise<void> {
    await this.#running;
    await this.#writing.done();
  }

  /** What a crash, or a stop, left without an entry. */
  async #recover(): Promise<void> {
    const { deployment, isAdverse, sealer } = this.#parts;
    try {
      const left = await unexplainedDecisions(sealer, deployment, isAdverse, (error) =>
        this.#parts.telemetry.alarm(codeOf(error)),
      );
      // Decided meanwhile, and already known to the index.
      const since = new Set(this.#owed.map(({ decisionId }) => decisionId));
      this.#owed = [...left.filter(({ decisionId }) => !since.has(decisionId)), ...this.#owed];
    } catch (error) {
      this.#parts.telemetry.alarm(codeOf(error));
    }
  }

  async #run(): Promise<void> {
    // Answers leave first.
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.#isStopped) {
      await this.#writing.room();
      const next = this.#isStopped ? undefined : this.#owed.shift();
      if (next === undefined) break;
      this.#current = next;
      await this.#explain(next);
      this.#current = null;
    }
    this.#running = null;
  }

  async #explain(owed: OwedExplanation): Promise<void> {
    const outcome = await this.#search(owed);
    // A search that the stop cut short is the next start's.
    if (this.#isStopped) return void this.#owed.unshift(owed);
    const { settings } = this.#parts;
    this.#writing.write({
      owed,
      detail: counterfactualDetail(settings, owed.row, outcome),
      refused: (code) => counterfactualDetail(settings, owed.row, this.#fail(code)),
    });
  }

  async #search(owed: OwedExplanation): Promise<Parameters<typeof counterfactualDetail>[2]> {
    const status = statusWithoutSearch(owed);
    if (status !== null || owed.row === null)
      return { status: status ?? 'not-scored', code: null, found: null };
    if (this.#owed.length >= this.#parts.settings.queue) return this.#fail('COUNTERFACTUAL_QUEUE');
    try {
      const found = await this.#computer.search(owed.row);
      return { status: found.status, code: null, found };
    } catch (error) {
      if (this.#isStopped) return { status: 'failed', code: null, found: null };
      return this.#fail(codeOf(error));
    }
  }

  #fail(given: string): { status: 'failed'; code: string; found: null } {
    const code = given.slice(0, MOST_CODE);
    this.#failed++;
    this.#failing = code;
    this.#parts.telemetry.unexplained(code);
    return { status: 'failed', code, found: null };
  }
}
