import { showcauseLogAbi } from '@showcause/contracts';
import type { GovernanceRecord } from '@showcause/core';
import type { Block } from '../chain/read.ts';
import { readContract } from '../chain/read.ts';
import type { Rpc } from '../chain/rpc.ts';

/** Who holds what, and which flags are set: what only `halt`, `freeze` and the timelock change. Addresses in lower case. */
export interface Governance {
  halted: boolean;
  /** Unix seconds; 0: never frozen, or ended by the timelock */
  frozenUntil: number;
  operator: string;
  countersigner: string;
  guardian: string;
}

/** All that a log's contract holds, in one block. */
export interface ContractState extends Governance {
  block: Block;
  size: number;
  /** 0x hex, 32 bytes */
  root: string;
  /** Unix seconds */
  lastAdvance: number;
  timelock: string;
}

/** @returns null when the contract is not there in that block @throws {ChainError} those of an RPC call */
export async function readContractState(
  rpc: Rpc,
  address: string,
  block: Block,
): Promise<ContractState | null> {
  const contract = { abi: showcauseLogAbi, address };
  const head = await readContract(rpc, { ...contract, functionName: 'head' }, block);
  if (head === null) return null;
  const [size, root, lastAdvance] = head;
  const governance = await readGovernance(rpc, address, block);
  const timelock = await readContract(rpc, { ...contract, functionName: 'timelock' }, block);
  return {
    block,
    size: Number(size),
    root,
    lastAdvance: Number(lastAdvance),
    ...governance!,
    timelock: timelock!.toLowerCase(),
  };
}

/** @returns null when the contract is not there in that block */
export async function readGovernance(
  rpc: Rpc,
  address: string,
  block: Pick<Block, 'hash'>,
): Promise<Governance | null> {
  const contract = { abi: showcauseLogAbi, address };
  const halted = await readContract(rpc, { ...contract, functionName: 'halted' }, block);
  if (halted === null) return null;
  const [frozenUntil, operator, countersigner, guardian] = await Promise.all([
    readContract(rpc, { ...contract, functionName: 'frozenUntil' }, block),
    readContract(rpc, { ...contract, functionName: 'operator' }, block),
    readContract(rpc, { ...contract, functionName: 'countersigner' }, block),
    readContract(rpc, { ...contract, functionName: 'guardian' }, block),
  ]);
  return {
    halted,
    frozenUntil: Number(frozenUntil),
    operator: operator!.toLowerCase(),
    countersigner: countersigner!.toLowerCase(),
    guardian: guardian!.toLowerCase(),
  };
}

/** What it is after these events, in the order of the chain. */
export function afterEvents(
  before: Governance,
  records: readonly Pick<GovernanceRecord, 'event'>[],
): Governance {
  const now = { ...before };
  for (const { event } of records)
    switch (event.name) {
      case 'Halted':
        now.halted = true;
        break;
      case 'Resumed':
        now.halted = false;
        break;
      case 'Frozen':
        now.frozenUntil = event.until;
        break;
      case 'Unfrozen':
        now.frozenUntil = 0;
        break;
      case 'OperatorRotated':
        now.operator = event.to;
        break;
      case 'CountersignerRotated':
        now.countersigner = event.to;
        break;
      case 'GuardianRotated':
        now.guardian = event.to;
        break;
    }
  return now;
}

export function isSameGovernance(a: Governance, b: Governance): boolean {
  return (Object.keys(a) as (keyof Governance)[]).every((name) => a[name] === b[name]);
}

/** Whether anchoring stands still at that time. @param time  Unix seconds */
export function isFrozen({ frozenUntil }: Governance, time: number): boolean {
  return time < frozenUntil;
}
