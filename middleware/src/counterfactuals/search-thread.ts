import { Worker } from 'node:worker_threads';
import type { Counterfactuals } from '@showcause/explain';
import { AuditError, errorFrom } from '../errors.ts';
import type { ErrorReport } from '../errors.ts';
import type { Computer } from './computer.ts';
import type { CounterfactualSettings } from './options.ts';

/** What the thread says: once that its model is loaded, then an answer to each row. */
export type FromThread = { ready: true } | { found: Counterfactuals } | { refused: ErrorReport };

/** A thread that has not loaded its model by then is given up. */
const START_WITHIN_MS = 30_000;

/** Searches on a thread of its own. One that takes too long is ended with its thread; the next one begins another. */
export function threadComputer(
  { task, timeMs }: Pick<CounterfactualSettings, 'task' | 'timeMs'>,
  script: URL,
): Computer {
  let thread: SearchThread | null = null;
  const given = async <T>(answer: Promise<T>, by: SearchThread): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      if (by.isOver && thread === by) thread = null;
      throw error;
    }
  };
  return {
    async search(row) {
      const current = (thread ??= new SearchThread(script, task));
      // The time is the search's alone: a machine that is slow to begin a thread does not use it up.
      await given(current.ready, current);
      return given(current.search(row, timeMs), current);
    },
    async close() {
      await thread?.end();
      thread = null;
    },
  };
}

interface Waiting {
  readonly resolve: (answer: FromThread) => void;
  readonly reject: (error: Error) => void;
}

class SearchThread {
  readonly ready: Promise<unknown>;
  readonly #worker: Worker;
  #waiting: Waiting | null = null;
  #isOver = false;

  constructor(script: URL, task: CounterfactualSettings['task']) {
    this.#worker = new Worker(script, { workerData: task, name: 'showcause-counterfactuals' });
    this.#worker.unref();
    this.#worker.on('message', (said: FromThread) => this.#settle(({ resolve }) => resolve(said)));
    this.#worker.on('error', (error: Error) => this.#fail(error));
    this.ready = this.#next(START_WITHIN_MS);
    this.ready.catch(() => undefined);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  async search(row: Float64Array, timeMs: number): Promise<Counterfactuals> {
    const answer = this.#next(timeMs);
    this.#worker.postMessage(row);
    const said = await answer;
    if ('found' in said) return said.found;
    if ('refused' in said) throw errorFrom(said.refused);
    throw new TypeError('the thread began twice');
  }

  /** Whoever waits for an answer is told that none comes. */
  async end(
    why: Error = new AuditError('AUDIT_CLOSED', { got: 'a search under way' }),
  ): Promise<void> {
    this.#isOver = true;
    this.#settle(({ reject }) => reject(why));
    await this.#worker.terminate();
  }

  #next(timeMs: number): Promise<FromThread> {
    return new Promise<FromThread>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          this.#fail(new AuditError('COUNTERFACTUAL_TIMEOUT', { got: `more than ${timeMs} ms` })),
        timeMs,
      );
      const done = <T>(settle: (value: T) => void) => {
        return (value: T): void => {
          clearTimeout(timer);
          settle(value);
        };
      };
      this.#waiting = { resolve: done(resolve), reject: done(reject) };
    });
  }

  #fail(error: Error): void {
    void this.end(error);
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting !== null) how(waiting);
  }
}
