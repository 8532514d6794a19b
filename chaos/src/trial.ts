import { loadavg } from 'node:os';
import { injectors } from './inject/faults.ts';
import type { Injected } from './inject/injected.ts';
import type { Plan } from './plan.ts';
import type { TrialLine } from './records.ts';
import type { System } from './system/system.ts';

/** The bar for every fault. */
export const BACK_WITHIN_MS = 30_000;
/** How long a service that missed it is waited for, to say how late it was. */
const GIVE_UP_MS = 150_000;

/** Does one fault to a running system and waits until it serves again. What it lost is known when the batch is over. */
export async function runTrial(
  system: System,
  plan: Plan,
  batch: number,
): Promise<{ line: TrialLine; usable: boolean }> {
  const began = Date.now();
  const load = Math.round(loadavg()[0]!);
  const { client } = system;
  await client.ask({ op: 'trial', trial: plan.seed });
  const injected = await inject(system, plan);
  const { back, violations } = await comesBack(system, injected);
  const counts = await client.ask({ op: 'counts' });
  const { seed, configuration, fault, target, delaysMs, nth, holdMs, manner, jumpMs } = plan;
  const line: TrialLine = {
    kind: 'trial',
    seed,
    batch,
    configuration,
    fault,
    target,
    planned: { delaysMs, nth, holdMs, manner, jumpMs },
    at: new Date(began).toISOString(),
    load,
    tookMs: Date.now() - began,
    accepted: counts.accepted,
    refused: counts.refused,
    failed: counts.failed,
    lost: 0,
    unproven: 0,
    ...back,
    hit: injected.hit,
    outcome: injected.outcome,
    violations: [...(injected.violations ?? []), ...violations, ...counts.strange],
  };
  return { line, usable: injected.live === false || back.checkpointMs !== null };
}

async function inject(system: System, plan: Plan): Promise<Injected> {
  try {
    return await injectors[plan.fault](system, plan);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    return {
      ended: Date.now(),
      hit: false,
      outcome: 'not done',
      violations: [`fault not done: ${why}`],
    };
  }
}

async function comesBack(
  { client }: System,
  { ended, live = true }: Injected,
): Promise<{
  back: Pick<TrialLine, 'answerMs' | 'checkpointMs'>;
  violations: string[];
}> {
  if (!live) return { back: { answerMs: null, checkpointMs: null }, violations: [] };
  const back = await client.ask({ op: 'service', after: ended, withinMs: GIVE_UP_MS });
  const { missing } = await client.ask({ op: 'included', before: ended, withinMs: BACK_WITHIN_MS });
  const violations: string[] = [];
  if (back.checkpointMs === null) violations.push(`not back in ${GIVE_UP_MS} ms`);
  else if (back.checkpointMs > BACK_WITHIN_MS)
    violations.push(`back after ${back.checkpointMs} ms, want ${BACK_WITHIN_MS}`);
  if (missing > 0) violations.push(`${missing} receipts not in the log ${BACK_WITHIN_MS} ms later`);
  return { back, violations };
}
