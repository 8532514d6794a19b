/**
 * Who can stop automated decisions: an operator's switch, a supervisor, a flag on a chain. It says
 * what it knows now; where a chain is asked, a halt counts from the latest block and its end only
 * from a finalized one, so that no reorganization lifts a halt.
 */
export interface HaltSource {
  halted(): Promise<boolean>;
}

export interface HaltOptions {
  source: HaltSource;
  /** an answer older than this is none, and without one everything counts as halted; 60,000 by default */
  maxAgeMs?: number;
  /** from one answer to the next question; 5,000 by default */
  pollMs?: number;
}

export interface HaltStatus {
  /** 'unknown': the source has not answered in time, which counts as halted */
  state: 'running' | 'halted' | 'unknown';
  /** since the question was asked that the newest answer belongs to; null before the first */
  ageMs: number | null;
}

/** Knows whether decisions are halted, as of its newest answer. */
export interface HaltWatch {
  /** Resolves with the first answer, or when it is not there after one `pollMs`. */
  readonly ready: Promise<void>;
  halted(): boolean;
  /** null without a source */
  status(): HaltStatus | null;
  close(): void;
}

const MAX_AGE_MS = 60_000;
const POLL_MS = 5000;

/** @param clock  milliseconds that only go forward */
export function watchHalt(
  options: HaltOptions | undefined,
  clock: () => number = () => performance.now(),
): HaltWatch {
  return options === undefined ? neverHalted : new PolledHalt(options, clock);
}

const neverHalted: HaltWatch = {
  ready: Promise.resolve(),
  halted: () => false,
  status: () => null,
  close: () => undefined,
};

class PolledHalt implements HaltWatch {
  readonly ready: Promise<void>;
  readonly #source: HaltSource;
  readonly #maxAgeMs: number;
  readonly #pollMs: number;
  readonly #clock: () => number;
  readonly #ended = new AbortController();
  #known: { halted: boolean; askedAt: number } | null = null;

  constructor({ source, maxAgeMs, pollMs }: HaltOptions, clock: () => number) {
    this.#source = source;
    this.#maxAgeMs = maxAgeMs ?? MAX_AGE_MS;
    this.#pollMs = pollMs ?? POLL_MS;
    this.#clock = clock;
    const first = this.#ask();
    this.ready = Promise.race([first, pause(this.#pollMs, this.#ended.signal)]);
    void this.#poll(first);
  }

  halted(): boolean {
    return this.status().state !== 'running';
  }

  status(): HaltStatus {
    if (this.#known === null) return { state: 'unknown', ageMs: null };
    const ageMs = this.#clock() - this.#known.askedAt;
    if (ageMs > this.#maxAgeMs) return { state: 'unknown', ageMs };
    return { state: this.#known.halted ? 'halted' : 'running', ageMs };
  }

  close(): void {
    this.#ended.abort();
  }

  /** One question at a time; one that is not answered within the greatest age is given up. */
  async #poll(first: Promise<void>): Promise<void> {
    const { signal } = this.#ended;
    for (let asked = first; !signal.aborted; asked = this.#ask()) {
      await Promise.race([asked, pause(this.#maxAgeMs, signal)]);
      await pause(this.#pollMs, signal);
    }
  }

  async #ask(): Promise<void> {
    const askedAt = this.#clock();
    try {
      const halted: unknown = await this.#source.halted();
      // Anything but a plain no is a yes. An answer to an older question says nothing new.
      if (this.#known === null || askedAt >= this.#known.askedAt)
        this.#known = { halted: halted !== false, askedAt };
    } catch {
      // No answer: the last one ages.
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    timer.unref();
    signal.addEventListener('abort', done);
  });
}
