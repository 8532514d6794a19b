import { AuditError } from '../errors.ts';
import { wholeSeconds } from '../record/values.ts';
import type { Journal } from './journal.ts';
import type { EpochStart, UnloggedSpan } from './start.ts';

/** What releasing routes let through without a record, until a signed gap entry says so. */
export class Released {
  readonly #start: EpochStart;
  readonly #journal: Journal;
  #unlogged: UnloggedSpan | null;
  #gapWaits = false;

  constructor(start: EpochStart, journal: Journal) {
    this.#start = start;
    this.#journal = journal;
    this.#unlogged = start.unlogged;
  }

  /** Requests that no gap entry tells yet. */
  get count(): number {
    return this.#unlogged?.count ?? 0;
  }

  /** One request was answered without a record. @param at Unix milliseconds */
  noteUnlogged(at: number): void {
    const { count = 0, from = at, to = at } = this.#unlogged ?? {};
    this.#unlogged = { count: count + 1, from: Math.min(from, at), to: Math.max(to, at) };
    this.#start.noteUnlogged(this.#unlogged);
  }

  /** A route that may release begins to. @throws {AuditError} `SPOOL_FULL` */
  noteReleasing(at: number): void {
    try {
      this.#start.noteReleasing(at);
    } catch (cause) {
      throw new AuditError('SPOOL_FULL', { got: 'a disk that takes no mark', cause });
    }
  }

  /** A releasing process that did not end its stream: nobody knows what it let through after its last record. */
  addUnended(now: number): void {
    const { releasedFrom } = this.#start;
    if (releasedFrom === null) return;
    const from = wholeSeconds(releasedFrom);
    const to = wholeSeconds(Math.max(releasedFrom, now));
    this.#journal.addSigned({}, (base) => ({ ...base, type: 'gap', from, to, count: null }));
  }

  /** All that was let through becomes one signed gap entry as soon as the spool takes entries. */
  addGap(): void {
    const gap = this.#unlogged;
    if (gap === null || this.#gapWaits || this.#journal.poisoned) return;
    this.#gapWaits = true;
    const times = { from: wholeSeconds(gap.from), to: wholeSeconds(gap.to), count: gap.count };
    const done = (): void => {
      this.#gapWaits = false;
      this.#unlogged = null;
      this.#start.noteUnlogged(null);
    };
    this.#journal.addSigned({ done }, (base) => ({ ...base, type: 'gap', ...times }));
  }

  /** The commit that held the gap entry failed: it is to be added again. */
  gapLost(): void {
    this.#gapWaits = false;
  }
}
