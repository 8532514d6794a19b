import { showcauseLogAbi } from '@showcause/contracts';
import { encodeFunctionData } from 'viem/utils';
import { isFrozen } from './contract-state.ts';
import type { ContractState } from './contract-state.ts';

/** What somebody may want of a log's contract. */
export type Act =
  | { name: 'halt' | 'freeze' | 'freezeForGood' | 'resume' | 'unfreeze' }
  | { name: 'rotate'; role: RotatedRole; to: string };

export const rotatedRoles = ['operator', 'countersigner', 'guardian'] as const;
export type RotatedRole = (typeof rotatedRoles)[number];

/** One call of a contract, ready to be put into a transaction or a Safe. */
export interface Call {
  to: string;
  /** name of the function */
  function: string;
  /** what it does, in words: `schedule resume()` */
  says: string;
  args: readonly string[];
  data: `0x${string}`;
}

/** What the contract holds where the timelock froze it. */
const FOR_GOOD = 2 ** 40 - 1;
const rotations = {
  operator: 'rotateOperator',
  countersigner: 'rotateCountersigner',
  guardian: 'rotateGuardian',
} as const;

/** Who may do it. */
export function holderOf(act: Act): 'guardian' | 'timelock' {
  return act.name === 'halt' || act.name === 'freeze' ? 'guardian' : 'timelock';
}

/** The call on the log's contract. */
export function logCall(act: Act, contract: string): Call {
  if (act.name === 'rotate') {
    const functionName = rotations[act.role];
    const to = act.to as `0x${string}`;
    const data = encodeFunctionData({ abi: showcauseLogAbi, functionName, args: [to] });
    return {
      to: contract,
      function: functionName,
      says: `${functionName}(${to})`,
      args: [to],
      data,
    };
  }
  // For how long a freeze holds is a matter of who calls.
  const functionName = act.name === 'freezeForGood' ? 'freeze' : act.name;
  const data = encodeFunctionData({ abi: showcauseLogAbi, functionName });
  return { to: contract, function: functionName, says: `${functionName}()`, args: [], data };
}

/** What is so already, in words; null: the act would change something. */
export function alreadySo(act: Act, state: ContractState): string | null {
  const frozen = isFrozen(state, state.block.time);
  switch (act.name) {
    case 'halt':
      return state.halted ? 'already halted' : null;
    case 'resume':
      return state.halted ? null : 'not halted';
    case 'freeze':
      return frozen ? `already frozen ${untilText(state.frozenUntil)}` : null;
    case 'freezeForGood':
      return state.frozenUntil === FOR_GOOD ? 'already frozen for good' : null;
    case 'unfreeze':
      return frozen ? null : 'not frozen';
    case 'rotate':
      return state[act.role] === act.to ? `${act.role} is ${act.to} already` : null;
  }
}

/** What the act changes, in words. */
export function effectOf(act: Act, state: ContractState): string {
  switch (act.name) {
    case 'halt':
      return 'consumers of the log stop; anchoring goes on';
    case 'resume':
      return 'consumers of the log may act again';
    case 'freeze':
      return 'anchoring stops for seven days from then on; consumers are not told';
    case 'freezeForGood':
      return 'anchoring stops until the timelock ends it: a successor can go on from this head';
    case 'unfreeze':
      return `anchoring may go on at once, frozen ${untilText(state.frozenUntil)}`;
    case 'rotate':
      return `${act.role}: from ${state[act.role]} to ${act.to}`;
  }
}

/** When a freeze ends. @param until  Unix seconds */
export function untilText(until: number): string {
  return until === FOR_GOOD ? 'until the timelock ends it' : `until ${isoTime(until)}`;
}

/** @param seconds  Unix time */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
