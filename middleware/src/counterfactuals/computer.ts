import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { counterfactualSearch, loadModel, parseMutableFeatures } from '@showcause/explain';
import type { Counterfactuals } from '@showcause/explain';
import { AuditError, errorFrom } from '../errors.ts';
import type { ErrorReport } from '../errors.ts';
import type { CounterfactualSettings, CounterfactualTask } from './options.ts';

/** Searches rows, one at a time. */
export interface Computer {
  /** @throws {AuditError} `COUNTERFACTUAL_TIMEOUT`; the code of whatever the search threw */
  search(row: Float64Array): Promise<Counterfactuals>;
  close(): Promise<void>;
}

export type FromComputer = { found: Counterfactuals } | { refused: ErrorReport };

/** A thread of its own where the compiled worker lies beside this file; else the caller's, between two turns of its event loop. */
export function openComputer(settings: CounterfactualSettings): Computer {
  const script = new URL('./worker.js', import.meta.url);
  return existsSync(fileURLToPath(script))
    ? threadComputer(settings, script)
    : inlineComputer(settings.task);
}

/** The search of a task. */
export function searchOf({
  goal,
  model,
  mutable,
}: CounterfactualTask): (row: Float64Array) => Counterfactuals {
  return counterfactualSearch(loadModel(model), goal, parseMutableFeatures(mutable)).search;
}

function inlineComputer(task: CounterfactualTask): Computer {
  const search = searchOf(task);
  return {
    search: async (row) => {
      await new Promise((resolve) => setImmediate(resolve));
      return search(row);
    },
    close: () => Promise.resolve(),
  };
}

/** A search that takes too long is ended with its thread; the next one begins another. */
function threadComputer({ task, timeMs }: CounterfactualSettings, script: URL): Computer {
  let worker: Worker | null = null;
  const open = (): Worker => {
    const opened = new Worker(script, { workerData: task, name: 'showcause-counterfactuals' });
    opened.unref();
    return opened;
  };
  return {
    search(row) {
      const current = (worker ??= open());
      return new Promise((resolve, reject) => {
        const settle = (end: () => void): void => {
          clearTimeout(timer);
          current.removeAllListeners();
          end();
        };
        const give = (error: Error): void =>
          settle(() => {
            worker = null;
            void current.terminate();
            reject(error);
          });
        const timer = setTimeout(
          () => give(new AuditError('COUNTERFACTUAL_TIMEOUT', { got: `more than ${timeMs} ms` })),
          timeMs,
        );
        current.once('message', (answer: FromComputer) =>
          settle(() =>
            'found' in answer ? resolve(answer.found) : reject(errorFrom(answer.refused)),
          ),
        );
        current.once('error', give);
        current.postMessage(row);
      });
    },
    async close() {
      await worker?.terminate();
      worker = null;
    },
  };
}
