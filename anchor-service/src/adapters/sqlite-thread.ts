// The thread of a SQLite store: answers calls of the port one after the other, so that a call sees all before it.
import { parentPort, workerData } from 'node:worker_threads';
import { ServiceError } from '../errors.ts';
import type { Store } from '../ports.ts';
import { unpackChange } from '../sqlite/packed-change.ts';
import type { PackedChange } from '../sqlite/packed-change.ts';
import { nameOf } from '../threads/protocol.ts';
import { serveCalls } from '../threads/serve-calls.ts';
import type { Perform } from '../threads/serve-calls.ts';
import type { StoreThreadStart } from './store-sqlite-thread.ts';
import { openSqliteStore } from './store-sqlite.ts';

serveCalls(parentPort!, () => {
  try {
    return performerOf(openSqliteStore((workerData as StoreThreadStart).path));
  } catch (error) {
    throw asStoreFailure(error);
  }
});

function performerOf(store: Store): Perform {
  const calls = store as unknown as Record<
    string,
    (...values: readonly unknown[]) => Promise<unknown>
  >;
  return async (method, values) => {
    try {
      // `commit` takes its change packed.
      if (method === 'commit') return await store.commit(unpackChange(values[0] as PackedChange));
      return await calls[method]!(...values);
    } catch (error) {
      throw asStoreFailure(error);
    }
  };
}

function asStoreFailure(error: unknown): ServiceError {
  return error instanceof ServiceError
    ? error
    : new ServiceError('STORE_FAILED', { got: nameOf(error) });
}
