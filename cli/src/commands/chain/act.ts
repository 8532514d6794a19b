import type { Act, NextStep } from '@showcause/anchor-service';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { count } from './format.ts';
import { openPlace, placeOptions } from './place.ts';
import type { Place, PlaceOptions } from './place.ts';
import { fromOption, keyOptions, senderOf } from './sender.ts';
import type { CallSender, SenderOptions } from './sender.ts';

export interface ActOptions extends PlaceOptions, SenderOptions {
  dryRun?: true;
  cancel?: true;
}

type Send = Extract<NextStep, { kind: 'send' }>;

/** What an act came to. */
interface Outcome {
  outcome: 'nothing' | 'dry-run' | 'for-another' | 'sent';
  says?: string;
  from?: string;
  gas?: number;
  transactionHash?: string;
}

/** Options of every act on a log's contract. */
export function actOptions(command: Command, by: 'guardian' | 'proposer'): Command {
  placeOptions(command);
  fromOption(keyOptions(command, by));
  command.option('--dry-run', 'print call, gas and effect; send nothing');
  if (by === 'proposer') command.option('--cancel', 'take back what was proposed');
  return command.option('--json', 'one JSON document instead of text');
}

/** Does what an act needs next, or says what that is. */
export async function performAct(io: Io, options: ActOptions, act: Act): Promise<void> {
  const { nextStep } = await import('@showcause/anchor-service');
  const place = await openPlace(io, options);
  const { rpc, address } = place;
  const step = await nextStep({ rpc, contract: address, act, cancel: options.cancel === true });
  if (step.kind === 'nothing')
    return print(io, options, place, null, { outcome: 'nothing', says: step.says });
  const sender = await senderOf(io, options, rpc, step);
  print(io, options, place, step, await perform(place, step, sender, options.dryRun === true));
}

async function perform(
  { rpc, endpoints, contract }: Place,
  step: Send,
  { address: from, account }: CallSender,
  dryRun: boolean,
): Promise<Outcome> {
  const { gasOf, requireRole, sendCall } = await import('@showcause/anchor-service');
  await requireRole(rpc, step, from);
  const gas = await gasOf(rpc, step.call, from);
  if (dryRun) return { outcome: 'dry-run', from, gas };
  if (account === null) return { outcome: 'for-another', from, gas };
  const transactionHash = await sendCall(endpoints, account, contract.chainId, step.call);
  return { outcome: 'sent', from, gas, transactionHash };
}

const ends: Readonly<Record<Outcome['outcome'], (outcome: Outcome) => string>> = {
  nothing: ({ says }) => `nothing to do: ${says ?? ''}`,
  'dry-run': () => 'dry run: nothing was sent',
  'for-another': ({ from }) => `nothing was sent: ${from ?? ''} makes this call itself`,
  sent: ({ transactionHash }) => `sent      ${transactionHash ?? ''}, mined`,
};

function print(
  io: Io,
  options: ActOptions,
  { address, contract, node }: Place,
  step: Send | null,
  outcome: Outcome,
): void {
  const { chainId } = contract;
  if (options.json === true) {
    const { call = null, effect = null, role = null } = step ?? {};
    const done = { v: 1, kind: 'chain-act', chainId, contract: address, node };
    const value = call === null ? {} : { value: '0' };
    io.out(JSON.stringify({ ...done, ...outcome, role, effect, call, ...value }, null, 2));
    return;
  }
  io.out(`contract  ${address} on chain ${chainId}, by ${node}`);
  if (step !== null) {
    const { call, effect, role } = step;
    io.out(`from      ${outcome.from ?? ''}, ${role}`);
    io.out(`to        ${call.to}`);
    io.out(`call      ${call.says}`);
    io.out(`function  ${call.function}`);
    for (const argument of call.args) io.out(`          ${argument}`);
    io.out(`calldata  ${call.data}`);
    io.out(`gas       ${count(outcome.gas ?? 0)}`);
    io.out(`effect    ${effect}`);
  }
  io.out(ends[outcome.outcome](outcome));
}
