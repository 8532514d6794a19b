import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import type { LogConfig } from '../src/config.ts';
import { ServiceError } from '../src/errors.ts';
import { endFailed } from '../src/logs/failed-end.ts';
import { runLogOnThread } from '../src/logs/log-thread.ts';
import type { RunningLog } from '../src/logs/running-log.ts';
import type { FromThread } from '../src/logs/wire.ts';
import { newFolder, removeFolders, silent } from './support/log.ts';

afterAll(removeFolders);

const config = { name: 'a' } as LogConfig;

test('a failure is told before the log is closed, whose end may hang', async () => {
  const told: FromThread[] = [];
  let toldAtClose = -1;
  const log = {
    status: () => ({ size: 7 }),
    close() {
      toldAtClose = told.length;
      return new Promise<void>(() => undefined);
    },
  } as unknown as RunningLog;
  const failure = new ServiceError('STORE_UNKNOWN', { got: 'a test' });
  await endFailed(failure, log, (message) => void told.push(message), 10);
  expect(told.map(({ kind }) => kind)).toStrictEqual(['status', 'failed']);
  expect(told[1]).toMatchObject({ code: 'STORE_UNKNOWN', message: failure.message });
  expect(toldAtClose).toBe(2);
});

test('a thread that told its failure and hangs has failed', async () => {
  const script = join(newFolder(), 'thread.mjs');
  writeFileSync(
    script,
    `import { parentPort } from 'node:worker_threads';
     parentPort.on('message', (message) => message === 'close' && process.exit(0));
     parentPort.postMessage({ kind: 'running', status: {} });
     parentPort.postMessage({ kind: 'failed', code: 'STORE_UNKNOWN', message: 'why' });`,
  );
  const log = await runLogOnThread(config, { logger: silent }, pathToFileURL(script));
  await expect(log.done).rejects.toMatchObject({ code: 'STORE_UNKNOWN', message: 'why' });
  await log.close();
}, 15_000);
