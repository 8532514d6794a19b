import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Endpoints, GenesisContract, Rpc, TimelockPlan } from '@showcause/anchor-service';
import { logIdOf, parseEntryOf } from '@showcause/core';
import type { EntryOf } from '@showcause/core';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { CliError } from '../../errors.ts';
import { readInput, readText } from '../../files.ts';
import type { Io } from '../../io.ts';

export interface PlaceOptions {
  config?: string;
  genesis?: string;
  rpc?: string;
  json?: true;
}

/** One log's contract on its chain, through one node. */
export interface Place {
  genesis: EntryOf<'genesis'>;
  /** 32 bytes */
  logId: Uint8Array;
  contract: GenesisContract;
  /** lower-case 0x hex */
  address: string;
  rpc: Rpc;
  /** the same node alone, as what sends wants it */
  endpoints: Endpoints;
  /** host of the node: the rest of its address may hold a key */
  node: string;
  /** folder of the genesis entry */
  folder: string;
  /** where the log is published, as the configuration says it; null: not a folder, or no configuration */
  log: string | null;
}

/** Where the log's contract and its chain are told. */
export function placeOptions(command: Command): Command {
  return command
    .option('--config <file>', "the service's configuration, for genesis and node")
    .option('--genesis <file>', 'entry 0 of the log, instead')
    .option('--rpc <url>', "JSON-RPC node, instead of the configuration's", httpAddress);
}

/**
 * Reads genesis and asks the node for its chain.
 * @throws {CliError} `GENESIS_MISSING`, `CHAIN_NONE`; {ChainError} `CHAIN_ID`, `CHAIN_CREATION_CODE`
 */
export async function openPlace(io: Io, options: PlaceOptions): Promise<Place> {
  const { Endpoints, contractAddress, createRpc, readServiceConfig, requireChainId } =
    await import('@showcause/anchor-service');
  const config = options.config === undefined ? null : readServiceConfig(options.config, io.env);
  if (config?.logs !== undefined)
    throw new CliError('GENESIS_MISSING', { got: 'a configuration of several logs' });
  const file = options.genesis ?? config?.genesis;
  if (file === undefined)
    throw new CliError('GENESIS_MISSING', { got: 'neither --config nor --genesis' });
  const rpcUrl = options.rpc ?? config?.anchor?.rpcUrls[0];
  if (rpcUrl === undefined) throw new CliError('CHAIN_NONE', { got: 'no address of a node' });
  const bytes = readInput(file);
  const genesis = parseEntryOf('genesis', bytes);
  const { contract } = genesis;
  if (contract === null) throw new CliError('CHAIN_NONE', { got: 'a genesis without contract' });
  const logId = logIdOf(bytes);
  const address = contractAddress(logId, contract);
  const rpc = createRpc(rpcUrl);
  await requireChainId(rpc, contract.chainId);
  const log = typeof config?.log === 'string' ? config.log : null;
  const node = new URL(rpcUrl).host;
  const endpoints = new Endpoints({ rpcUrls: [rpcUrl], chainId: contract.chainId });
  return { genesis, logId, contract, address, rpc, endpoints, node, folder: dirname(file), log };
}

/**
 * How the log's timelock is made: from `file`, else from `timelock.json` beside the genesis entry.
 * @returns null where there is no such file
 */
export async function timelockPlan(
  { folder }: Place,
  file: string | undefined,
): Promise<TimelockPlan | null> {
  const { parseTimelockPlan } = await import('@showcause/anchor-service');
  const beside = join(folder, 'timelock.json');
  if (file === undefined && !existsSync(beside)) return null;
  return parseTimelockPlan(readText(file ?? beside));
}

export function httpAddress(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new InvalidArgumentError('Want an address with http:// or https://.');
  return value;
}

/** Lower case. */
export function address(value: string): string {
  if (!/^0x[0-9a-fA-F]{40}$/.test(value)) throw new InvalidArgumentError('Want a 0x address.');
  return value.toLowerCase();
}

/** One or more, separated by commas. */
export function addresses(value: string): string[] {
  return value.split(',').map((one) => address(one.trim()));
}
