import { isoTime, untilText } from '@showcause/anchor-service';
import type { ContractState } from '@showcause/anchor-service';
import { coins, count } from './format.ts';
import type { ChainStatus, Role, Timelock } from './status.ts';

const NOBODY = `0x${'0'.repeat(40)}`;

/** The status as a person reads it. */
export function statusLines(status: ChainStatus): string[] {
  const { latest, finalized, signed, operator } = status;
  return [
    `chain          ${status.chainId}, by ${status.node} alone`,
    `contract       ${status.contract}${latest === null ? ': not there yet' : ''}`,
    `  latest       ${headText(latest)}`,
    `  finalized    ${headText(finalized)}`,
    `  signed       ${signedText(signed, latest)}`,
    ...(latest === null ? [] : [`  flags        ${flagsText(latest)}`]),
    ...status.roles.map(roleText),
    ...timelockLines(status.timelock),
    `funds          ${coins(BigInt(operator.balance))} coin of the operator, ${count(operator.anchors)} anchors`,
  ];
}

function headText(state: ContractState | null): string {
  if (state === null) return 'no contract in that block';
  const { size, root, block, lastAdvance } = state;
  return `size ${count(size)}, root ${root.slice(0, 18)}…, block ${count(block.number)}, advanced ${isoTime(lastAdvance)}`;
}

function signedText(signed: ChainStatus['signed'], latest: ContractState | null): string {
  if (signed === null) return 'no log at hand (--log)';
  if ('code' in signed) return `no checkpoint to be read (${signed.code})`;
  const ahead = latest === null ? 0 : signed.size - latest.size;
  const text = `size ${count(signed.size)}, root ${signed.root.slice(0, 18)}…`;
  if (ahead < 0) return `${text}: THE CHAIN HOLDS MORE THAN THE LOG SIGNED`;
  if (ahead === 0 && latest !== null && signed.root !== latest.root)
    return `${text}: ANOTHER ROOT THAN THE CHAIN HOLDS`;
  return ahead === 0 ? text : `${text}, ${count(ahead)} ahead of the chain`;
}

function flagsText({ halted, frozenUntil, block }: ContractState): string {
  const frozen =
    block.time < frozenUntil ? `FROZEN ${untilText(frozenUntil)}` : 'anchoring not frozen';
  return `${halted ? 'HALTED' : 'not halted'}, ${frozen}`;
}

function roleText({ role, address, founded, isContract }: Role): string {
  const who = address === NOBODY ? 'nobody' : `${address}, ${isContract ? 'a contract' : 'a key'}`;
  const since = address === founded ? '' : `, ${founded} in genesis`;
  return `${role.padEnd(14)} ${who}${since}`;
}

function timelockLines(timelock: Timelock | null): string[] {
  if (timelock === null) return ['               so nobody can resume, unfreeze or rotate'];
  const { isThere, isAsPlanned, minDelay, holders, pending } = timelock;
  const plan = isAsPlanned === false ? ['  plan         MAKES ANOTHER TIMELOCK THAN THIS'] : [];
  if (!isThere) return [...plan, '  state        not there yet: showcause chain deploy'];
  return [
    ...plan,
    `  delay        ${count(minDelay ?? 0)} s`,
    ...Object.entries(holders ?? {}).map(
      ([role, accounts]) =>
        `  ${role.padEnd(12)} ${accounts.map(holderText).join(', ') || 'nobody'}`,
    ),
    ...((pending ?? []).length === 0 ? ['  pending      nothing'] : []),
    ...(pending ?? []).flatMap(({ id, readyAt, calls }) => [
      `  pending      ${calls.map(({ says }) => says).join('; ')}`,
      `               ready at ${isoTime(readyAt)}, ${id}`,
    ]),
  ];
}

function holderText(account: string): string {
  return account === NOBODY ? 'anybody' : account;
}
