import { setTimeout } from 'node:timers/promises';
import type { Plan } from '../plan.ts';
import type { Role, System } from '../system/system.ts';
import type { Injected, Injector } from './injected.ts';
import { until } from './wait.ts';

const SYNC_WITHIN_MS = 8_000;

/** kill -9 at a moment, which may lie in the start of the next process, or at the n-th sync from that moment on. */
export function killRole(role: Role): Injector {
  return async (system, plan) => {
    const exits = system[role].exits.length;
    for (const delay of plan.delaysMs) {
      await system[role].spawned();
      await setTimeout(delay);
      await killOnce(system, plan, role);
    }
    const killed = system[role].exits.slice(exits).filter(({ signal }) => signal === 'SIGKILL');
    return {
      ended: system[role].exits.at(-1)?.at ?? Date.now(),
      hit: killed.length > 0,
      outcome: `killed ${killed.length} times, ${plan.target}`,
    };
  };
}

async function killOnce(system: System, plan: Plan, role: Role): Promise<void> {
  const process = system[role];
  const before = process.exits.length;
  const died = (withinMs: number): Promise<boolean> =>
    until(() => process.exits.length > before, withinMs);
  if (plan.target !== 'by-time' && system.shims !== null) {
    const word = plan.target === 'before-sync' ? 'killBefore' : 'killAfter';
    system.shims[role].set(word, plan.nth);
    const itself = await died(SYNC_WITHIN_MS);
    system.shims[role].set(word, 0);
    if (itself) return;
  }
  process.kill();
  await died(SYNC_WITHIN_MS);
}

const BROKER_AWAY_MS = 1_000;

/** kill -9 of a broker, which is started again; of three, the one that leads the producer's partition. */
export const killBroker: Injector = async (system, plan): Promise<Injected> => {
  const node = await chosenBroker(system, plan);
  await setTimeout(plan.delaysMs[0]);
  await node.kill();
  const killed = Date.now();
  await setTimeout(BROKER_AWAY_MS);
  // Of three, two go on: what has to come back does so without the third.
  const alone = system.brokers.length === 1;
  const restarted = node.restart();
  if (alone) await restarted;
  const ended = alone ? Date.now() : killed;
  await restarted;
  return { ended, hit: true, outcome: `killed broker ${node.id} of ${system.brokers.length}` };
};

export async function chosenBroker(
  { brokers, leader }: System,
  { target, file }: Plan,
): Promise<System['brokers'][number]> {
  const any = brokers[Math.floor(file * brokers.length)]!;
  if (target !== 'leader' || brokers.length === 1) return any;
  const id = await leader();
  return brokers.find((node) => node.id === id) ?? any;
}
