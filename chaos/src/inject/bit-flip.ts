import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Processes, listeningLine, lowPort } from '@showcause/parts';
import type { Plan } from '../plan.ts';
import { appProgram, applications, showcause, showcauseProgram } from '../system/commands.ts';
import type { System } from '../system/system.ts';
import { flipIn, isMended, published, spooled } from './flip-targets.ts';
import type { Flipped } from './flip-targets.ts';
import type { Injected } from './injected.ts';

const UP_WITHIN_MS = 40_000;
const ASKED = 3;
const SETTLE_MS = 1_500;

/**
 * Copies a frozen system as a crash would leave it, flips one bit of the copy, and starts the copy. It must be refused,
 * set aside, mended or without any consequence; what is published or spooled must be refused by the tools as well.
 */
export async function flipBit(system: System, plan: Plan): Promise<Injected> {
  await setTimeout(plan.delaysMs[0]);
  const copy = join(system.dir, `copy-${plan.seed}`);
  const moment = await copyFrozen(system, copy);
  try {
    const flipped = flipIn(copy, plan.target, plan);
    if (flipped === null) return { ended: moment, outcome: 'no such file yet', live: false };
    const found = await toolsFind(system, copy, plan.target);
    const started = await startCopy(system, copy);
    const { outcome, violations } = await judge(system, { copy, moment, flipped, found, started });
    const where = `bit ${flipped.bit} of ${flipped.path}`;
    return { ended: moment, outcome: `${outcome}: ${where}`, violations, live: false };
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
async function startCopy({ env, configuration }: System, copy: string): Promise<Started> {
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
  await setTimeout(SETTLE_MS);
  await processes.stopAll();
  return { app: app !== null, service: service !== null, said };
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

async function judge(
  { client }: System,
  facts: {
    copy: string;
    moment: number;
    flipped: Flipped;
    found: Record<string, number>;
    started: Started;
  },
): Promise<{ outcome: string; violations: string[] }> {
  const { copy, moment, flipped, found, started } = facts;
  const blind = Object.entries(found)
    .filter(([, exit]) => exit === 0)
    .map(([tool]) => `${tool} found nothing in ${flipped.path}, bit ${flipped.bit}`);
  const seen = Object.entries(found)
    .filter(([, exit]) => exit !== 0)
    .map(([tool, exit]) => `${tool} ${exit}`);
  if (started.said.length > 0)
    return { outcome: `refused (${[...seen, ...started.said].join(', ')})`, violations: blind };
  const isQuarantined = existsSync(join(copy, 'producer/spool/quarantine'));
  const log = join(copy, 'service/log');
  const verdict = await client.ask({ op: 'judge-copy', log, before: moment }).catch(() => null);
  if (verdict?.kept === true) {
    const how = isQuarantined ? 'set aside' : isMended(copy, flipped) ? 'mended' : 'no consequence';
    return { outcome: [how, ...seen].join(', '), violations: blind };
  }
  const isKnown = seen.length > 0 || isQuarantined;
  const outcome = [isQuarantined ? 'set aside' : 'found', ...seen].join(', ');
  if (isKnown) return { outcome, violations: blind };
  const silent = `accepted in silence: ${JSON.stringify(verdict)}`;
  return { outcome: 'accepted', violations: [...blind, silent] };
}
