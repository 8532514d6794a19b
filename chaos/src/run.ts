import { join } from 'node:path';
import { batchFolder, runBatch } from './batch.ts';
import { configurations, timesOf } from './catalogue.ts';
import type { Configuration, Fault } from './catalogue.ts';
import { Draw, seedBelow } from './draw.ts';
import { drawRound } from './plan.ts';
import type { Plan } from './plan.ts';
import type { BatchLine, EndLine, Line, TrialLine } from './records.ts';
import { buildShim } from './system/shim.ts';
import { NotHere } from './system/system.ts';
import { Turns } from './turns.ts';

export interface RunOptions {
  seed: string;
  /** empty folder for what the processes need */
  work: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Unix ms: no trial begins after it */
  until: number;
  /** faults that are wanted; all unless told */
  only: readonly Fault[];
  /** of a round; above 1: round after round */
  share: number;
  /** systems at the same time */
  atOnce: number;
  onLine: (line: Line) => void;
  onTrial: (line: TrialLine) => void;
}

const BATCH = 20;
const shimmed: readonly Fault[] = ['sync-error', 'clock-jump'];

export type Outcome = Pick<EndLine, 'skipped' | 'left'>;

/** Every configuration in a lane of its own; `atOnce` of them have a system at the same time, in turn. */
export async function runLanes(options: RunOptions): Promise<Outcome> {
  const shim = buildShim(join(options.work, 'shim.so'));
  const skipped = shim === null ? shimmed.map((fault) => `${fault}: no C compiler`) : [];
  const possible = options.only.filter((fault) => shim !== null || !shimmed.includes(fault));
  const numbers = counter();
  const turns = new Turns(options.atOnce);
  const lanes = configurations
    .filter((one) => possible.some((fault) => timesOf(fault, one) > 0))
    .map(
      (configuration) =>
        new Lane(options, { configuration, faults: possible, shim, numbers, turns }),
    );
  const missing = await Promise.all(lanes.map((lane) => lane.run()));
  const left = lanes.reduce((sum, lane) => sum + lane.left, 0);
  return { skipped: [...skipped, ...missing.flat()], left };
}

/** Plans that are given, each on a system of its own. */
export async function runPlans(options: RunOptions, plans: readonly Plan[]): Promise<Outcome> {
  const shim = buildShim(join(options.work, 'shim.so'));
  const numbers = counter();
  const turns = new Turns(1);
  const outcome = { skipped: [] as string[], left: 0 };
  for (const plan of plans) {
    const { configuration } = plan;
    const lane = new Lane(options, { configuration, faults: [], shim, numbers, turns });
    outcome.skipped.push(...(await lane.batch([plan])));
    outcome.left += lane.left;
  }
  return outcome;
}

function counter(): () => number {
  let next = 1;
  return () => next++;
}

interface LaneSetting {
  configuration: Configuration;
  faults: readonly Fault[];
  shim: string | null;
  numbers: () => number;
  turns: Turns;
}

class Lane {
  readonly #options: RunOptions;
  readonly #own: LaneSetting;
  /** trials that did not begin in time; a lane that goes on for ever leaves none */
  left = 0;

  constructor(options: RunOptions, own: LaneSetting) {
    this.#options = options;
    this.#own = own;
  }

  /** @returns why this lane cannot be run here, if so */
  async run(): Promise<string[]> {
    const { seed, share, until } = this.#options;
    for (let round = 0; round < Math.max(1, share) && Date.now() < until; round++) {
      const plans = drawRound(seedBelow(seed, round), { ...this.#own, share: Math.min(1, share) });
      for (let at = 0; at < plans.length; at += BATCH) {
        const missing = await this.#own.turns.take(() => this.batch(plans.slice(at, at + BATCH)));
        if (missing.length > 0) return missing;
      }
    }
    return [];
  }

  async batch(plans: readonly Plan[]): Promise<string[]> {
    const { work, env, until, onLine, onTrial } = this.#options;
    const { configuration, shim } = this.#own;
    if (Date.now() >= until) {
      if (this.#options.share <= 1) this.left += plans.length;
      return [];
    }
    const number = this.#own.numbers();
    const inline = new Draw(`${plans[0]?.seed}/sealing`).whole(0, 3) === 0;
    const dir = batchFolder(work, number);
    try {
      const done = await runBatch({
        ...{ number, configuration, plans, dir, env, shim, inline, until, onTrial },
      });
      for (const line of [...done.trials, done.batch]) onLine(line);
      if (this.#options.share <= 1) this.left += plans.length - done.trials.length;
      return [];
    } catch (error) {
      if (error instanceof NotHere) return [`${configuration}: ${error.message}`];
      onLine(brokenBatch(number, configuration, inline, error));
      return [];
    }
  }
}

/** The harness failed: that is never passed over. */
function brokenBatch(
  batch: number,
  configuration: Configuration,
  inline: boolean,
  error: unknown,
): BatchLine {
  const why = error instanceof Error ? (error.stack ?? error.message) : 'unknown';
  return {
    kind: 'batch',
    batch,
    configuration,
    sealing: inline ? 'inline' : 'worker',
    ...{ trials: 0, tookMs: 0, receipts: 0, entries: 0, heads: 0, announced: 0 },
    root: '',
    ...{ lost: 0, unproven: 0, duplicated: 0, holes: 0, forked: 0, verifyLog: -1, fsck: -1 },
    restarts: { app: 0, service: 0 },
    violations: [`batch not done: ${why.slice(0, 800)}`],
  };
}
