import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { LogFiles } from '../ports.ts';
import { CallThread } from '../threads/call-thread.ts';
import { openLogDirectory } from './log-directory.ts';

const compiled = new URL('./files-thread.js', import.meta.url);
/** Bundles of one publication pass through it and are garbage then. */
const resourceLimits = { maxYoungGenerationSizeMb: 8 };

/** Folders that are written, all by one thread. */
export interface Directories {
  at: (root: string) => LogFiles;
  close: () => Promise<void>;
}

/**
 * Folders whose files are written, and read back, on a thread of their own, where the compiled thread lies beside this file; where the
 * package runs from source, on the caller's. Whoever streams a file to a reader does that itself.
 */
export function openDirectories(script = compiled): Directories {
  if (!existsSync(fileURLToPath(script)))
    return { at: openLogDirectory, close: () => Promise.resolve() };
  const worker = new Worker(script, { resourceLimits, name: 'showcause-files' });
  const thread = new CallThread(worker, { before: 'PUBLISH_FAILED', during: 'PUBLISH_FAILED' });
  // Whoever asks for something is told.
  thread.started.catch(() => undefined);
  return { at: (root) => directoryOn(thread, root), close: () => thread.close() };
}

function directoryOn(thread: CallThread, root: string): LogFiles {
  const forward = <M extends keyof LogFiles>(method: M): LogFiles[M] =>
    ((...values: unknown[]) => thread.ask(method, [root, ...values])) as LogFiles[M];
  return {
    ...openLogDirectory(root),
    read: forward('read'),
    create: forward('create'),
    replace: forward('replace'),
    exchange: forward('exchange'),
    remove: forward('remove'),
    list: forward('list'),
  };
}
