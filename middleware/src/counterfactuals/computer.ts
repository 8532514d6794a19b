import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { counterfactualSearch, loadModel, parseMutableFeatures } from '@showcause/explain';
import type { Counterfactuals } from '@showcause/explain';
import type { CounterfactualSettings, CounterfactualTask } from './options.ts';
import { threadComputer } from './search-thread.ts';

/** Searches rows, one at a time. */
export interface Computer {
  /** @throws {AuditError} `COUNTERFACTUAL_TIMEOUT`; the code of whatever the search threw */
  search(row: Float64Array): Promise<Counterfactuals>;
  close(): Promise<void>;
}

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
