// The thread that writes published files: what waits for a disk does not wait for the sequencing of entries between two steps.
import { parentPort } from 'node:worker_threads';
import type { LogFiles } from '../ports.ts';
import { CLOSE } from '../threads/protocol.ts';
import { serveCalls } from '../threads/serve-calls.ts';
import { openLogDirectory } from './log-directory.ts';

const directories = new Map<string, LogFiles>();

function directoryAt(root: string): LogFiles {
  let directory = directories.get(root);
  if (directory === undefined) directories.set(root, (directory = openLogDirectory(root)));
  return directory;
}

serveCalls(parentPort!, () => async (method, [root, ...values]) => {
  if (method === CLOSE) return;
  const calls = directoryAt(root as string) as unknown as Record<
    string,
    (...values: readonly unknown[]) => Promise<unknown>
  >;
  return calls[method]!(...values);
});
