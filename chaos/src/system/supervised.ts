import { setTimeout } from 'node:timers/promises';
import type { Exit, ProcessOptions, Processes, RunningProcess } from '@showcause/parts';

export interface PastExit extends Exit {
  /** Unix ms */
  at: number;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2_000;
/** A process that lived so long is started again at once. */
const HEALTHY_MS = 5_000;

/** One process that is started again whenever it ends, as an operator's supervisor does, unless it is held. */
export class Supervised {
  readonly exits: PastExit[] = [];
  readonly #processes: Processes;
  readonly #options: () => ProcessOptions;
  #running: RunningProcess | null = null;
  #held = false;
  #stopped = false;
  #waitMs = FIRST_WAIT_MS;
  #changed = new AbortController();
  readonly #loop: Promise<void>;

  constructor(processes: Processes, options: () => ProcessOptions) {
    this.#processes = processes;
    this.#options = options;
    this.#loop = this.#keep();
  }

  get pid(): number | null {
    return this.#running?.pid ?? null;
  }

  signal(signal: NodeJS.Signals): void {
    this.#running?.signal(signal);
  }

  /** kill -9; it is started again at once. */
  kill(): void {
    this.#waitMs = FIRST_WAIT_MS;
    this.signal('SIGKILL');
  }

  /** Resolves when a process is there; it may not listen yet. */
  async spawned(): Promise<void> {
    while (this.#running === null) await setTimeout(5);
  }

  /** Ends it and keeps it down until `release`. */
  async hold(signal: NodeJS.Signals, withinMs = 30_000): Promise<void> {
    this.#held = true;
    const running = this.#running;
    if (running === null) return;
    running.signal('SIGCONT');
    running.signal(signal);
    const patience = new AbortController();
    const tooLate = setTimeout(withinMs, true, { signal: patience.signal }).catch(() => false);
    if (await Promise.race([running.exited.then(() => false), tooLate])) running.signal('SIGKILL');
    patience.abort();
    await running.exited;
    while (this.#running !== null) await setTimeout(5);
  }

  release(): void {
    this.#held = false;
    this.#waitMs = FIRST_WAIT_MS;
    this.#changed.abort();
    this.#changed = new AbortController();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.release();
    await this.hold('SIGTERM');
    this.release();
    await this.#loop;
  }

  async #keep(): Promise<void> {
    while (!this.#stopped) {
      if (this.#held) {
        await setTimeout(5);
        continue;
      }
      const began = Date.now();
      await this.#once();
      if (Date.now() - began > HEALTHY_MS) this.#waitMs = FIRST_WAIT_MS;
      await setTimeout(this.#waitMs, undefined, { signal: this.#changed.signal }).catch(() => null);
      this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
    }
  }

  async #once(): Promise<void> {
    const running = await this.#processes.start(this.#options());
    this.#processes.expectExit(running);
    this.#running = running;
    const exit = await running.exited;
    this.#running = null;
    this.exits.push({ ...exit, at: Date.now() });
  }
}
