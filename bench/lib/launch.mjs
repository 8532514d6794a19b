// Programs as their users start them, and how long until they answer.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Processes, listeningLine } from '@showcause/parts';
import { root } from './scratch.mjs';

const processes = new Processes();
const WITHIN_MS = 300_000;

/** `showcause serve`. @returns {Promise<{ running: import('@showcause/parts').RunningProcess, seconds: number }>} when it says where it listens */
export async function serve(config, logFile) {
  const started = performance.now();
  const running = await processes.start({
    name: 'serve',
    command: process.execPath,
    args: [join(root, 'cli/bin/showcause.js'), 'serve', '--config', config],
    env: process.env,
    logFile,
    ready: listeningLine,
    readyWithinMs: WITHIN_MS,
  });
  await answered(() => fetch(`${running.listening}/readyz`));
  return { running, seconds: (performance.now() - started) / 1000 };
}

export function stop(running) {
  return processes.stop(running, WITHIN_MS);
}

export async function killHard(running) {
  processes.expectExit(running);
  running.signal('SIGKILL');
  await running.exited;
}

/** Asks until the answer is a good one. */
export async function answered(ask) {
  for (;;) {
    const response = await ask().catch(() => null);
    await response?.arrayBuffer();
    if (response?.ok === true) return;
    await delay(5);
  }
}
