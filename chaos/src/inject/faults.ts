import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Fault as NetworkFault } from '@showcause/parts';
import type { Fault } from '../catalogue.ts';
import type { Plan } from '../plan.ts';
import type { Link, Role, System } from '../system/system.ts';
import { flipBit } from './bit-flip.ts';
import type { Injected, Injector } from './injected.ts';
import { chosenBroker, killBroker, killRole } from './kill.ts';
import { until } from './wait.ts';

const HIT_WITHIN_MS = 8_000;
const LATENCY_MS = 5_000;

/** Each fault by name. */
export const injectors: Readonly<Record<Fault, Injector>> = {
  'kill-app': killRole('app'),
  'kill-service': killRole('service'),
  'kill-broker': killBroker,
  freeze,
  network,
  postgres,
  'disk-full': fillDisk,
  'sync-error': failSync,
  'bit-flip': flipBit,
  'clock-jump': jumpClock,
  'duplicate-storm': republish,
};

async function freeze(system: System, plan: Plan): Promise<Injected> {
  await setTimeout(plan.delaysMs[0]);
  const { target, holdMs } = plan;
  if (target === 'broker') {
    const node = await chosenBroker(system, { ...plan, target: 'leader' });
    node.freeze();
    await setTimeout(holdMs);
    node.thaw();
  } else {
    const process = system[target as Role];
    await process.spawned();
    process.signal('SIGSTOP');
    await setTimeout(holdMs);
    process.signal('SIGCONT');
  }
  return { ended: Date.now(), hit: true, outcome: `${target} stopped for ${holdMs} ms` };
}

async function network(system: System, plan: Plan): Promise<Injected> {
  const proxy = system.links[plan.target as Link];
  if (proxy === undefined) throw new Error(`no proxy for ${plan.target}`);
  await setTimeout(plan.delaysMs[0]);
  const before = proxy.hits();
  const { fault, times } = networkFault(plan);
  await proxy.set(fault, { times });
  await until(() => proxy.hits() > before, HIT_WITHIN_MS);
  if (times === Infinity) await setTimeout(LATENCY_MS);
  await setTimeout(times === Infinity ? plan.holdMs : 100);
  await proxy.clear();
  const hits = proxy.hits() - before;
  const outcome = `${plan.manner} on ${plan.target}, ${hits} times`;
  return { ended: Date.now(), hit: hits > 0, outcome };
}

function networkFault({ manner, nth }: Plan): { fault: NetworkFault; times: number } {
  const few = 1 + (nth % 3);
  switch (manner) {
    case 'drop-response':
      return { fault: { mode: 'drop-response' }, times: few };
    case 'reset':
      return { fault: { mode: 'reset', afterBytes: nth % 2 === 0 ? 0 : nth }, times: few };
    case 'half-open':
      return { fault: { mode: 'half-open', arrives: nth % 2 === 0 }, times: Infinity };
    case 'latency':
      return { fault: { mode: 'latency', ms: LATENCY_MS }, times: Infinity };
  }
}

async function postgres({ postgres: server }: System, plan: Plan): Promise<Injected> {
  if (server === null) throw new Error('no PostgreSQL in this configuration');
  await setTimeout(plan.delaysMs[0]);
  await (plan.target === 'kill' ? server.kill() : server.shutDown());
  await setTimeout(plan.holdMs);
  await server.start();
  return { ended: Date.now(), hit: true, outcome: `${plan.target}, away for ${plan.holdMs} ms` };
}

const CHUNK = Buffer.alloc(64 * 1024);

async function fillDisk({ folders }: System, plan: Plan): Promise<Injected> {
  const ballast = join(folders[plan.target as keyof System['folders']], '.ballast');
  await setTimeout(plan.delaysMs[0]);
  const bytes = fill(ballast);
  await setTimeout(2 * plan.holdMs);
  rmSync(ballast);
  return {
    ended: Date.now(),
    hit: bytes > 0,
    outcome: `${plan.target} full, ${bytes} bytes of ballast`,
  };
}

function fill(path: string): number {
  const fd = openSync(path, 'w');
  let written = 0;
  try {
    for (let size = CHUNK.length; size >= 1; size = size >> 2)
      try {
        for (;;) written += writeSync(fd, CHUNK, 0, size);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
  } finally {
    closeSync(fd);
  }
  return written;
}

async function failSync({ shims }: System, plan: Plan): Promise<Injected> {
  if (shims === null) throw new Error('no shim');
  await setTimeout(plan.delaysMs[0]);
  const shim = shims[plan.target as Role];
  const before = shim.get('faults');
  shim.set('syncError', plan.nth);
  const hit = await until(() => shim.get('faults') > before, HIT_WITHIN_MS);
  shim.set('syncError', 0);
  const outcome = hit ? `sync ${plan.nth} of ${plan.target} failed` : 'no sync came';
  return { ended: Date.now(), hit, outcome };
}

async function jumpClock({ shims }: System, plan: Plan): Promise<Injected> {
  if (shims === null) throw new Error('no shim');
  await setTimeout(plan.delaysMs[0]);
  const roles: Role[] = plan.target === 'both' ? ['app', 'service'] : [plan.target as Role];
  for (const role of roles) shims[role].set('clockMs', plan.jumpMs);
  await setTimeout(2 * plan.holdMs);
  for (const role of roles) shims[role].set('clockMs', 0);
  return {
    ended: Date.now(),
    hit: true,
    outcome: `${plan.target} by ${plan.jumpMs / 3_600_000} h`,
  };
}

/** The application forgets how far it had come, and publishes its whole spool once more. */
async function republish({ app, folders }: System, plan: Plan): Promise<Injected> {
  await setTimeout(plan.delaysMs[0]);
  await app.hold('SIGKILL');
  const cursor = join(folders.spool, 'published.json');
  const hit = existsSync(cursor);
  rmSync(cursor, { force: true });
  app.release();
  return { ended: Date.now(), hit, outcome: 'whole spool published again' };
}
