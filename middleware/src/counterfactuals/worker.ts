import { parentPort, workerData } from 'node:worker_threads';
import { reportOf } from '../errors.ts';
import { searchOf } from './computer.ts';
import type { FromComputer } from './computer.ts';
import type { CounterfactualTask } from './options.ts';

/** The thread that searches: rows in, one answer each. */
const port = parentPort;
if (port === null) throw new TypeError('worker.js runs as a worker thread only');
const search = searchOf(workerData as CounterfactualTask);

port.on('message', (row: Float64Array) => {
  let answer: FromComputer;
  try {
    answer = { found: search(row) };
  } catch (error) {
    answer = { refused: reportOf(error) };
  }
  port.postMessage(answer);
});
