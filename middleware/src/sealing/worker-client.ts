import { Worker } from 'node:worker_threads';
import { AuditError, errorFrom } from '../errors.ts';
import type { SealMessage } from '../record/messages.ts';
import type { SealingConfig, SealingStatus } from './config.ts';
import type { Unexplained } from '../spool/decision-index.ts';
import type { ReadDecision } from './read.ts';
import { Pending } from './sealer.ts';
import type { Sealer } from './sealer.ts';
import { detached } from './wire.ts';
import type { FromSealer, Question, ToSealer, WorkerStart } from './wire.ts';

/**
 * The sealer on a thread of its own: one message each way for all that one turn of the event loop
 * brings, and no timer between a record and its commit.
 * @param script  the compiled worker
 */
export async function workerSealer(config: SealingConfig, script: URL): Promise<Sealer> {
  const start: WorkerStart = { config };
  // Records live for one commit: room for many of them keeps the collector out of the way.
  const resourceLimits = { maxYoungGenerationSizeMb: 64 };
  const worker = new Worker(script, {
    workerData: start,
    name: 'showcause-sealing',
    resourceLimits,
  });
  await ready(worker);
  worker.unref();
  return new WorkerClient(worker);
}

function ready(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      worker.removeAllListeners('message').removeAllListeners('error').removeAllListeners('exit');
      end();
    };
    worker.once('message', (message: FromSealer) =>
      settle(() => (message.kind === 'failed' ? reject(errorFrom(message.error)) : resolve())),
    );
    worker.once('error', (cause) =>
      settle(() =>
        reject(new AuditError('SEALER_STOPPED', { got: 'an error at its start', cause })),
      ),
    );
    worker.once('exit', (code) =>
      settle(() => reject(new AuditError('SEALER_STOPPED', { got: `exit ${code} at its start` }))),
    );
  });
}

/** With so few under way nothing is gained by gathering. */
const FEW = 4;
/** So many records do not wait for the end of the event loop's turn: the thread may begin with them. */
const SEND_AT = 16;

class WorkerClient implements Sealer {
  readonly #worker: Worker;
  readonly #pending = new Pending();
  readonly #questions = new Map<
    number,
    { resolve: (value: never) => void; reject: (error: Error) => void }
  >();
  readonly #listeners: ((status: SealingStatus) => void)[] = [];
  readonly #exited: Promise<void>;
  #outbox: SealMessage[] = [];
  #nextQuestion = 0;
  #waiting = 0;
  #stopped: AuditError | null = null;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (message: FromSealer) => this.#receive(message));
    worker.on('error', (cause) =>
      this.#stop(new AuditError('SEALER_STOPPED', { got: cause.name, cause })),
    );
    this.#exited = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#stop(new AuditError('AUDIT_CLOSED', { got: 'a record under way' }));
        resolve();
      });
    });
  }

  seal: Sealer['seal'] = (message) =>
    new Promise((resolve, reject) => {
      if (this.#stopped !== null) return reject(this.#stopped);
      const ref = this.#pending.add(resolve, reject);
      if (this.#outbox.length === 0)
        (this.#waiting < FEW ? queueMicrotask : setImmediate)(this.#send);
      this.#outbox.push({ ...message, ref });
      this.#hold(1);
      if (this.#outbox.length === SEND_AT) this.#send();
    });

  read(decisionId: string): Promise<ReadDecision | null> {
    return this.#ask({ kind: 'read', decisionId });
  }
  unexplained(): Promise<readonly Unexplained[]> {
    return this.#ask({ kind: 'unexplained' });
  }
  eraseSubject(subject: string): Promise<number> {
    return this.#ask({ kind: 'erase', subject });
  }
  status(): Promise<SealingStatus> {
    return this.#ask({ kind: 'status' });
  }
  onCommit(listener: (status: SealingStatus) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    if (this.#stopped !== null) return;
    this.#send();
    this.#hold(1); // never given back: the process waits for the thread's end
    await this.#ask<null>({ kind: 'close' });
    await this.#exited;
  }

  readonly #send = (): void => {
    if (this.#outbox.length === 0) return;
    const messages = this.#outbox.map(detached);
    this.#outbox = [];
    this.#post({ kind: 'seal', messages });
  };

  #post(message: ToSealer): void {
    this.#worker.postMessage(message);
  }

  #ask<T>(question: Question): Promise<T> {
    if (this.#stopped !== null) return Promise.reject(this.#stopped);
    const id = this.#nextQuestion++;
    this.#hold(1);
    return new Promise((resolve, reject) => {
      this.#questions.set(id, { resolve, reject });
      this.#post({ kind: 'ask', id, question });
    });
  }

  #receive(message: FromSealer): void {
    if (message.kind === 'sealed') {
      for (const answer of message.answers)
        this.#pending.answer(answer, ({ refused }) => errorFrom(refused as never));
      this.#hold(-message.answers.length);
      if (message.status !== null) for (const listener of this.#listeners) listener(message.status);
    } else if (message.kind === 'answer' || message.kind === 'refused') {
      const asked = this.#questions.get(message.id);
      this.#questions.delete(message.id);
      this.#hold(-1);
      if (message.kind === 'answer') asked?.resolve(message.value as never);
      else asked?.reject(errorFrom(message.error));
    }
  }

  /** The thread keeps the process alive only while somebody waits for it. */
  #hold(change: number): void {
    const before = this.#waiting;
    this.#waiting = Math.max(0, before + change);
    if (before === 0 && this.#waiting > 0) this.#worker.ref();
    else if (before > 0 && this.#waiting === 0) this.#worker.unref();
  }

  #stop(error: AuditError): void {
    this.#stopped ??= error;
    this.#pending.failAll(error);
    for (const { reject } of this.#questions.values()) reject(error);
    this.#questions.clear();
  }
}
