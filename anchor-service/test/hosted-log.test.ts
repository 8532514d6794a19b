import { describe, expect, test } from '@jest/globals';
import { ServiceError } from '../src/errors.ts';
import { HostedLog } from '../src/logs/hosted-log.ts';
import type { HostedLogOptions, StartHooks } from '../src/logs/hosted-log.ts';
import type { RunningLog, WorkStatus } from '../src/logs/running-log.ts';
import { eventually, silent } from './support/log.ts';

const status: WorkStatus = {
  size: 1,
  signedSize: 1,
  sequencing: 'running',
  publishing: 'running',
  source: 'whole',
  sourceCodes: [],
  anchoring: 'off',
  anchoredSize: 0,
  anchor: null,
  waitingMessages: 0,
};

/** Work that ends when it is closed, or when it is told that it failed. */
class Work implements RunningLog {
  readonly done: Promise<void>;
  closes = 0;
  #end: () => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;
  readonly #closeError: Error | null;

  constructor(closeError: Error | null = null) {
    this.#closeError = closeError;
    this.done = new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    this.done.catch(() => undefined);
  }

  status(): WorkStatus {
    return status;
  }

  fail(): void {
    this.#fail(new ServiceError('STORE_FAILED', { got: 'a test' }));
  }

  async close(): Promise<void> {
    this.closes++;
    this.#end();
    if (this.#closeError !== null) throw this.#closeError;
  }
}

function hosted(
  start: HostedLogOptions['start'],
  failure: HostedLogOptions['failure'] = 'restarts',
): HostedLog {
  return new HostedLog({ logger: silent, start, failure });
}

describe('a log that is told to end', () => {
  test('while it starts is closed once it started', async () => {
    const work = new Work();
    let started: (work: RunningLog) => void = () => undefined;
    const log = hosted(() => new Promise((resolve) => (started = resolve)));
    log.start();
    await Promise.resolve();
    const closed = log.close();
    started(work);
    await closed;
    expect(work.closes).toBeGreaterThan(0);
    expect(log.status().state).toBe('stopped');
    await log.done;
    await log.begun;
  }, 5_000);

  test('while it begins again after a failure, too', async () => {
    const works = [new Work(), new Work()];
    let starts = 0;
    let startAgain: () => void = () => undefined;
    const log = hosted(async () => {
      const work = works[starts++]!;
      if (starts === 2) await new Promise<void>((resolve) => (startAgain = resolve));
      return work;
    });
    log.start();
    await log.begun;
    works[0]!.fail();
    await eventually(() => starts === 2);
    const closed = log.close();
    startAgain();
    await closed;
    expect(works[1]!.closes).toBeGreaterThan(0);
  }, 15_000);

  test('tells whoever closes that its end failed, and nobody is surprised by it', async () => {
    const surprises: unknown[] = [];
    const note = (reason: unknown): void => void surprises.push(reason);
    process.on('unhandledRejection', note);
    const failure = new ServiceError('STORE_FAILED', { got: 'a disk that is full' });
    const log = hosted(async () => new Work(failure));
    log.start();
    await log.begun;
    log.stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.removeListener('unhandledRejection', note);
    expect(surprises).toStrictEqual([]);
    await expect(log.close()).rejects.toBe(failure);
  });
});

test('only the first start is told that it is', async () => {
  const hooks: StartHooks[] = [];
  const works: Work[] = [];
  const log = hosted(async (given) => {
    hooks.push(given);
    works.push(new Work());
    return works.at(-1)!;
  });
  log.start();
  await log.begun;
  works[0]!.fail();
  await eventually(() => works.length === 2);
  expect(hooks.map(({ isFirst }) => isFirst)).toStrictEqual([true, false]);
  await log.close();
}, 15_000);
