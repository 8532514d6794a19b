import type { Entry, Writing } from './writing.ts';

/** An entry, and the beat in which its decision was taken up. */
export interface TimedEntry {
  entry: Entry;
  beat: number;
}

/**
 * Lets entries go on a fixed beat, in order, together: all those whose decisions were taken up before the beat before. So
 * when an entry comes says nothing of how long its search took, as long as searches are no more than a beat behind.
 */
export interface Beat {
  /** number of the current beat */
  readonly current: number;
  /** entries that wait */
  readonly count: number;
  holds(decisionId: string): boolean;
  add(timed: TimedEntry): void;
  /** Resolves when another one may be added. */
  room(): Promise<void>;
  /** From now on everything goes at once. Resolves when nothing waits. */
  end(): Promise<void>;
  stop(): void;
}

export interface BeatParts {
  writing: Pick<Writing, 'room' | 'write'>;
  everyMs: number;
  /** so many may wait */
  most: number;
}

export function startBeat(parts: BeatParts): Beat {
  return new SteadyBeat(parts);
}

class SteadyBeat implements Beat {
  current = 0;
  readonly #parts: BeatParts;
  readonly #timer: NodeJS.Timeout;
  /** by decision, in the order in which they go */
  readonly #waiting = new Map<string, TimedEntry>();
  #releasing = Promise.resolve();
  #isEnding = false;
  #isStopped = false;
  #onRoom: () => void = () => undefined;

  constructor(parts: BeatParts) {
    this.#parts = parts;
    // Never begun by what it lets go: else the wait would tell when that was ready.
    this.#timer = setInterval(() => {
      this.current++;
      void this.#release(this.current - 1);
    }, parts.everyMs).unref();
  }

  get count(): number {
    return this.#waiting.size;
  }

  holds(decisionId: string): boolean {
    return this.#waiting.has(decisionId);
  }

  add(timed: TimedEntry): void {
    this.#waiting.set(timed.entry.owed.decisionId, timed);
    if (this.#isEnding) void this.#release(Infinity);
  }

  async room(): Promise<void> {
    while (this.#waiting.size >= this.#parts.most && !this.#isStopped)
      await new Promise<void>((resolve) => (this.#onRoom = resolve));
  }

  end(): Promise<void> {
    this.#isEnding = true;
    return this.#release(Infinity);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#isStopped = true;
    this.#onRoom();
  }

  /** All from before this beat, up to the first that is not; one release after another, so that their order stands. */
  #release(before: number): Promise<void> {
    return (this.#releasing = this.#releasing.then(() => this.#letGo(before)));
  }

  async #letGo(before: number): Promise<void> {
    const { writing } = this.#parts;
    for (const [decisionId, { beat, entry }] of this.#waiting) {
      if (beat >= before) return;
      await writing.room();
      if (this.#isStopped) return;
      this.#waiting.delete(decisionId);
      writing.write(entry);
      this.#onRoom();
    }
  }
}
