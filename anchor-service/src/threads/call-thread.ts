import type { Worker } from 'node:worker_threads';
import { ServiceError } from '../errors.ts';
import type { ServiceErrorCode } from '../errors.ts';
import { CLOSE, STARTED, failureOf, nameOf } from './protocol.ts';
import type { Answer, Call } from './protocol.ts';

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** What a call fails with when its thread has ended. */
export interface EndedCodes {
  /** it was not begun */
  before: ServiceErrorCode;
  /** it was under way, and may have happened or not */
  during: ServiceErrorCode;
}

/** Calls that a thread answers. */
export class CallThread {
  readonly started: Promise<unknown>;
  readonly #worker: Worker;
  readonly #codes: EndedCodes;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #next = STARTED + 1;
  #failure: ServiceError | null = null;

  constructor(worker: Worker, codes: EndedCodes) {
    this.#worker = worker;
    this.#codes = codes;
    worker.on('message', (answer: Answer) => this.#receive(answer));
    worker.on('error', (cause) => this.#fail(`${nameOf(cause)} of its thread`, cause));
    this.#ended = new Promise((resolve) => {
      worker.on('exit', (code) => {
        this.#fail(`exit ${code} of its thread`);
        resolve();
      });
    });
    this.started = this.#answerTo(STARTED);
  }

  ask(
    method: string,
    values: readonly unknown[],
    buffers: readonly ArrayBuffer[] = [],
  ): Promise<unknown> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const call: Call = { id: this.#next++, method, values };
    this.#worker.postMessage(call, buffers);
    return this.#answerTo(call.id);
  }

  async close(): Promise<void> {
    if (this.#failure !== null) return;
    await this.ask(CLOSE, []);
    this.#worker.ref();
    await this.#ended;
  }

  /** A process does not stay for a thread that nobody waits for. */
  #answerTo(id: number): Promise<unknown> {
    this.#worker.ref();
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #receive(answer: Answer): void {
    const asked = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ('failure' in answer) asked?.reject(failureOf(answer.failure));
    else asked?.resolve(answer.value);
  }

  #fail(got: string, cause?: unknown): void {
    const { before, during } = this.#codes;
    this.#failure ??= new ServiceError(before, { got, cause });
    for (const [id, { reject }] of this.#waiting)
      reject(id === STARTED ? this.#failure : new ServiceError(during, { got, cause }));
    this.#waiting.clear();
  }
}
