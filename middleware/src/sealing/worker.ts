import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { reportOf } from '../errors.ts';
import type { SealAnswer, SealMessage } from '../record/messages.ts';
import { nodeDisk } from '../spool/disk.ts';
import { SealingEngine } from './engine.ts';
import type { FromSealer, Question, ToSealer, WorkerStart } from './wire.ts';

/** The sealing thread: everything between a record and its durability happens here. */
const port = parentPort;
if (port === null) throw new TypeError('worker.js runs as a worker thread only');
const post = (message: FromSealer): void => port.postMessage(message);
const STATUS_EVERY_MS = 200;
const CHORES_EVERY_MS = 500;

try {
  const { config } = workerData as WorkerStart;
  const engine = new SealingEngine(config, { disk: nodeDisk, now: Date.now });
  serve(engine, config.heartbeatSeconds);
  post({ kind: 'ready', status: engine.status() });
} catch (error) {
  post({ kind: 'failed', error: reportOf(error) });
}

/** Records sealed in one turn of the event loop: between turns answers leave and commits begin. */
const RECORDS_A_TURN = 16;

/**
 * Group commit without a timer. With little to do the thread waits for the disk itself, which costs
 * two thread switches less; with more waiting than one turn seals, sealing goes on while the disk works.
 */
function serve(engine: SealingEngine, heartbeatSeconds: number): void {
  const inbox: SealMessage[] = [];
  let taken = 0;
  let turnDue = false;
  let sealed = false;
  let told = -Infinity;
  let closing: number | null = null;

  const tell = (answers: readonly SealAnswer[]): void => {
    const now = performance.now();
    const due = now - told > STATUS_EVERY_MS || answers.some((one) => 'refused' in one);
    if (due) told = now;
    if (answers.length > 0 || due)
      post({ kind: 'sealed', answers, status: due ? engine.status() : null });
  };
  const commit = (): void => {
    if (!sealed || engine.busy) return;
    sealed = false;
    if (inbox.length === 0) return tell(engine.commit());
    engine.commitLater((answers) => {
      tell(answers);
      schedule();
    });
  };
  const turn = (): void => {
    turnDue = false;
    receive(inbox);
    const end = Math.min(taken + RECORDS_A_TURN, inbox.length);
    for (; taken < end; taken++) engine.accept(inbox[taken]!);
    if (taken > 0) sealed = true;
    if (taken === inbox.length) inbox.length = taken = 0;
    commit();
    if (inbox.length > 0) schedule();
    else if (closing !== null && !engine.busy) finish(closing, engine, [heartbeat, chores]);
  };
  const schedule = (): void => {
    if (turnDue) return;
    turnDue = true;
    setImmediate(turn);
  };
  const receive = (into: SealMessage[], first: ToSealer | undefined = next()): void => {
    for (let message = first; message !== undefined; message = next()) {
      if (message.kind === 'seal') into.push(...message.messages);
      else if (message.question.kind === 'close') closing = message.id;
      else void answer(engine, message.id, message.question);
    }
  };
  const heartbeat = setInterval(() => {
    inbox.push({ kind: 'heartbeat', ref: NOBODY });
    schedule();
  }, heartbeatSeconds * 1000);

  const chores = setInterval(() => engine.chores(), CHORES_EVERY_MS);

  port!.on('message', (message: ToSealer) => {
    receive(inbox, message);
    if (!turnDue) turn();
  });
}

function next(): ToSealer | undefined {
  return receiveMessageOnPort(port!)?.message as ToSealer | undefined;
}

async function answer(
  engine: SealingEngine,
  id: number,
  question: Exclude<Question, { kind: 'close' }>,
): Promise<void> {
  try {
    const value =
      question.kind === 'read'
        ? await engine.read(question.decisionId)
        : question.kind === 'unexplained'
          ? engine.unexplained()
          : question.kind === 'erase'
            ? engine.eraseSubject(question.subject)
            : engine.status();
    post({ kind: 'answer', id, value });
  } catch (error) {
    post({ kind: 'refused', id, error: reportOf(error) });
  }
}

function finish(id: number, engine: SealingEngine, timers: readonly NodeJS.Timeout[]): void {
  for (const timer of timers) clearInterval(timer);
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
