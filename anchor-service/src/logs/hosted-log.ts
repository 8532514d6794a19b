import { pause, within } from '../pause.ts';
import type { Logger } from '../ports.ts';
import { isMisconfigured, mayRestart, rootCodeOf } from './fate.ts';
import type { RunningLog, WorkStatus } from './running-log.ts';

/**
 * `standby`: another instance holds the log. `restarting`: it failed and begins again by itself. `refused`: somebody has to
 * look. `failed`: the process has to be started again.
 */
export const logStates = [
  'starting',
  'standby',
  'running',
  'restarting',
  'refused',
  'failed',
  'stopping',
  'stopped',
] as const;
export type LogState = (typeof logStates)[number];

export interface LogStatus extends WorkStatus {
  state: LogState;
  /** why it does not run */
  code: string | null;
}

export interface StartHooks {
  /** of all starts of this process: what somebody asked for once is done once */
  isFirst: boolean;
  signal: AbortSignal;
  onStandby: () => void;
}

export interface HostedLogOptions {
  logger: Logger;
  /** Begins to work on the log. */
  start: (hooks: StartHooks) => Promise<RunningLog>;
  /**
   * `restarts`: a log that failed begins again by itself, and whatever happens to it is its own affair. `ends`: the process
   * has this log alone, so that its failure is the process's, whose next start is a fresh one.
   */
  failure: 'restarts' | 'ends';
  onState?: (state: LogState) => void;
}

export const FIRST_BACKOFF_MS = 500;
const CLOSE_WITHIN_MS = 10_000;
const LONGEST_BACKOFF_MS = 60_000;
/** A log that ran for so long begins with the shortest pause again. */
const SETTLED_MS = 60_000;

const nothing: WorkStatus = {
  size: 0,
  signedSize: 0,
  sequencing: 'stopped',
  publishing: 'stopped',
  source: 'whole',
  sourceCodes: [],
  anchoring: 'off',
  anchoredSize: 0,
  anchor: null,
  waitingMessages: 0,
};

/** One log of a service over all its starts. Its end never touches the other logs. */
export class HostedLog {
  /** Resolves when the log runs, was refused or will be tried again; rejects when its failure is the service's. */
  readonly begun: Promise<void>;
  /** Rejects when the process must be started again; resolves when it was closed. */
  readonly done: Promise<void>;
  readonly #options: HostedLogOptions;
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;
  #state: LogState = 'starting';
  #code: string | null = null;
  #running: RunningLog | null = null;
  #go: () => void = () => undefined;
  #begin: () => void = () => undefined;
  #closed: Promise<void> | null = null;
  #isEnding = false;
  #isFirst = true;

  constructor(options: HostedLogOptions) {
    this.#options = options;
    const started = new Promise<void>((resolve) => (this.#go = resolve));
    const begun = new Promise<void>((resolve) => (this.#begin = resolve));
    const loop = started.then(() => this.#loop());
    this.#ended = loop.catch(() => undefined);
    this.done = loop.then(() => this.#untilClosed());
    this.done.catch(() => undefined);
    this.begun = Promise.race([begun, loop]);
    this.begun.catch(() => undefined);
  }

  start(): void {
    this.#go();
  }

  status(): LogStatus {
    return { state: this.#state, code: this.#code, ...(this.#running?.status() ?? nothing) };
  }

  /** Ready when its readers get all that they should, and whatever is accepted comes into the log. */
  isReady(): boolean {
    const { state, sequencing, publishing, source, anchoring } = this.status();
    return (
      state === 'running' &&
      sequencing === 'running' &&
      publishing === 'running' &&
      // Without the broker readers are served all the same, and the spools wait.
      (source === 'whole' || source === 'away') &&
      anchoring !== 'failed'
    );
  }

  /** Whether its end was announced, whatever state it is in. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** No longer ready; nothing else changes yet. */
  announceEnd(): void {
    this.#isEnding = true;
    if (this.#state !== 'refused' && this.#state !== 'failed') this.#become('stopping');
  }

  /** Asks for the end and does not wait for it: whoever closes is told how it went. */
  stop(): void {
    this.close().catch(() => undefined);
  }

  /** Finishes what was read, publishes it, and ends. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.announceEnd();
    this.#closing.abort();
    this.#go();
    await this.#running?.close();
    await this.#ended;
    // A start that was under way has come to its end only now.
    await this.#running?.close();
    if (this.#state === 'stopping') this.#become('stopped');
  }

  /** Those who were refused wait for the end as those who run do. */
  async #untilClosed(): Promise<void> {
    const { signal } = this.#closing;
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }

  async #loop(): Promise<void> {
    let backoff = FIRST_BACKOFF_MS;
    while (!this.#closing.signal.aborted) {
      const startedAt = performance.now();
      const failure = await this.#once();
      if (failure === null) return;
      if (this.#closing.signal.aborted) return;
      if (performance.now() - startedAt > SETTLED_MS) backoff = FIRST_BACKOFF_MS;
      if (!(await this.#goesOn(failure))) return;
      await pause(backoff, this.#closing.signal);
      backoff = Math.min(2 * backoff, LONGEST_BACKOFF_MS);
      if (!this.#closing.signal.aborted) this.#become('starting', this.#code);
    }
  }

  /** One start and what comes of it. @returns null when it was closed */
  async #once(): Promise<{ error: unknown; hasRun: boolean } | null> {
    let running: RunningLog;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    try {
      running = await this.#options.start({
        isFirst,
        signal: this.#closing.signal,
        onStandby: () => {
          this.#become('standby');
          if (this.#options.failure === 'restarts') this.#begin();
        },
      });
    } catch (error) {
      return { error, hasRun: false };
    }
    this.#running = running;
    if (this.#closing.signal.aborted) return null;
    this.#become('running');
    this.#begin();
    try {
      await running.done;
      return null;
    } catch (error) {
      return { error, hasRun: true };
    }
  }

  /** What a failure leads to. @returns whether the log is started again @throws when the process should be */
  async #goesOn({ error, hasRun }: { error: unknown; hasRun: boolean }): Promise<boolean> {
    const code = rootCodeOf(error);
    const { failure, logger } = this.#options;
    const isOwnEnd = failure === 'ends' && (hasRun || mayRestart(code) || isMisconfigured(code));
    const state = isOwnEnd ? 'failed' : mayRestart(code) ? 'restarting' : 'refused';
    const said = error instanceof Error ? error.message : 'failed';
    logger.error({ code, state }, said);
    this.#become(state, code);
    if (isOwnEnd) throw error;
    // Its lock and its lease are free before it begins again; something that hangs does not hold it up for ever.
    const ended = this.#running?.close();
    this.#running = null;
    await within(CLOSE_WITHIN_MS, ended);
    this.#begin();
    return state === 'restarting';
  }

  #become(state: LogState, code: string | null = null): void {
    if (this.#state === 'stopping' && state !== 'stopped') return;
    this.#state = state;
    this.#code = code;
    this.#options.onState?.(state);
  }
}
