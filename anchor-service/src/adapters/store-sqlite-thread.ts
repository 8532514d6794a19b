import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Store } from '../ports.ts';
import { RecentLeaves } from '../recent-leaves.ts';
import { buffersOf, packChange } from '../sqlite/packed-change.ts';
import { CallThread } from '../threads/call-thread.ts';
import { openSqliteStore } from './store-sqlite.ts';

const compiled = new URL('./sqlite-thread.js', import.meta.url);
/** What a transaction is unpacked to is garbage after it: a larger heap would only be memory that comes late and stays. */
const resourceLimits = { maxYoungGenerationSizeMb: 16 };

/** What the thread of a store is started with. */
export interface StoreThreadStart {
  path: string;
}

/**
 * The SQLite store on a thread of its own, where the compiled thread lies beside this file; where the package runs from
 * source, on the caller's. A transaction and its sync then hold up nobody who does not wait for them.
 * @throws {ServiceError} as {@link openSqliteStore}
 */
export async function openThreadedSqliteStore(path: string, script = compiled): Promise<Store> {
  if (!existsSync(fileURLToPath(script))) return openSqliteStore(path);
  const workerData: StoreThreadStart = { path };
  const worker = new Worker(script, { workerData, resourceLimits, name: 'showcause-store' });
  const thread = new CallThread(worker, { before: 'STORE_FAILED', during: 'STORE_UNKNOWN' });
  await thread.started;
  return storeOf(thread);
}

function storeOf(thread: CallThread): Store {
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
