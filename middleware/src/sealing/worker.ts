import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { reportOf } from '../errors.ts';
import type { SealAnswer } from '../record/messages.ts';
import { nodeDisk } from '../spool/disk.ts';
import { SealingEngine } from './engine.ts';
import type { FromSealer, Question, ToSealer, WorkerStart } from './wire.ts';

/** The sealing thread: everything between a record and its durability happens here, synchronously. */
const port = parentPort;
if (port === null) throw new TypeError('worker.js runs as a worker thread only');
const post = (message: FromSealer): void => port.postMessage(message);
const STATUS_EVERY_MS = 200;

try {
  const { config } = workerData as WorkerStart;
  const engine = new SealingEngine(config, { disk: nodeDisk, now: Date.now });
  serve(engine, config.heartbeatSeconds);
  post({ kind: 'ready', status: engine.status() });
} catch (error) {
  post({ kind: 'failed', error: reportOf(error) });
}

function serve(engine: SealingEngine, heartbeatSeconds: number): void {
  let told = 0;
  const commit = (): void => {
    const answers = engine.commit();
    const now = Date.now();
    const status =
      now - told > STATUS_EVERY_MS || answers.some((answer) => 'refused' in answer)
        ? engine.status()
        : null;
    if (status !== null) told = now;
    if (answers.length > 0 || status !== null) post({ kind: 'sealed', answers, status });
  };
  const heartbeat = setInterval(() => {
    engine.accept({ kind: 'heartbeat', ref: NOBODY });
    commit();
  }, heartbeatSeconds * 1000);
  port!.on('message', (first: ToSealer) => {
    // Whatever arrived while the last fdatasync ran is one group with this message.
    for (let message: ToSealer | undefined = first; message !== undefined; message = next()) {
      if (message.kind === 'seal') for (const record of message.messages) engine.accept(record);
      else if (message.question.kind === 'close') return finish(message.id, engine, heartbeat);
      else answer(engine, message.id, message.question);
    }
    commit();
  });
}

function next(): ToSealer | undefined {
  return receiveMessageOnPort(port!)?.message as ToSealer | undefined;
}

function answer(
  engine: SealingEngine,
  id: number,
  question: Exclude<Question, { kind: 'close' }>,
): void {
  try {
    const value =
      question.kind === 'read'
        ? engine.read(question.decisionId)
        : question.kind === 'erase'
          ? engine.eraseSubject(question.subject)
          : engine.status();
    post({ kind: 'answer', id, value });
  } catch (error) {
    post({ kind: 'refused', id, error: reportOf(error) });
  }
}

function finish(id: number, engine: SealingEngine, heartbeat: NodeJS.Timeout): void {
  clearInterval(heartbeat);
  let answers: SealAnswer[] = [];
  try {
    answers = engine.close();
  } finally {
    post({ kind: 'sealed', answers, status: engine.status() });
    post({ kind: 'answer', id, value: null });
    port!.close();
  }
}

const NOBODY = -2;
