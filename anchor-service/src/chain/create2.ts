import { create2Address, fromHex } from '@showcause/core';
import { concatHex } from 'viem/utils';
import type { LocalAccount } from 'viem/accounts';
import type { Endpoints } from './endpoints.ts';
import { ChainError } from './errors.ts';
import type { Rpc } from './rpc.ts';
import { sendTransaction, waitMined } from './transaction.ts';

/** Most chains mine within this. */
export const DEFAULT_MINED_WITHIN_MS = 180_000;

/** A contract as CREATE2 makes it: whoever calls the factory, nothing else can stand at its address. */
export interface Making {
  /** 0x hex, 20 bytes */
  factory: string;
  /** 0x hex, 32 bytes */
  salt: string;
  /** creation code ‖ ABI-encoded constructor arguments, 0x hex */
  initCode: `0x${string}`;
}

export interface Deployment {
  address: `0x${string}`;
  /** false: it was there already */
  deployed: boolean;
  transactionHash: string | null;
}

/** Where it is or will be, lower case. */
export function madeAt({ factory, salt, initCode }: Making): `0x${string}` {
  return create2Address(factory, salt, fromHex(initCode.slice(2)));
}

/** The call that makes it: the factory takes salt ‖ init code. */
export function makingCall({ factory, salt, initCode }: Making): {
  to: string;
  data: `0x${string}`;
} {
  return { to: factory, data: concatHex([salt as `0x${string}`, initCode]) };
}

export interface DeployedBy {
  /** pays; needs no role */
  account: LocalAccount;
  chainId: number;
  minedWithinMs?: number;
}

/**
 * Makes a contract or finds it made; whoever did it, only code at the address counts.
 * @throws {ChainError} `CHAIN_FACTORY`, `CHAIN_DEPLOYMENT` and those of an RPC call
 */
export async function deploy(
  endpoints: Endpoints,
  making: Making,
  by: DeployedBy,
): Promise<Deployment> {
  const address = madeAt(making);
  const isThere = (): Promise<boolean> => endpoints.first((rpc) => hasCode(rpc, address));
  if (await isThere()) return { address, deployed: false, transactionHash: null };
  await endpoints.first((rpc) => requireFactory(rpc, making.factory));
  const sent = await send(endpoints, making, by, isThere);
  const withinMs = by.minedWithinMs ?? DEFAULT_MINED_WITHIN_MS;
  if (sent !== null) await endpoints.first((rpc) => waitMined(rpc, sent, withinMs));
  if (!(await isThere()))
    throw new ChainError('CHAIN_DEPLOYMENT', { got: `no code at ${address}` });
  return { address, deployed: sent !== null, transactionHash: sent };
}

/** Null when somebody else was faster, which makes our call revert. */
async function send(
  endpoints: Endpoints,
  making: Making,
  { account, chainId }: DeployedBy,
  isThere: () => Promise<boolean>,
): Promise<`0x${string}` | null> {
  try {
    return await sendTransaction(endpoints, account, chainId, makingCall(making));
  } catch (error) {
    const isReverted = error instanceof ChainError && error.code === 'CHAIN_REVERTED';
    if (isReverted && (await isThere())) return null;
    throw error;
  }
}

/** @throws {ChainError} `CHAIN_FACTORY` */
export async function requireFactory(rpc: Rpc, factory: string): Promise<void> {
  if (!(await hasCode(rpc, factory)))
    throw new ChainError('CHAIN_FACTORY', { got: `no code at ${factory}` });
}

export async function hasCode(rpc: Rpc, address: string): Promise<boolean> {
  const code = await rpc.request('eth_getCode', [address, 'latest']);
  if (typeof code !== 'string' || !/^0x([0-9a-f]{2})*$/.test(code))
    throw new ChainError('CHAIN_ANSWER', { got: 'no code' });
  return code !== '0x';
}
