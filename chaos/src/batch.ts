import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { FinalVerdict } from './client/protocol.ts';
import type { Configuration } from './catalogue.ts';
import type { Plan } from './plan.ts';
import type { BatchLine, TrialLine } from './records.ts';
import { showcause } from './system/commands.ts';
import type { Ran } from './system/commands.ts';
import type { Supervised } from './system/supervised.ts';
import { startSystem } from './system/system.ts';
import type { System } from './system/system.ts';
import { runTrial } from './trial.ts';

export interface BatchOptions {
  number: number;
  configuration: Configuration;
  plans: readonly Plan[];
  /** new folder; it stays when something was wrong */
  dir: string;
  env: Readonly<Record<string, string | undefined>>;
  shim: string | null;
  inline: boolean;
  /** Unix ms: no trial begins after it */
  until: number;
  onTrial: (line: TrialLine) => void;
}

const FIRST_ANSWER_MS = 120_000;
const QUIET_MS = 60_000;
const SETTLE_MS = 1_500;

/** Trials one after the other on one system, then the verdict over everything its client was promised. */
export async function runBatch(
  options: BatchOptions,
): Promise<{ batch: BatchLine; trials: TrialLine[] }> {
  const began = Date.now();
  const system = await startSystem(options);
  const trials: TrialLine[] = [];
  try {
    const violations = await firstAnswer(system);
    for (const plan of violations.length > 0 ? [] : options.plans) {
      if (Date.now() > options.until) break;
      const { line, usable } = await runTrial(system, plan, options.number);
      trials.push(line);
      options.onTrial(line);
      if (!usable) break;
    }
    const jumped = trials.some(({ fault }) => fault === 'clock-jump');
    const { verdict, ended } = await conclude(system, jumped);
    const batch: BatchLine = {
      kind: 'batch',
      batch: options.number,
      configuration: options.configuration,
      sealing: options.inline ? 'inline' : 'worker',
      trials: trials.length,
      tookMs: Date.now() - began,
      ...countsOf(verdict),
      ...ended,
      restarts: { app: system.app.exits.length, service: system.service.exits.length },
      violations: [...violations, ...violationsOf(verdict), ...ended.violations],
    };
    const isSound = batch.violations.length === 0 && trials.every((line) => isSoundLine(line));
    await system.stop();
    if (isSound) rmSync(options.dir, { recursive: true, force: true });
    return { batch, trials: trials.map((line) => withLosses(line, verdict)) };
  } catch (error) {
    await system.stop().catch(() => undefined);
    throw error;
  }
}

async function firstAnswer({ client }: System): Promise<string[]> {
  const { checkpointMs } = await client.ask({
    op: 'service',
    after: Date.now(),
    withinMs: FIRST_ANSWER_MS,
  });
  return checkpointMs === null ? ['never served'] : [];
}

function exitOf({ exits }: Supervised): string {
  const { code = null, signal = null } = exits.at(-1) ?? {};
  return signal ?? `exit code ${code}`;
}

type Ended = Pick<BatchLine, 'verifyLog' | 'fsck'> & { violations: string[] };

/** Lets all that was promised reach the log, ends application and service in order, and reads the log again. */
async function conclude(
  system: System,
  jumped: boolean,
): Promise<{ verdict: FinalVerdict; ended: Ended }> {
  const { client, app, service, env, folders, policy } = system;
  await client.ask({ op: 'quiet', withinMs: QUIET_MS });
  const violations: string[] = [];
  await app.hold('SIGTERM');
  if (app.exits.at(-1)?.code !== 0)
    violations.push(`application did not end cleanly: ${exitOf(app)}`);
  await setTimeout(SETTLE_MS);
  await service.hold('SIGTERM');
  if (service.exits.at(-1)?.code !== 0)
    violations.push(`service did not end cleanly: ${exitOf(service)}`);
  const verdict = await client.ask({ op: 'finish' });
  const log = folders.log;
  const verify = await showcause(['verify', 'log', '--log', log, '--policy', policy], env);
  const fsck = await showcause(['fsck', log, '--policy', policy], env);
  if (verify.exit !== 0 && !(jumped && isSilence(verify)))
    violations.push(`verify log ${verify.exit}: ${tail(verify.out)}`);
  if (fsck.exit !== 0) violations.push(`fsck ${fsck.exit}: ${tail(fsck.out)}`);
  return { verdict, ended: { verifyLog: verify.exit, fsck: fsck.exit, violations } };
}

/** Clocks that jumped leave an hour or a year without heartbeats by their own account, and the verifier must say so. */
function isSilence({ exit, out }: Ran): boolean {
  return exit === 2 && /^COULD NOT CHECK: heartbeats\s*$/m.test(out);
}

function tail(text: string): string {
  return text.trim().split('\n').slice(-6).join(' | ').slice(0, 600);
}

function countsOf(verdict: FinalVerdict) {
  const { receipts, root, entries, heads, announced } = verdict;
  return {
    receipts,
    root,
    entries,
    heads,
    announced,
    lost: verdict.lost.length,
    unproven: verdict.unproven.length,
    duplicated: verdict.duplicated.length,
    holes: verdict.holes.length,
    forked: verdict.forked.length,
  };
}

function violationsOf({
  lost,
  unproven,
  duplicated,
  holes,
  forked,
  wrong,
}: FinalVerdict): string[] {
  return [
    ...lost.slice(0, 3).map(({ epoch, seq, leaf }) => `lost: epoch ${epoch} seq ${seq}, ${leaf}`),
    // No fault done to a running system destroys what its disk acknowledged.
    ...unproven.slice(0, 3).map(({ epoch, seq }) => `unproven: epoch ${epoch} seq ${seq}`),
    ...wrong.map((what) => `judged: ${what}`),
    ...duplicated.slice(0, 3).map((what) => `twice: ${what}`),
    ...holes.slice(0, 3).map((what) => `hole: ${what}`),
    ...forked.slice(0, 3).map((what) => `fork: ${what}`),
  ];
}

function withLosses(line: TrialLine, { trials }: FinalVerdict): TrialLine {
  const { lost = 0, unproven = 0 } = trials[line.seed] ?? {};
  return { ...line, lost, unproven };
}

function isSoundLine({ violations }: TrialLine): boolean {
  return violations.length === 0;
}

/** Where a batch of this number works. */
export function batchFolder(root: string, number: number): string {
  return join(root, `batch-${number}`);
}
