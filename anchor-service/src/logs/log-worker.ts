import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { Logger } from '../ports.ts';
import { endFailed } from './failed-end.ts';
import { runLog } from './run-log.ts';
import type { RunningLog } from './running-log.ts';
import type { FromThread, ThreadStart, ToThread } from './wire.ts';

const STATUS_EVERY_MS = 100;

/** Works on one log until it is told to close or the log fails; then the thread ends. */
async function work(port: MessagePort): Promise<void> {
  const { config, passphrase, kafkaPassword, signing, catchUp } = workerData as ThreadStart;
  const tell = (message: FromThread): void => port.postMessage(message);
  const stop = new AbortController();
  let log: RunningLog | null = null;
  port.on('message', (message: ToThread) => {
    if (message === 'stop') stop.abort();
    else void log?.close();
  });
  try {
    log = await runLog(config, {
      logger: loggerOf(tell),
      ...(passphrase === null ? {} : { passphrase }),
      catchUp,
      ...(kafkaPassword === null ? {} : { kafkaPassword }),
      signing,
      signal: stop.signal,
      onStandby: () => tell({ kind: 'standby' }),
      onPublish: (checkpoint) => tell({ kind: 'publish', checkpoint }),
    });
    tell({ kind: 'running', status: log.status() });
    const running = log;
    const timer = setInterval(
      () => tell({ kind: 'status', status: running.status() }),
      STATUS_EVERY_MS,
    );
    await log.done.finally(() => clearInterval(timer));
    await log.close();
    tell({ kind: 'status', status: log.status() });
  } catch (error) {
    await endFailed(error, log, tell);
    // What hung at its end would keep the thread, and with it the lock of the store.
    process.exit();
  }
  port.close();
}

function loggerOf(tell: (message: FromThread) => void): Logger {
  const at = (level: 'info' | 'warn' | 'error') => (fields: object, message: string) =>
    tell({ kind: 'log', level, fields, message });
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

if (!isMainThread && parentPort !== null) await work(parentPort);
