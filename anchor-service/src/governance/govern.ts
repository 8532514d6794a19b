import { showcauseLogAbi, timelockControllerAbi } from '@showcause/contracts';
import type { LocalAccount } from 'viem/accounts';
import { DEFAULT_MINED_WITHIN_MS } from '../chain/create2.ts';
import type { Endpoints } from '../chain/endpoints.ts';
import { ChainError } from '../chain/errors.ts';
import { readBlock, readContract, simulate } from '../chain/read.ts';
import { quantity } from '../chain/rpc.ts';
import type { Rpc } from '../chain/rpc.ts';
import { sendTransaction, waitMined } from '../chain/transaction.ts';
import { alreadySo, effectOf, holderOf, isoTime, logCall } from './acts.ts';
import type { Act, Call } from './acts.ts';
import { readContractState } from './contract-state.ts';
import type { ContractState } from './contract-state.ts';
import { cancelCall, executeCall, operationOf, scheduleCall } from './operation.ts';
import type { Operation, Progress } from './operation.ts';
import { readTimelock } from './timelock-state.ts';

/** What has to happen next for an act: nothing, or one call by somebody who holds a role. */
export type NextStep =
  | { kind: 'nothing'; says: string }
  | {
      kind: 'send';
      call: Call;
      /** what it changes, in words */
      effect: string;
      role: 'guardian' | 'proposer' | 'executor' | 'canceller';
      /** who holds the role, where one address does; null: ask the timelock */
      holder: string | null;
    };

export interface Question {
  rpc: Rpc;
  /** the log's, lower-case 0x hex */
  contract: string;
  act: Act;
  /** take back what was proposed */
  cancel?: boolean;
}

/**
 * What an act needs next, as the newest block has it. For what the timelock owns that is: propose, then wait, then execute.
 * @throws {ChainError} `CHAIN_NO_CONTRACT`, `TIMELOCK_MISSING`, `TIMELOCK_NOT_READY`, those of an RPC call
 */
export async function nextStep(question: Question): Promise<NextStep> {
  const { rpc, contract, act } = question;
  const state = await requireContractState(rpc, contract);
  if (holderOf(act) === 'timelock') return timelockStep(question, state);
  const says = alreadySo(act, state);
  if (says !== null) return { kind: 'nothing', says };
  return {
    kind: 'send',
    call: logCall(act, contract),
    effect: effectOf(act, state),
    role: 'guardian',
    holder: state.guardian,
  };
}

/** @throws {ChainError} `CHAIN_NO_CONTRACT` */
export async function requireContractState(rpc: Rpc, contract: string): Promise<ContractState> {
  const latest = await readBlock(rpc, 'latest');
  const state = latest === null ? null : await readContractState(rpc, contract, latest);
  if (state === null) throw new ChainError('CHAIN_NO_CONTRACT', { got: `nothing at ${contract}` });
  return state;
}

async function timelockStep(
  { rpc, contract, act, cancel }: Question,
  state: ContractState,
): Promise<NextStep> {
  const { timelock, block } = state;
  const delay = await readContract(
    rpc,
    { abi: timelockControllerAbi, address: timelock, functionName: 'getMinDelay' },
    block,
  );
  if (delay === null) throw new ChainError('TIMELOCK_MISSING', { got: `nothing at ${timelock}` });
  const { operation, progress } = await operationOf(rpc, timelock, logCall(act, contract), block);
  if (cancel === true) return cancelStep(timelock, operation, progress);
  const says = alreadySo(act, state);
  if (says !== null)
    return {
      kind: 'nothing',
      says: progress.state === 'unset' ? says : `${says}; proposed all the same: --cancel it`,
    };
  const effect = effectOf(act, state);
  if (progress.state === 'waiting')
    throw new ChainError('TIMELOCK_NOT_READY', {
      got: `operation ${operation.id} at ${isoTime(block.time)}`,
      want: isoTime(progress.readyAt),
    });
  // Nobody should wait for what the contract will refuse.
  await simulate(rpc, { ...operation.call, from: timelock }, showcauseLogAbi);
  if (progress.state === 'ready')
    return {
      kind: 'send',
      call: executeCall(timelock, operation),
      effect,
      role: 'executor',
      holder: null,
    };
  return {
    kind: 'send',
    call: scheduleCall(timelock, operation, Number(delay)),
    effect: `nothing yet: from ${isoTime(block.time + Number(delay))} on it may be executed; then ${effect}`,
    role: 'proposer',
    holder: null,
  };
}

function cancelStep(timelock: string, operation: Operation, progress: Progress): NextStep {
  if (progress.state === 'unset') return { kind: 'nothing', says: 'nothing is proposed' };
  return {
    kind: 'send',
    call: cancelCall(timelock, operation),
    effect: `operation ${operation.id} can no longer be executed`,
    role: 'canceller',
    holder: null,
  };
}

const roleGetters = {
  proposer: 'PROPOSER_ROLE',
  executor: 'EXECUTOR_ROLE',
  canceller: 'CANCELLER_ROLE',
} as const;

/**
 * That an account may make this call, said before anything is sent.
 * @throws {ChainError} `ROLE_NOT_HELD`
 */
export async function requireRole(
  rpc: Rpc,
  { call, role, holder }: Extract<NextStep, { kind: 'send' }>,
  account: string,
): Promise<void> {
  const refuse = (want: string): never => {
    throw new ChainError('ROLE_NOT_HELD', { got: account, want });
  };
  if (role === 'guardian') {
    if (account.toLowerCase() !== holder) refuse(`the guardian, ${holder}`);
    return;
  }
  const latest = await readBlock(rpc, 'latest');
  const timelock = { abi: timelockControllerAbi, address: call.to };
  const name = await readContract(rpc, { ...timelock, functionName: roleGetters[role] }, latest!);
  const has = (who: string): Promise<boolean | null> => {
    const args = [name!, who as `0x${string}`] as const;
    return readContract(rpc, { ...timelock, functionName: 'hasRole', args }, latest!);
  };
  const anybody = role === 'executor' && (await has(`0x${'0'.repeat(40)}`)) === true;
  if (!anybody && (await has(account)) !== true) refuse(`${article(role)} of the timelock`);
}

function article(role: string): string {
  return `${/^[aeiou]/.test(role) ? 'an' : 'a'} ${role}`;
}

/** What a call costs when this account sends it now. @throws {ChainError} `CHAIN_REVERTED` with the contract's own name for it */
export async function gasOf(rpc: Rpc, call: Call, from: string): Promise<number> {
  const request = { from, to: call.to, data: call.data };
  await simulate(rpc, request, [...showcauseLogAbi, ...timelockControllerAbi]);
  return quantity(await rpc.request('eth_estimateGas', [request]), 'gas');
}

/** Who holds the role of a step now. */
export async function holdersOf(
  rpc: Rpc,
  { call, role, holder }: Extract<NextStep, { kind: 'send' }>,
): Promise<readonly string[]> {
  if (role === 'guardian') return holder === null ? [] : [holder];
  const latest = await readBlock(rpc, 'latest');
  const timelock = latest === null ? null : await readTimelock(rpc, call.to, latest);
  return timelock?.holders[role] ?? [];
}

/**
 * Sends a call and waits until it is in a block.
 * @returns the transaction's hash
 * @throws {ChainError} `CHAIN_REVERTED` when the chain moved on since it was simulated; as `sendTransaction`
 */
export async function sendCall(
  endpoints: Endpoints,
  account: LocalAccount,
  chainId: number,
  { to, data }: Call,
): Promise<string> {
  const hash = await sendTransaction(endpoints, account, chainId, { to, data });
  if (!(await endpoints.first((rpc) => waitMined(rpc, hash, DEFAULT_MINED_WITHIN_MS))))
    throw new ChainError('CHAIN_REVERTED', { got: `transaction ${hash}` });
  return hash;
}
