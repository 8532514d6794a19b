import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { explainerOf } from '../explainer.ts';
import { loadModel } from '../readers/load-model.ts';
import { explanationFacts } from '../shapley/explanation.ts';
import type { Explainer } from '../shapley/explanation.ts';
import { buffersOf, toWire } from './wire.ts';
import type { FromWorker, ToWorker, WorkerStart } from './wire.ts';

/** The thread of a pool: one model, one explainer, a chunk of rows at a time. */
function serve(port: MessagePort, { model, load, explainer }: WorkerStart): void {
  const post = (message: FromWorker, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  let standing: Explainer;
  try {
    standing = explainerOf(loadModel(model, load), explainer);
  } catch (error) {
    return post({ kind: 'refused', id: null, error: toWire(error) });
  }
  const { features, outputs, baseValue, tableBytes } = standing;
  post({
    kind: 'ready',
    facts: { ...explanationFacts(standing), features, outputs, baseValue, tableBytes },
  });
  port.on('message', ({ id, rows }: ToWorker) => {
    standing.explainBatch(rows).then(
      ({ rows, attributions, scores, margins, additivityErrors }) => {
        const arrays = { rows, outputs, features, attributions, scores, margins, additivityErrors };
        post({ kind: 'done', id, arrays }, buffersOf(arrays));
      },
      (error: unknown) => post({ kind: 'refused', id, error: toWire(error) }),
    );
  });
}

if (parentPort === null) throw new TypeError('worker.js runs as a worker thread only');
serve(parentPort, workerData as WorkerStart);
