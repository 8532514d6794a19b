import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ServiceError } from '../errors.ts';
import type { Store } from '../ports.ts';
import { RecentLeaves } from '../recent-leaves.ts';
import { buffersOf, packChange } from '../sqlite/packed-change.ts';
import { STARTED, failureOf, nameOf } from '../sqlite/thread-protocol.ts';
import type { StoreAnswer, StoreCall, StoreThreadStart } from '../sqlite/thread-protocol.ts';
import { openSqliteStore } from './store-sqlite.ts';

const compiled = new URL('./sqlite-thread.js', import.meta.url);
/** What a transaction is unpacked to is garbage after it: a larger heap would only be memory that comes late and stays. */
const resourceLimits = { maxYoungGenerationSizeMb: 16 };

/**
 * The SQLite store on a thread of its own, where the compiled thread lies beside this file; where the package runs from
 * source, on the caller's. A transaction and its sync then hold up nobody who does not wait for them.
 * @throws {ServiceError} as {@link openSqliteStore}
 */
export async function openThreadedSqliteStore(path: string, script = compiled): Promise<Store> {
  if (!existsSync(fileURLToPath(script))) return openSqliteStore(path);
  const workerData: StoreThreadStart = { path };
  const thread = new StoreThread(
    new Worker(script, { workerData, resourceLimits, name: 'showcause-store' }),
  );
  await thread.started;
  return storeOf(thread);
}

function storeOf(thread: StoreThread): Store {
  const forward = <M extends keyof Store>(method: M): Store[M] =>
    ((...values: unknown[]) => thread.ask(method, values)) as Store[M];
  const recent = new RecentLeaves();
  const readLeaves = forward('leaves');
  let closed: Promise<void> | null = null;
  return {
    async commit(change) {
      const packed = packChange(change);
      await thread.ask('commit', [packed], buffersOf(packed));
      recent.add(change.leaves);
    },
    leaves: async (from, count) => recent.read(from, count) ?? readLeaves(from, count),
    close: () => (closed ??= thread.close()),
    takeLease: forward('takeLease'),
    head: forward('head'),
    leafAt: forward('leafAt'),
    hashesAt: forward('hashesAt'),
    indexOf: forward('indexOf'),
    registrations: forward('registrations'),
    epochs: forward('epochs'),
    promiseOf: forward('promiseOf'),
    sealed: forward('sealed'),
    cursor: forward('cursor'),
    isQuarantined: forward('isQuarantined'),
    quarantinedBytes: forward('quarantinedBytes'),
    quarantineCounts: forward('quarantineCounts'),
    addCheckpoint: forward('addCheckpoint'),
    newestCheckpoint: forward('newestCheckpoint'),
    checkpointOf: forward('checkpointOf'),
    addAnchor: forward('addAnchor'),
    newestAnchor: forward('newestAnchor'),
    anchoredSizes: forward('anchoredSizes'),
  };
}

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** Calls that are answered in their order. Once the thread ended, whatever was under way may have happened or not. */
class StoreThread {
  readonly started: Promise<unknown>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  #next = STARTED + 1;
  #failure: ServiceError | null = null;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (answer: StoreAnswer) => this.#receive(answer));
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
    method: StoreCall['method'],
    values: StoreCall['values'],
    buffers: ArrayBuffer[] = [],
  ): Promise<unknown> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const call: StoreCall = { id: this.#next++, method, values };
    this.#worker.postMessage(call, buffers);
    return this.#answerTo(call.id);
  }

  async close(): Promise<void> {
    if (this.#failure !== null) return;
    await this.ask('close', []);
    this.#worker.ref();
    await this.#ended;
  }

  /** A process does not stay for a store that nobody waits for. */
  #answerTo(id: number): Promise<unknown> {
    this.#worker.ref();
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #receive(answer: StoreAnswer): void {
    const asked = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ('failure' in answer) asked?.reject(failureOf(answer.failure));
    else asked?.resolve(answer.value);
  }

  /** What was under way may be durable or not; what comes later was not begun. */
  #fail(got: string, cause?: unknown): void {
    this.#failure ??= new ServiceError('STORE_FAILED', { got, cause });
    for (const [id, { reject }] of this.#waiting)
      reject(id === STARTED ? this.#failure : new ServiceError('STORE_UNKNOWN', { got, cause }));
    this.#waiting.clear();
  }
}
