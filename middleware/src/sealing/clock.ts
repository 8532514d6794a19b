import { AuditError } from '../errors.ts';

/**
 * The clock that entries and promises are dated by, watched by one that only goes forward. Set back while
 * the process runs, it would sign promises into the past and lengthen what they allow; set ahead and back again it is
 * where it was.
 */
export class WatchedClock {
  readonly #now: () => number;
  readonly #uptime: () => number;
  readonly #toleranceMs: number;
  readonly #base: number;

  constructor(now: () => number, uptime: () => number, toleranceMs: number) {
    this.#now = now;
    this.#uptime = uptime;
    this.#toleranceMs = toleranceMs;
    this.#base = now() - uptime();
  }

  /** How far it is behind where it would be by now, had nobody set it. */
  get behindMs(): number {
    return Math.max(0, Math.round(this.#base + this.#uptime() - this.#now()));
  }

  get isRegressed(): boolean {
    return this.behindMs > this.#toleranceMs;
  }

  /** @throws {AuditError} `CLOCK_REGRESSED` */
  check(): void {
    if (this.isRegressed)
      throw new AuditError('CLOCK_REGRESSED', {
        got: `a clock ${Math.round(this.behindMs / 1000)} s behind`,
        want: `at most ${this.#toleranceMs / 1000} s`,
      });
  }
}
