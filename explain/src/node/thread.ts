import { Worker } from 'node:worker_threads';
import type { ExplanationArrays } from '../batch/arrays.ts';
import { ExplainError } from '../errors.ts';
import { fromWire } from './wire.ts';
import type { FromWorker, ToWorker, WorkerFacts, WorkerStart } from './wire.ts';

interface Waiting {
  readonly first: number;
  readonly resolve: (arrays: ExplanationArrays) => void;
  readonly reject: (error: Error) => void;
}

/** One worker thread. However it ends, nobody waits for it in vain. */
export class ExplainerThread {
  /** rejects with the refusal of the model, or EXPLAIN_WORKER */
  readonly ready: Promise<WorkerFacts>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #ended: ExplainError | null = null;

  constructor(script: URL, start: WorkerStart) {
    this.#worker = new Worker(script, { workerData: start, name: 'showcause-explain' });
    this.ready = new Promise((resolve, reject) => {
      const end = (got: string, cause?: unknown): void => {
        this.#ended ??= new ExplainError('EXPLAIN_WORKER', { got, cause });
        reject(this.#ended);
        for (const { reject: refuse } of this.#waiting.values()) refuse(this.#ended);
        this.#waiting.clear();
      };
      this.#worker.on('error', (cause) => end('an error in it', cause));
      this.#worker.on('messageerror', (cause) => end('an answer that could not be read', cause));
      this.#worker.on('exit', (code) => end(`its exit with ${code}`));
      this.#worker.on('message', (message: FromWorker) => {
        if (message.kind === 'ready') resolve(message.facts);
        else if (message.kind === 'done') this.#settle(message.id)?.resolve(message.arrays);
        else if (message.id === null) reject(fromWire(message.error));
        else {
          const waiting = this.#settle(message.id);
          waiting?.reject(fromWire(message.error, waiting.first));
        }
      });
    });
  }

  /**
   * Explains rows, [rows × features] row-major; the array is handed over.
   *
   * @param first  index in the batch of the first row, for errors
   * @throws ExplainError EXPLAIN_WORKER when the thread has ended or ends meanwhile
   */
  explain(rows: Float64Array, first: number): Promise<ExplanationArrays> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = this.#asked++;
    const message: ToWorker = { id, rows };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { first, resolve, reject });
      this.#worker.postMessage(message, [rows.buffer as ArrayBuffer]);
    });
  }

  /** Whether the thread keeps the process alive. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#worker.ref();
    else this.#worker.unref();
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
