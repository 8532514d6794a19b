import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Processes, listeningLine, lowPort } from '@showcause/parts';
import type { FinalVerdict } from '../client/protocol.ts';
import type { Plan } from '../plan.ts';
import { appProgram, applications, showcause, showcauseProgram } from '../system/commands.ts';
import type { System } from '../system/system.ts';
import { flipIn, isMended, published, restore, spooled } from './flip-targets.ts';
import type { Flipped } from './flip-targets.ts';
import type { Injected } from './injected.ts';

const UP_WITHIN_MS = 40_000;
const ASKED = 3;
const SETTLE_WITHIN_MS = 15_000;
const SETTLE_LOOK_MS = 500;

/**
 * Copies a frozen system as a crash would leave it, flips one bit of the copy, and starts the copy. It must be refused,
 * set aside, mended or without any consequence; what is published or spooled must be refused by the tools as well.
 */
export async function flipBit(system: System, plan: Plan): Promise<Injected> {
  await setTimeout(plan.delaysMs[0]);
  const copy = join(system.dir, `copy-${plan.seed}`);
  const moment = await copyFrozen(system, copy);
  try {
    // The control: what finds nothing wrong before finds something behind the flip, or it says nothing.
    const before = await toolsFind(system, copy, plan.target);
    const flipped = flipIn(copy, plan.target, plan);
    if (flipped === null)
      return { ended: moment, hit: false, outcome: 'no such file yet', live: false };
    const after = await toolsFind(system, copy, plan.target);
    const started = await startCopy(system, copy, moment);
    const running = await judgeRunning(system, {
      copy,
      moment,
      flipped,
      target: plan.target,
      started,
    });
    return {
      ended: moment,
      hit: true,
      outcome: `${[running.outcome, ...describeTools(after)].join(', ')}: bit ${flipped.bit} of ${flipped.path}`,
      violations: [...judgeTools(before, after), ...running.violations],
      live: false,
    };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function copyFrozen({ app, service, parties }: System, copy: string): Promise<number> {
  const both = [app, service];
  for (const one of both) await one.spawned();
  for (const one of both) one.signal('SIGSTOP');
  try {
    const moment = Date.now();
    cpSync(parties, copy, { recursive: true });
    rmSync(join(copy, 'producer/spool/spool.lock'), { force: true });
    return moment;
  } finally {
    for (const one of both) one.signal('SIGCONT');
  }
}

/** What each tool that looks at this kind of file says: name → exit code. */
async function toolsFind(
  { env }: System,
  copy: string,
  target: string,
): Promise<Record<string, number>> {
  const policy = ['--policy', join(copy, 'policy.json')];
  const log = join(copy, 'service/log');
  const exits: Record<string, number> = {};
  if (published.has(target)) exits['fsck'] = (await showcause(['fsck', log, ...policy], env)).exit;
  if (spooled.has(target)) {
    const args = ['spool', 'verify', join(copy, 'producer/spool'), ...policy];
    exits['spool verify'] = (await showcause(args, env)).exit;
  }
  return exits;
}

interface Started {
  app: boolean;
  service: boolean;
  /** last lines of who refused */
  said: string[];
}

/** Starts service and application of the copy, asks a little, and ends both. */
async function startCopy(
  { env, configuration, client }: System,
  copy: string,
  moment: number,
): Promise<Started> {
  const processes = new Processes();
  const said: string[] = [];
  const start = async (name: string, args: readonly string[]): Promise<string | null> => {
    const logFile = join(copy, `${name}.log`);
    try {
      const running = await processes.start({
        name,
        command: process.execPath,
        args,
        env: { ...env, SHOWCAUSE_SERVE__HTTP__PORT: '0' },
        logFile,
        ready: listeningLine,
        readyWithinMs: UP_WITHIN_MS,
      });
      processes.expectExit(running);
      return running.listening;
    } catch {
      said.push(`${name}: ${lastCode(logFile)}`);
      return null;
    }
  };
  const config = join(copy, 'service/config.json');
  const service = await start('service', [showcauseProgram, 'serve', '--config', config]);
  const spool = join(copy, 'producer/spool');
  const log = join(copy, 'service/log');
  const app = await start('app', [
    ...[appProgram, '--parties', copy, '--spool', spool, '--log', log],
    ...['--port', `${await lowPort()}`],
    ...(configuration === 'small-disks' ? ['--volatile'] : []),
  ]);
  if (app !== null) await ask(app);
  if (app !== null && service !== null) await settle(client, log, moment);
  // One that may not sign stays up for readers, and says that it is not ready.
  if (service !== null && !(await isReady(service)))
    said.push(`service: not ready, ${lastCode(join(copy, 'service.log'))}`);
  await processes.stopAll();
  return { app: app !== null, service: service !== null, said };
}

async function isReady(service: string): Promise<boolean> {
  const answer = await fetch(`${service}/readyz`, { signal: AbortSignal.timeout(10_000) }).catch(
    () => null,
  );
  return answer?.status === 200;
}

/** Time to log what lay in the spool; whether it did is judged afterwards. */
async function settle(client: System['client'], log: string, before: number): Promise<void> {
  const deadline = Date.now() + SETTLE_WITHIN_MS;
  while (Date.now() < deadline) {
    await setTimeout(SETTLE_LOOK_MS);
    // A flipped byte may still lie in what is read here.
    const verdict = await client.ask({ op: 'judge-copy', log, before }).catch(() => null);
    if (verdict?.lost.length === 0) return;
  }
}

async function ask(app: string): Promise<void> {
  const [body] = readFileSync(applications, 'utf8').split('\n', 1);
  for (let i = 0; i < ASKED; i++)
    await fetch(`${app}/v1/applications`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: body!,
      signal: AbortSignal.timeout(10_000),
    }).catch(() => null);
}

/** The newest code in what a process said. */
function lastCode(logFile: string): string {
  const codes = existsSync(logFile)
    ? readFileSync(logFile, 'utf8').match(/\b[A-Z]{3,}_[A-Z_]{3,}\b/g)
    : null;
  return codes?.at(-1) ?? 'no code';
}

/** Tools alone: clean before, not clean behind it. */
export function judgeTools(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): string[] {
  return Object.entries(after).flatMap(([tool, exit]) => {
    if (before[tool] !== 0) return [`${tool} ${before[tool]} before the flip`];
    return exit === 0 ? [`${tool} found nothing behind the flip`] : [];
  });
}

function describeTools(exits: Readonly<Record<string, number>>): string[] {
  return Object.entries(exits).map(([tool, exit]) => `${tool} ${exit}`);
}

/** The system that was started, whatever the tools said: it refuses, or what it publishes is whole. */
async function judgeRunning(
  { client }: System,
  facts: { copy: string; moment: number; flipped: Flipped; target: string; started: Started },
): Promise<{ outcome: string; violations: string[] }> {
  const { copy, moment, flipped, target, started } = facts;
  const setAside = existsSync(join(copy, 'producer/spool/quarantine'));
  const mended = isMended(copy, flipped);
  // What the flip left in a published file is the tools' to find. Here it is undone, to see what the service did with it.
  if (published.has(target) && !mended) restore(copy, flipped);
  const log = join(copy, 'service/log');
  const verdict = await client.ask({ op: 'judge-copy', log, before: moment });
  const isRefused = started.said.length > 0;
  const outcome = isRefused
    ? `refused (${started.said.join(', ')})`
    : setAside
      ? 'set aside'
      : mended
        ? 'mended'
        : 'no consequence';
  // Who refuses logs nothing more; what had been logged stays all the same.
  return {
    outcome,
    violations: consequences(verdict, isRefused || (setAside && spooled.has(target))),
  };
}

/** Only what lay in a damaged spool alone, and was set aside for all to see, may be missing. */
export function consequences(
  verdict: Pick<
    FinalVerdict,
    'lost' | 'unproven' | 'lostOfLog' | 'duplicated' | 'holes' | 'forked'
  >,
  mayMiss: boolean,
): string[] {
  const { lost, unproven, lostOfLog, duplicated, holes, forked } = verdict;
  const found: [string, number][] = [
    ['logged and lost', lostOfLog],
    ['lost', mayMiss ? 0 : lost.length],
    ['unproven', mayMiss ? 0 : unproven.length],
    ['twice', duplicated.length],
    ['holes', mayMiss ? 0 : holes.length],
    ['forked', forked.length],
  ];
  return found.filter(([, n]) => n > 0).map(([what, n]) => `accepted in silence: ${n} ${what}`);
}
