import { configurations, faults, targetsOf, timesOf } from './catalogue.ts';
import type { Configuration, Fault } from './catalogue.ts';
import { Draw, seedBelow } from './draw.ts';

/** One trial. Everything in it follows from the seed. */
export interface Plan {
  seed: string;
  configuration: Configuration;
  fault: Fault;
  target: string;
  /** from the beginning of the trial to the fault; of a series, to each */
  delaysMs: readonly number[];
  /** which sync, write or file it hits, counted from 1 */
  nth: number;
  /** how long it lasts, where it lasts */
  holdMs: number;
  /** of a network fault */
  manner: (typeof manners)[number];
  /** of a clock jump */
  jumpMs: number;
  /** place of a flipped bit, and which of several files it is: 0 <= x < 1 */
  place: number;
  file: number;
}

const manners = ['drop-response', 'half-open', 'reset', 'latency'] as const;
const HOUR_MS = 3_600_000;
const jumps = [HOUR_MS, -HOUR_MS, 365 * 24 * HOUR_MS, -365 * 24 * HOUR_MS] as const;
/** Two session timeouts of a broker (3 s), and more than one lease of the PostgreSQL store (5 s). */
const FREEZE_MS = 6_500;
const MOST_DELAY_MS = 500;

/** The plan of a seed, always the same. Which process has got how far when a fault hits it is the machine's to say. */
export function planOf(seed: string): Plan {
  const draw = new Draw(seed);
  const { configuration, fault } = weighted(draw.number());
  const isKill = fault === 'kill-app' || fault === 'kill-service';
  return {
    seed,
    configuration,
    fault,
    target: draw.one(targetsOf(fault, configuration)),
    delaysMs: Array.from({ length: isKill ? draw.whole(1, 3) : 1 }, () =>
      draw.whole(0, MOST_DELAY_MS),
    ),
    nth: draw.whole(1, 20),
    holdMs: fault === 'freeze' ? FREEZE_MS : draw.whole(1_000, 3_000),
    manner: draw.one(manners),
    jumpMs: draw.one(jumps),
    place: draw.number(),
    file: draw.number(),
  };
}

const cells = configurations.flatMap((configuration) =>
  faults.map((fault) => ({ configuration, fault, times: timesOf(fault, configuration) })),
);
const total = cells.reduce((sum, { times }) => sum + times, 0);

function weighted(number: number): { configuration: Configuration; fault: Fault } {
  let left = number * total;
  for (const cell of cells) {
    left -= cell.times;
    if (left < 0) return cell;
  }
  throw new RangeError(`got ${number}, want 0 <= x < 1`);
}

export interface Wanted {
  configuration: Configuration;
  faults: readonly Fault[];
  /** part of a round, rounded up for each fault */
  share: number;
}

/** Plans below a seed, in the order of their draws, until each fault has its share of the round. */
export function drawRound(seed: string, { configuration, faults: asked, share }: Wanted): Plan[] {
  const open = new Map(
    asked
      .map((fault): [Fault, number] => [fault, Math.ceil(timesOf(fault, configuration) * share)])
      .filter(([, times]) => times > 0),
  );
  const plans: Plan[] = [];
  for (let n = 0; open.size > 0; n++) {
    const plan = planOf(seedBelow(`${seed}/${configuration}`, n));
    const left = plan.configuration === configuration ? open.get(plan.fault) : undefined;
    if (left === undefined) continue;
    plans.push(plan);
    if (left === 1) open.delete(plan.fault);
    else open.set(plan.fault, left - 1);
  }
  return plans;
}
