import { AuditError, errorFrom } from '../errors.ts';
import type { SealingConfig, SealingStatus } from './config.ts';
import { SealingEngine } from './engine.ts';
import type { EnginePorts } from './journal.ts';
import { Pending } from './sealer.ts';
import type { Sealer } from './sealer.ts';

/**
 * The sealer on the caller's own thread: for tests and small services. One group commit gathers
 * what one turn of the event loop brings.
 */
export function inlineSealer(
  config: SealingConfig,
  ports: EnginePorts,
): Sealer & { engine: SealingEngine } {
  const engine = new SealingEngine(config, ports);
  const pending = new Pending();
  const listeners: ((status: SealingStatus) => void)[] = [];
  let due: NodeJS.Immediate | null = null;
  let closed = false;

  const commit = (): void => {
    due = null;
    for (const answer of engine.commit())
      pending.answer(answer, ({ refused }) => errorFrom(refused as never));
    for (const listener of listeners) listener(engine.status());
  };
  const heartbeat = setInterval(() => {
    engine.accept({ kind: 'heartbeat', ref: NOBODY });
    due ??= setImmediate(commit);
  }, config.heartbeatSeconds * 1000);
  heartbeat.unref();
  const chores = setInterval(() => engine.chores(), CHORES_EVERY_MS);
  chores.unref();

  return {
    engine,
    seal(message) {
      return new Promise((resolve, reject) => {
        if (closed) return reject(new AuditError('AUDIT_CLOSED', { got: message.kind }));
        engine.accept({ ...message, ref: pending.add(resolve, reject) });
        due ??= setImmediate(commit);
      });
    },
    read: (decisionId) => engine.read(decisionId),
    unexplained: () => Promise.resolve().then(() => engine.unexplained()),
    eraseSubject: (subject) => Promise.resolve().then(() => engine.eraseSubject(subject)),
    status: () => Promise.resolve(engine.status()),
    onCommit: (listener) => void listeners.push(listener),
    close() {
      if (closed) return Promise.resolve();
      closed = true;
      clearInterval(heartbeat);
      clearInterval(chores);
      if (due !== null) clearImmediate(due);
      for (const answer of engine.close())
        pending.answer(answer, ({ refused }) => errorFrom(refused as never));
      for (const listener of listeners) listener(engine.status());
      pending.failAll(new AuditError('AUDIT_CLOSED', { got: 'a record under way' }));
      return Promise.resolve();
    },
  };
}

const NOBODY = -2;
const CHORES_EVERY_MS = 500;
