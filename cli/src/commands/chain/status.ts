import { Command } from 'commander';
import type { ContractState, TimelockState } from '@showcause/anchor-service';
import { openCheckpoint, parseVkey, toHex } from '@showcause/core';
import { openLog } from '@showcause/verify/readers';
import type { Io } from '../../io.ts';
import { openPlace, placeOptions, timelockPlan } from './place.ts';
import type { Place, PlaceOptions } from './place.ts';

interface StatusOptions extends PlaceOptions {
  log?: string;
  timelock?: string;
}

/** All that `showcause chain status` tells. */
export interface ChainStatus {
  v: 1;
  kind: 'chain-status';
  chainId: number;
  /** host of the node whose word it is */
  node: string;
  contract: string;
  /** null: not there in that block */
  latest: ContractState | null;
  finalized: ContractState | null;
  /** head of the newest signed checkpoint; null: no log at hand; else why there is none */
  signed: { size: number; root: string } | { code: string } | null;
  roles: readonly Role[];
  timelock: Timelock | null;
  operator: { address: string; balance: string; anchors: number };
}

export interface Role {
  role: string;
  address: string;
  /** what genesis gave it to */
  founded: string;
  /** code stands there, such as a Safe's */
  isContract: boolean;
}

export interface Timelock extends Partial<TimelockState> {
  address: string;
  isThere: boolean;
  /** whether the plan at hand makes this address; null: there is none */
  isAsPlanned: boolean | null;
}

/** `showcause chain status`. */
export function statusCommand(io: Io): Command {
  const command = new Command('status')
    .summary('heads, roles, flags and timelock as the chain has them')
    .description(
      "What the chain has of the log's contract: heads beside the log's newest signed checkpoint, who holds which role, " +
        "flags, the timelock's delay and what waits there, and what the operator can still pay.",
    );
  return placeOptions(command)
    .option('--log <dir|url>', "published log (default: the configuration's folder)")
    .option('--timelock <file>', 'plan of the timelock (default: timelock.json beside genesis)')
    .option('--json', 'one JSON document instead of text')
    .addHelpText(
      'after',
      `
All of it is the word of one node. showcause verify anchor checks the heads.

Exit codes: 0 told, 1 another chain or contract, 2 no answer, 64 usage.

Examples:
  showcause chain status --config ./service/config.json
  showcause chain status --genesis genesis.entry --rpc https://… --json`,
    )
    .action(async (options: StatusOptions) => {
      const place = await openPlace(io, options);
      const status = await readStatus(place, options);
      if (options.json === true) return io.out(JSON.stringify(status, null, 2));
      const { statusLines } = await import('./status-lines.ts');
      for (const line of statusLines(status)) io.out(line);
    });
}

async function readStatus(place: Place, options: StatusOptions): Promise<ChainStatus> {
  const { readBlock, readContractState, readOutlook } = await import('@showcause/anchor-service');
  const { rpc, contract, address } = place;
  const at = async (which: 'latest' | 'finalized'): Promise<ContractState | null> => {
    const block = await readBlock(rpc, which);
    return block === null ? null : readContractState(rpc, address, block);
  };
  const finalized = await at('finalized');
  const latest = await at('latest');
  const operator = latest?.operator ?? contract.operator;
  const { balance, anchors } = await readOutlook(rpc, operator, latest !== null);
  return {
    v: 1,
    kind: 'chain-status',
    chainId: contract.chainId,
    node: place.node,
    contract: address,
    latest,
    finalized,
    signed: await signedHead(place, options.log ?? place.log),
    roles: await readRoles(place, latest),
    timelock: await readTimelockOf(place, options.timelock),
    operator: { address: operator, balance: balance.toString(), anchors },
  };
}

async function readRoles({ rpc, contract }: Place, latest: ContractState | null): Promise<Role[]> {
  const { hasCode } = await import('@showcause/anchor-service');
  const roles: Role[] = [];
  for (const role of ['operator', 'countersigner', 'guardian', 'timelock'] as const) {
    const founded = contract[role];
    const address = latest?.[role] ?? founded;
    roles.push({ role, address, founded, isContract: await hasCode(rpc, address) });
  }
  return roles;
}

async function readTimelockOf(place: Place, file: string | undefined): Promise<Timelock | null> {
  const { anybody, madeAt, readBlock, readTimelock, timelockMaking } =
    await import('@showcause/anchor-service');
  const { rpc, contract } = place;
  if (contract.timelock === anybody) return null;
  const plan = await timelockPlan(place, file);
  const isAsPlanned =
    plan === null ? null : madeAt(timelockMaking(contract, plan)) === contract.timelock;
  const latest = await readBlock(rpc, 'latest');
  const state = latest === null ? null : await readTimelock(rpc, contract.timelock, latest);
  return { address: contract.timelock, isThere: state !== null, isAsPlanned, ...state };
}

async function signedHead(
  { genesis }: Place,
  where: string | null,
): Promise<ChainStatus['signed']> {
  if (where === null) return null;
  try {
    const note = await openLog(where).checkpoint();
    const { size, root } = openCheckpoint(note, genesis.origin, [parseVkey(genesis.log)]);
    return { size, root: `0x${toHex(root)}` };
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code !== 'string') throw error;
    return { code };
  }
}
