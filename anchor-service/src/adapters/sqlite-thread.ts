// The thread of a SQLite store: answers calls of the port one after the other, so that a call sees all before it.
import { parentPort, workerData } from 'node:worker_threads';
import { openSqliteStore } from './store-sqlite.ts';
import type { Store } from '../ports.ts';
import { unpackChange } from '../sqlite/packed-change.ts';
import type { PackedChange } from '../sqlite/packed-change.ts';
import { STARTED, carried } from '../sqlite/thread-protocol.ts';
import type { StoreAnswer, StoreCall, StoreThreadStart } from '../sqlite/thread-protocol.ts';

const port = parentPort!;
const answer = (message: StoreAnswer): void => port.postMessage(message);

try {
  serve(openSqliteStore((workerData as StoreThreadStart).path));
  answer({ id: STARTED, value: null });
} catch (error) {
  answer({ id: STARTED, failure: carried(error) });
}

function serve(store: Store): void {
  port.on('message', (call: StoreCall) => {
    perform(store, call).then(
      (value) => {
        answer({ id: call.id, value });
        if (call.method === 'close') port.close();
      },
      (error: unknown) => answer({ id: call.id, failure: carried(error) }),
    );
  });
}

function perform(store: Store, { method, values }: StoreCall): Promise<unknown> {
  if (method === 'commit') return store.commit(unpackChange(values[0] as PackedChange));
  const calls = store as unknown as Record<string, (...values: readonly unknown[]) => unknown>;
  return Promise.resolve(calls[method]!(...values));
}
