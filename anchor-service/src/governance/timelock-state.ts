import { showcauseLogAbi, timelockControllerAbi } from '@showcause/contracts';
import { decodeEventLog, decodeFunctionData, toEventSelector } from 'viem/utils';
import { ChainError } from '../chain/errors.ts';
import { LogSearch, readLogs } from '../chain/logs.ts';
import { readContract } from '../chain/read.ts';
import type { Block } from '../chain/read.ts';
import type { Rpc } from '../chain/rpc.ts';

export const timelockRoles = ['proposer', 'canceller', 'executor', 'admin'] as const;
export type TimelockRole = (typeof timelockRoles)[number];

/** An operation that was scheduled and neither executed nor cancelled. */
export interface PendingOperation {
  /** 0x hex, 32 bytes */
  id: string;
  /** Unix seconds from which on it may be executed, today or in years */
  readyAt: number;
  calls: readonly { to: string; says: string }[];
}

export interface TimelockState {
  /** seconds */
  minDelay: number;
  /** lower-case addresses; as executor the zero address is anybody */
  holders: Readonly<Record<TimelockRole, readonly string[]>>;
  pending: readonly PendingOperation[];
}

const topics = {
  granted: toEventSelector('RoleGranted(bytes32,address,address)'),
  scheduled: toEventSelector(
    'CallScheduled(bytes32,uint256,address,uint256,bytes,bytes32,uint256)',
  ),
};
const roleGetters = {
  proposer: 'PROPOSER_ROLE',
  canceller: 'CANCELLER_ROLE',
  executor: 'EXECUTOR_ROLE',
  admin: 'DEFAULT_ADMIN_ROLE',
} as const;
/** What `getTimestamp` says of an operation that was executed. */
const DONE = 1n;

/** @returns null when it is not there in that block @throws {ChainError} those of an RPC call */
export async function readTimelock(
  rpc: Rpc,
  address: string,
  block: Block,
): Promise<TimelockState | null> {
  const timelock = { abi: timelockControllerAbi, address };
  const minDelay = await readContract(rpc, { ...timelock, functionName: 'getMinDelay' }, block);
  if (minDelay === null) return null;
  const filter = { address, topics: Object.values(topics) };
  const search = new LogSearch((from, to) => readLogs(rpc, filter, from, to));
  const events = (await search.all(0, block.number)).map(decoded);
  return {
    minDelay: Number(minDelay),
    holders: await readHolders(rpc, address, block, events),
    pending: await readPending(rpc, address, block, events),
  };
}

type TimelockEvent =
  | { name: 'granted'; role: string; account: `0x${string}` }
  | { name: 'scheduled'; id: `0x${string}`; index: bigint; to: string; data: `0x${string}` };

function decoded(log: unknown): TimelockEvent {
  const { topics, data } = (log ?? {}) as Record<string, unknown>;
  try {
    const event = decodeEventLog({
      abi: timelockControllerAbi,
      topics: topics as [`0x${string}`],
      data: data as `0x${string}`,
    });
    if (event.eventName === 'RoleGranted' && event.args !== undefined) {
      const { role, account } = event.args;
      return { name: 'granted', role, account };
    }
    if (event.eventName === 'CallScheduled' && event.args !== undefined) {
      const { id, index, target, data: called } = event.args;
      return { name: 'scheduled', id, index, to: target.toLowerCase(), data: called };
    }
  } catch {
    // said below
  }
  throw new ChainError('CHAIN_ANSWER', { got: 'no event of the timelock that was asked for' });
}

/** Whoever was ever granted a role and has it now. */
async function readHolders(
  rpc: Rpc,
  address: string,
  block: Block,
  events: readonly TimelockEvent[],
): Promise<TimelockState['holders']> {
  const timelock = { abi: timelockControllerAbi, address };
  const granted = events.flatMap((event) => (event.name === 'granted' ? [event] : []));
  const holders = async (role: TimelockRole): Promise<string[]> => {
    const name = await readContract(rpc, { ...timelock, functionName: roleGetters[role] }, block);
    const accounts = new Set(
      granted.filter((grant) => grant.role === name).map(({ account }) => account),
    );
    const held: string[] = [];
    for (const account of accounts) {
      const args = [name!, account] as const;
      if (await readContract(rpc, { ...timelock, functionName: 'hasRole', args }, block))
        held.push(account.toLowerCase());
    }
    return held;
  };
  return {
    proposer: await holders('proposer'),
    canceller: await holders('canceller'),
    executor: await holders('executor'),
    admin: await holders('admin'),
  };
}

async function readPending(
  rpc: Rpc,
  address: string,
  block: Block,
  events: readonly TimelockEvent[],
): Promise<PendingOperation[]> {
  const calls = new Map<`0x${string}`, { to: string; says: string }[]>();
  for (const event of events) {
    if (event.name !== 'scheduled') continue;
    const { id, index, to, data } = event;
    const known = index === 0n ? [] : (calls.get(id) ?? []);
    calls.set(id, [...known, { to, says: callInWords(data) }]);
  }
  const pending: PendingOperation[] = [];
  for (const [id, called] of calls) {
    const args = [id] as const;
    const readyAt = await readContract(
      rpc,
      { abi: timelockControllerAbi, address, functionName: 'getTimestamp', args },
      block,
    );
    if (readyAt !== null && readyAt > DONE)
      pending.push({ id, readyAt: Number(readyAt), calls: called });
  }
  return pending;
}

/** The function and its arguments where it is one of the log's contract or of the timelock itself. */
export function callInWords(data: `0x${string}`): string {
  try {
    const abi = [...showcauseLogAbi, ...timelockControllerAbi];
    const { functionName, args } = decodeFunctionData({ abi, data });
    return `${functionName}(${(args ?? []).map(String).join(', ')})`;
  } catch {
    return `unknown call ${data.slice(0, 10)}, ${(data.length - 2) / 2} bytes`;
  }
}
