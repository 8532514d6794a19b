import { Worker } from 'node:worker_threads';
import type { LogConfig } from '../config.ts';
import { ServiceError, serviceErrorCodes } from '../errors.ts';
import type { ServiceErrorCode } from '../errors.ts';
import type { LogDeps, RunningLog, WorkStatus } from './running-log.ts';
import type { FromThread, ThreadStart, ToThread } from './wire.ts';

/** A thread that does not end by then is ended: its store takes an unfinished transaction back. */
const CLOSE_WITHIN_MS = 30_000;

/**
 * Works on a log on a thread of its own: commits, hashes and signatures of one log never hold up another log or a reader,
 * and the system shares the cores among them. What ends the thread, a heap that ran full included, ends that log alone;
 * memory of the machine that runs out ends the process.
 * @param script  the compiled worker
 * @throws what the start of the log throws
 */
export async function runLogOnThread(
  config: LogConfig,
  deps: LogDeps,
  script: URL,
): Promise<RunningLog> {
  const { passphrase = null, kafkaPassword = null, signing = {}, catchUp = false } = deps;
  const start: ThreadStart = { config, passphrase, kafkaPassword, signing, catchUp };
  const worker = new Worker(script, { workerData: start, name: `log-${config.name ?? ''}` });
  const thread = new LogThread(worker, deps);
  const stop = (): void => thread.send('stop');
  if (deps.signal?.aborted === true) stop();
  deps.signal?.addEventListener('abort', stop, { once: true });
  try {
    await thread.started;
    return thread;
  } finally {
    deps.signal?.removeEventListener('abort', stop);
  }
}

class LogThread implements RunningLog {
  readonly started: Promise<void>;
  readonly done: Promise<void>;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  /** Told before the thread ends, which may hang. */
  readonly #failed: Promise<void>;
  #fail: () => void = () => undefined;
  #status: WorkStatus | null = null;
  #failure: Error | null = null;

  constructor(worker: Worker, deps: LogDeps) {
    this.#worker = worker;
    worker.on('error', (error) => (this.#failure ??= threadError(error)));
    this.#exited = new Promise((resolve) => worker.once('exit', () => resolve()));
    this.#failed = new Promise((resolve) => (this.#fail = resolve));
    this.started = new Promise((resolve, reject) => {
      worker.on('message', (message: FromThread) => {
        if (message.kind === 'running') resolve();
        this.#hear(message, deps);
      });
      void this.#exited.then(() => reject(this.#reason('a thread that ended at its start')));
    });
    this.done = Promise.race([this.#exited, this.#failed]).then(() => {
      if (this.#failure !== null) throw this.#failure;
    });
    this.done.catch(() => undefined);
  }

  status(): WorkStatus {
    if (this.#status === null) throw new RangeError('a log that has not begun');
    return this.#status;
  }

  async close(): Promise<void> {
    this.send('close');
    const timer = setTimeout(() => void this.#worker.terminate(), CLOSE_WITHIN_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  send(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromThread, { logger, onStandby, onPublish }: LogDeps): void {
    switch (message.kind) {
      case 'log':
        return logger[message.level](message.fields, message.message);
      case 'standby':
        return onStandby?.();
      case 'publish':
        return onPublish?.(message.checkpoint);
      case 'running':
      case 'status':
        this.#status = message.status;
        return;
      case 'failed':
        this.#failure = errorOf(message.code, message.message);
        this.#fail();
    }
  }

  #reason(got: string): Error {
    return this.#failure ?? new ServiceError('SERVICE_FAILED', { got });
  }
}

/** The error as it was thrown over there, as far as others look at it. */
function errorOf(code: string, message: string): Error {
  const error = Object.hasOwn(serviceErrorCodes, code)
    ? new ServiceError(code as ServiceErrorCode, { got: 'a thread that ended' })
    : Object.assign(new Error(), { code });
  error.message = message;
  return error;
}

/** What nobody caught there: a mistake, or a heap that ran full. */
function threadError(error: Error): Error {
  const { code } = error as { code?: unknown };
  return new ServiceError('SERVICE_FAILED', { got: typeof code === 'string' ? code : error.name });
}
