import { isoTime } from '../time.ts';
import type { Findings } from './findings.ts';

/** How long a decision may take to reach the log: the promise's default `mergeBy`. Seconds. */
export const INTENT_SECONDS = 24 * 60 * 60;
const MAX_OPEN = 1_000_000;
/** Listed for one producer; all of them count. */
const MAX_LISTED = 1000;

interface Waiting {
  producer: string;
  index: number;
  /** Unix seconds */
  time: number;
}

/** The open intents of one producer. */
export interface OpenIntents {
  count: number;
  listed: { index: number; /** Unix seconds */ due: number }[];
}

/** Pairs intents with decisions. Memory grows with the open ones only. */
export class Intents {
  readonly #open = new Map<string, Waiting>();
  /** decisions that came before their intent, which a hole may still hold */
  readonly #early = new Map<string, Waiting>();
  readonly #findings: Findings;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** @param leaf hex, of the intent */
  intent(leaf: string, waiting: Waiting): void {
    const early = this.#early.get(leaf);
    if (early !== undefined) {
      this.#early.delete(leaf);
      this.#pair(waiting, early);
    } else this.#hold(this.#open, leaf, waiting);
  }

  /** @param intent hex, as the decision names it */
  decision(intent: string, decision: Waiting): void {
    const open = this.#open.get(intent);
    if (open !== undefined) {
      this.#open.delete(intent);
      this.#pair(open, decision);
    } else if (this.#early.has(intent)) this.#unpaired(decision);
    else this.#hold(this.#early, intent, decision);
  }

  /** Open intents by producer. */
  open(): ReadonlyMap<string, OpenIntents> {
    const open = new Map<string, OpenIntents>();
    for (const { producer, index, time } of this.#open.values()) {
      const known = open.get(producer) ?? { count: 0, listed: [] };
      open.set(producer, known);
      known.count++;
      if (known.listed.length < MAX_LISTED)
        known.listed.push({ index, due: time + INTENT_SECONDS });
    }
    return open;
  }

  /** @param now Unix seconds */
  finish(complete: boolean, now: number): void {
    for (const { producer, index, time } of this.#open.values()) {
      const what = `intent of ${producer} at index ${index} has no decision`;
      const due = time + INTENT_SECONDS;
      if (complete && now > due) this.#findings.refuted('log-intents', 'VERIFY_INTENT', what);
      else this.#findings.open('log-intents', 'VERIFY_INTENT', `${what}; due ${isoTime(due)}`);
    }
    for (const decision of this.#early.values()) this.#unpaired(decision);
  }

  #pair(intent: Waiting, decision: Waiting): void {
    if (intent.producer !== decision.producer)
      this.#findings.refuted(
        'log-intents',
        'VERIFY_INTENT',
        `decision of ${decision.producer} at index ${decision.index} takes the intent of ${intent.producer}`,
      );
  }

  #unpaired({ producer, index }: Waiting): void {
    this.#findings.refuted(
      'log-intents',
      'VERIFY_INTENT',
      `decision of ${producer} at index ${index} has no open intent`,
    );
  }

  #hold(waiting: Map<string, Waiting>, leaf: string, one: Waiting): void {
    if (waiting.size < MAX_OPEN) waiting.set(leaf, one);
    else this.#findings.open('log-intents', 'VERIFY_LIMIT', `more than ${MAX_OPEN} open intents`);
  }
}
