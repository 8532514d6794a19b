import type { ChainHead } from '../chain/port.ts';
import { alignmentOf } from './size.ts';

export interface ScheduleOptions {
  /** Unix milliseconds */
  clock: () => number;
  minAdvanceIntervalMs: number;
  /** 0: everything goes with each step */
  deadlineMs: number;
  resendAfterMs: number;
}

/** What was sent last, so that a slow block is not answered with a second transaction. */
interface Sent {
  from: number;
  to: number;
  /** newest signed size then */
  signedSize: number;
  at: number;
}

/**
 * When to send, and how much: the last advance is the contract's own, so that a restart neither hurries nor waits twice. The
 * chain's clock and ours may differ by seconds, intervals are minutes.
 */
export class Schedule {
  readonly #options: ScheduleOptions;
  #sent: Sent | null = null;
  #mustBeWhole = false;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  next(latest: ChainHead, signedSize: number): 'wait' | 'aligned' | 'whole' {
    const { clock, minAdvanceIntervalMs, deadlineMs, resendAfterMs } = this.#options;
    const sent = this.#sent;
    if (sent !== null) {
      const least = sent.from === latest.size ? resendAfterMs : minAdvanceIntervalMs;
      if (clock() - sent.at < least) return 'wait';
    }
    // Genesis alone is there since the deployment, which anchored nothing.
    const waited = latest.size === 1 ? Infinity : clock() - latest.advancedAt;
    if (waited < minAdvanceIntervalMs) return 'wait';
    if (waited >= deadlineMs || this.#mustBeWhole) return 'whole';
    // What an aligned step left waits for more, or for the deadline.
    return sent?.to === latest.size && sent.signedSize === signedSize ? 'wait' : 'aligned';
  }

  /** Which multiples the log should sign on its way, while the next step comes near: its size is one of the last quarter. */
  alignment(latest: ChainHead, signedSize: number): number {
    const { clock, minAdvanceIntervalMs, deadlineMs } = this.#options;
    const waited = clock() - latest.advancedAt;
    const pending = signedSize - latest.size;
    if (deadlineMs === 0 || pending < 1 || waited < 0.75 * minAdvanceIntervalMs) return 1;
    const expected = pending * Math.max(1, minAdvanceIntervalMs / waited);
    return alignmentOf(expected);
  }

  /** @param from  size on the chain before */
  sent(from: number, to: number, signedSize: number): void {
    this.#sent = { from, to, signedSize, at: this.#options.clock() };
    this.#mustBeWhole = false;
  }

  /** The countersigner signed a larger size before: the newest is never smaller than that. */
  goWhole(): void {
    this.#mustBeWhole = true;
  }
}
