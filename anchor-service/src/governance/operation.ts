import { timelockControllerAbi } from '@showcause/contracts';
import { encodeAbiParameters, encodeFunctionData, keccak256, numberToHex } from 'viem/utils';
import { readContract } from '../chain/read.ts';
import type { Block } from '../chain/read.ts';
import type { Rpc } from '../chain/rpc.ts';
import type { Call } from './acts.ts';

/** One call as an operation of the timelock. */
export interface Operation {
  call: Call;
  /** 0x hex, 32 bytes */
  salt: `0x${string}`;
  /** hash of all of it, 0x hex, 32 bytes */
  id: `0x${string}`;
}

/** Where an operation stands. @see OpenZeppelin TimelockController.OperationState */
export type Progress =
  { state: 'unset' } | { state: 'waiting' | 'ready'; /** Unix seconds */ readyAt: number };

const NO_VALUE = 0n;
const NO_PREDECESSOR = `0x${'0'.repeat(64)}` as const;
/** `getTimestamp` of an operation that was never scheduled, or was cancelled, and of one that was executed. */
const UNSET = 0n;
const DONE = 1n;
/** The same call was executed so often; nobody gets that far. */
const MAX_REPETITIONS = 10_000;

/**
 * The operation that stands for a call now: the same for everybody who asks, so that whoever proposes, executes or
 * cancels means the same one. Its salt counts how often the very same call was executed before.
 */
export async function operationOf(
  rpc: Rpc,
  timelock: string,
  call: Call,
  block: Block,
): Promise<{ operation: Operation; progress: Progress }> {
  for (let count = 0; count < MAX_REPETITIONS; count++) {
    const operation = numbered(call, count);
    const readyAt = await readContract(
      rpc,
      {
        abi: timelockControllerAbi,
        address: timelock,
        functionName: 'getTimestamp',
        args: [operation.id] as const,
      },
      block,
    );
    if (readyAt === DONE) continue;
    if (readyAt === null || readyAt === UNSET) return { operation, progress: { state: 'unset' } };
    const state = BigInt(block.time) < readyAt ? 'waiting' : 'ready';
    return { operation, progress: { state, readyAt: Number(readyAt) } };
  }
  throw new RangeError(`the same call was executed ${MAX_REPETITIONS} times`);
}

function numbered(call: Call, count: number): Operation {
  const salt = numberToHex(count, { size: 32 });
  const id = keccak256(
    encodeAbiParameters(
      [
        { type: 'address' },
        { type: 'uint256' },
        { type: 'bytes' },
        { type: 'bytes32' },
        { type: 'bytes32' },
      ],
      [call.to as `0x${string}`, NO_VALUE, call.data, NO_PREDECESSOR, salt],
    ),
  );
  return { call, salt, id };
}

/** Proposes it. @param delay  seconds, at least the timelock's own */
export function scheduleCall(timelock: string, { call, salt }: Operation, delay: number): Call {
  const args = [
    call.to as `0x${string}`,
    NO_VALUE,
    call.data,
    NO_PREDECESSOR,
    salt,
    BigInt(delay),
  ] as const;
  const data = encodeFunctionData({ abi: timelockControllerAbi, functionName: 'schedule', args });
  return {
    to: timelock,
    function: 'schedule',
    says: `schedule ${call.says}`,
    args: args.map(String),
    data,
  };
}

export function executeCall(timelock: string, { call, salt }: Operation): Call {
  const args = [call.to as `0x${string}`, NO_VALUE, call.data, NO_PREDECESSOR, salt] as const;
  const data = encodeFunctionData({ abi: timelockControllerAbi, functionName: 'execute', args });
  return {
    to: timelock,
    function: 'execute',
    says: `execute ${call.says}`,
    args: args.map(String),
    data,
  };
}

export function cancelCall(timelock: string, { call, id }: Operation): Call {
  const data = encodeFunctionData({
    abi: timelockControllerAbi,
    functionName: 'cancel',
    args: [id],
  });
  return { to: timelock, function: 'cancel', says: `cancel ${call.says}`, args: [id], data };
}
