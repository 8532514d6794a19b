import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { counterfactualSearch, loadModel, parseMutableFeatures } from '@showcause/explain';
import type { Counterfactuals } from '@showcause/explain';
import { middlewareErrorCodes } from '../errors.ts';
import type { MiddlewareErrorCode } from '../errors.ts';
import type { CounterfactualSettings, CounterfactualTask } from './options.ts';
import { threadComputer } from './search-thread.ts';

/** Searches rows, one at a time. */
export interface Computer {
  /** @throws {AuditError} `COUNTERFACTUAL_TIMEOUT`; the code of whatever the search threw */
  search(row: Float64Array): Promise<Counterfactuals>;
  close(): Promise<void>;
}

/**
 * A thread of its own where the compiled worker lies beside this file; else the caller's, between two turns of its event
 * loop, and without a time limit: a bundle without that file answers requests more slowly, so it is said.
 */
export function openComputer(
  settings: CounterfactualSettings,
  onAlarm: (code: MiddlewareErrorCode) => void,
): Computer {
  const script = new URL('./worker.js', import.meta.url);
  if (existsSync(fileURLToPath(script))) return threadComputer(settings, script);
  onAlarm('COUNTERFACTUAL_INLINE');
  warnOnce('COUNTERFACTUAL_INLINE');
  return inlineComputer(settings.task);
}

const warned = new Set<MiddlewareErrorCode>();

function warnOnce(code: MiddlewareErrorCode): void {
  if (warned.has(code)) return;
  warned.add(code);
  const { fix, means } = middlewareErrorCodes[code];
  process.emitWarning(`${means}. ${fix}`, { type: 'ShowcauseWarning', code });
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
