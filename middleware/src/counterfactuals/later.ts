import { codeOf } from '../decision.ts';
import type { Sealer } from '../sealing/sealer.ts';
import type { Telemetry } from '../telemetry.ts';
import { openComputer } from './computer.ts';
import type { Computer } from './computer.ts';
import { counterfactualDetail, statusWithoutSearch } from './detail.ts';
import type { DecidedFacts } from './detail.ts';
import type { CounterfactualSettings } from './options.ts';
import { unexplainedDecisions } from './unexplained.ts';

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
}

/** Explanations that follow their decisions. */
export interface LaterExplanations {
  take(owed: OwedExplanation): void;
  /** Whether this decision's entry is still to be written by this process. */
  owes(decisionId: string): boolean;
  /** Nothing about this person is written any more. */
  forget(subject: string): void;
  status(): ExplanationsStatus;
  /** Searches go on for so long; what is left then gets entries that say so. */
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
}

/** So many times the queue may be owed an entry without a search; beyond, the next start finds them. */
const MOST_OWED = 10;
const RETRY_MS = 1_000;
/** The record is not wanted any more, or there is nothing it could be about. */
const FINAL = ['DECISION_ERASED', 'DECISION_UNKNOWN', 'AUDIT_CLOSED', 'RECORD_SIZE'];

/**
 * One entry after every decision, whatever its outcome: entries after adverse ones alone would tell outsiders whose it
 * was. In the order of the decisions, one search at a time, after their answers have left.
 */
export function explainLater(parts: LaterParts): LaterExplanations {
  return new Later(parts);
}

class Later implements LaterExplanations {
  readonly #parts: LaterParts;
  readonly #computer: Computer;
  #owed: OwedExplanation[] = [];
  #current: OwedExplanation | null = null;
  #running: Promise<void> | null = null;
  #written = 0;
  #failed = 0;
  #failing: string | null = null;
  #stopped = false;
  #wake: () => void = () => undefined;

  constructor(parts: LaterParts) {
    this.#parts = parts;
    this.#computer = parts.computer ?? openComputer(parts.settings);
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
    // What is being searched is refused by the sealer: the person has no key any more.
  }

  owes(decisionId: string): boolean {
    return (
      this.#current?.decisionId === decisionId ||
      this.#owed.some((owed) => owed.decisionId === decisionId)
    );
  }

  status(): ExplanationsStatus {
    return {
      waiting: this.#owed.length + (this.#current === null ? 0 : 1),
      written: this.#written,
      failed: this.#failed,
      failing: this.#failing,
    };
  }

  async close(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this.#stop(), timeoutMs);
    await this.#running;
    clearTimeout(timer);
    await this.#computer.close();
  }

  #stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  /** What a crash left without an entry. */
  async #recover(): Promise<void> {
    const { deployment, isAdverse, sealer } = this.#parts;
    try {
      const since = this.#owed;
      this.#owed = await unexplainedDecisions(sealer, deployment, isAdverse, (error) =>
        this.#parts.telemetry.alarm(codeOf(error)),
      );
      for (const owed of since) this.#owed.push(owed);
    } catch (error) {
      this.#parts.telemetry.alarm(codeOf(error));
    }
  }

  async #run(): Promise<void> {
    // Answers leave first.
    await new Promise((resolve) => setImmediate(resolve));
    for (let next = this.#owed.shift(); next !== undefined; next = this.#owed.shift()) {
      this.#current = next;
      if (!(await this.#write(next))) {
        this.#owed.unshift(next);
        if (this.#stopped) break;
        await this.#pause();
      }
      this.#current = null;
    }
    this.#current = null;
    this.#running = null;
  }

  /** @returns false when the entry could not be written and is to be tried again */
  async #write(owed: OwedExplanation): Promise<boolean> {
    const { now, sealer, settings, telemetry } = this.#parts;
    const { decidedAt, decisionId } = owed;
    const detail = counterfactualDetail(settings, owed.row, await this.#search(owed));
    const at = new Date(now()).toISOString();
    try {
      const stated = JSON.stringify({ at, kind: 'counterfactuals', detail });
      await sealer.seal({ kind: 'explanation', decisionId, stated });
      this.#written++;
      telemetry.explained(now() - decidedAt);
      return true;
    } catch (error) {
      const code = codeOf(error);
      telemetry.unloggable(code);
      return FINAL.includes(code);
    }
  }

  async #search(owed: OwedExplanation): Promise<Parameters<typeof counterfactualDetail>[2]> {
    const status = statusWithoutSearch(owed);
    if (status !== null || owed.row === null)
      return { status: status ?? 'not-scored', code: null, found: null };
    if (this.#stopped) return this.#fail('COUNTERFACTUAL_STOPPED');
    if (this.#owed.length >= this.#parts.settings.queue) return this.#fail('COUNTERFACTUAL_QUEUE');
    try {
      const found = await this.#computer.search(owed.row);
      return { status: found.status, code: null, found };
    } catch (error) {
      return this.#fail(codeOf(error));
    }
  }

  #fail(code: string): { status: 'failed'; code: string; found: null } {
    this.#failed++;
    this.#failing = code;
    this.#parts.telemetry.unexplained(code);
    return { status: 'failed', code, found: null };
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
