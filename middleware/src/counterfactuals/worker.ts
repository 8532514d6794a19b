import { parentPort, workerData } from 'node:worker_threads';
import { ExplainError } from '@showcause/explain';
import { reportOf } from '../errors.ts';
import type { ErrorReport } from '../errors.ts';
import { searchOf } from './computer.ts';
import type { CounterfactualTask } from './options.ts';
import type { FromThread } from './search-thread.ts';

/** The thread that searches: rows in, one answer each. */
const port = parentPort;
if (port === null) throw new TypeError('worker.js runs as a worker thread only');
const search = searchOf(workerData as CounterfactualTask);

port.on('message', (row: Float64Array) => {
  let answer: FromThread;
  try {
    answer = { found: search(row) };
  } catch (error) {
    answer = { refused: refusalOf(error) };
  }
  port.postMessage(answer);
});

port.postMessage({ ready: true } satisfies FromThread);

/** The search's own codes are kept: the entry states them. */
function refusalOf(error: unknown): ErrorReport {
  if (!(error instanceof ExplainError)) return reportOf(error);
  const { code, got, want } = error;
  return { code, got, ...(want === undefined ? {} : { want }) };
}
