import { timelockControllerAbi, timelockControllerCreationCode } from '@showcause/contracts';
import { isJsonObject, parseJson } from '@showcause/core';
import { encodeDeployData } from 'viem/utils';
import { madeAt } from './create2.ts';
import type { Making } from './create2.ts';
import { ChainError } from './errors.ts';

/** Anybody may execute what the delay let through. */
export const anybody = '0x0000000000000000000000000000000000000000';

/** How a log's timelock, OpenZeppelin's TimelockController, is made. Addresses are lower-case 0x hex. */
export interface TimelockPlan {
  /** seconds from proposal to execution, at least 1 */
  minDelay: number;
  /** may propose and cancel: a key or, better, a Safe */
  proposers: readonly string[];
  /** may execute; {@link anybody} stands for all */
  executors: readonly string[];
}

const MAX_DELAY_SECONDS = 365 * 86_400;
const MAX_HOLDERS = 16;

/**
 * Its address depends on nothing of the log but factory and salt of genesis, so that genesis can name it before either
 * is there. Nobody is its admin: it changes itself, after its own delay.
 */
export function timelockMaking(
  { factory, salt }: Pick<Making, 'factory' | 'salt'>,
  { minDelay, proposers, executors }: TimelockPlan,
): Making {
  const list = (addresses: readonly string[]) => addresses as readonly `0x${string}`[];
  const initCode = encodeDeployData({
    abi: timelockControllerAbi,
    bytecode: timelockControllerCreationCode,
    args: [BigInt(minDelay), list(proposers), list(executors), anybody],
  });
  return { factory, salt, initCode };
}

/** @throws {ChainError} `TIMELOCK_PLAN` when a timelock made so is not the one of genesis */
export function requireTimelock(
  contract: { factory: string; salt: string; timelock: string },
  plan: TimelockPlan,
): Making {
  const making = timelockMaking(contract, plan);
  const address = madeAt(making);
  if (address !== contract.timelock)
    throw new ChainError('TIMELOCK_PLAN', {
      got: `a plan that makes ${address}`,
      want: `${contract.timelock} of genesis`,
    });
  return making;
}

/** The text of `timelock.json`: what nobody can read from the address. */
export function formatTimelockPlan({ minDelay, proposers, executors }: TimelockPlan): string {
  return `${JSON.stringify({ v: 1, minDelay, proposers, executors }, null, 2)}\n`;
}

/** @throws {ChainError} `TIMELOCK_PLAN` */
export function parseTimelockPlan(text: string): TimelockPlan {
  const value = parseJson(text);
  const members = isJsonObject(value) ? Object.keys(value).sort().join(' ') : '';
  if (!isJsonObject(value) || members !== 'executors minDelay proposers v' || value['v'] !== 1)
    return refuse('another form', 'v = 1, minDelay, proposers and executors');
  return checkTimelockPlan({
    minDelay: value['minDelay'] as number,
    proposers: value['proposers'] as string[],
    executors: value['executors'] as string[],
  });
}

/** @throws {ChainError} `TIMELOCK_PLAN` */
export function checkTimelockPlan(plan: TimelockPlan): TimelockPlan {
  const { minDelay, proposers, executors } = plan;
  if (!Number.isSafeInteger(minDelay) || minDelay < 1 || minDelay > MAX_DELAY_SECONDS)
    refuse('minDelay', `1 to ${MAX_DELAY_SECONDS} seconds`);
  for (const [name, holders] of Object.entries({ proposers, executors })) {
    const fits =
      Array.isArray(holders) &&
      holders.length >= 1 &&
      holders.length <= MAX_HOLDERS &&
      holders.every((holder) => typeof holder === 'string' && /^0x[0-9a-f]{40}$/.test(holder)) &&
      new Set(holders).size === holders.length;
    if (!fits) refuse(name, `1 to ${MAX_HOLDERS} lower-case 0x addresses, each once`);
  }
  if (proposers.includes(anybody)) refuse('the zero address among proposers', 'somebody');
  return plan;
}

function refuse(got: string, want: string): never {
  throw new ChainError('TIMELOCK_PLAN', { got, want });
}
