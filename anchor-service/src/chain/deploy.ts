import { concatHex } from 'viem/utils';
import type { LocalAccount } from 'viem/accounts';
import { contractAddress, initCode } from './contract.ts';
import type { GenesisContract } from './contract.ts';
import { Endpoints } from './endpoints.ts';
import { ChainError } from './errors.ts';
import { createRpc, requireChainId } from './rpc.ts';
import type { Rpc } from './rpc.ts';
import { sendTransaction, waitMined } from './transaction.ts';

/** Most chains mine within this. */
const DEFAULT_MINED_WITHIN_MS = 180_000;

export interface DeployOptions {
  rpcUrl: string;
  /** pays; needs no role */
  account: LocalAccount;
  logId: Uint8Array;
  contract: GenesisContract;
  /** for each RPC call */
  timeoutMs?: number;
  minedWithinMs?: number;
}

export interface Deployment {
  address: `0x${string}`;
  /** false: it was there already */
  deployed: boolean;
  transactionHash: string | null;
}

/**
 * Puts the log's contract where genesis says, or finds it there. Anybody may do it: the address binds code, logId and
 * roles, so what is there can only be this contract.
 * @throws {ChainError} `CHAIN_ID`, `CHAIN_FACTORY`, `CHAIN_CREATION_CODE`, `CHAIN_DEPLOYMENT` and those of an RPC call
 */
export async function deployLogContract(options: DeployOptions): Promise<Deployment> {
  const { contract, logId } = options;
  const address = contractAddress(logId, contract);
  const rpc = createRpc(options.rpcUrl, options.timeoutMs);
  await requireChainId(rpc, contract.chainId);
  if (await hasCode(rpc, address)) return { address, deployed: false, transactionHash: null };
  if (!(await hasCode(rpc, contract.factory)))
    throw new ChainError('CHAIN_FACTORY', { got: `no code at ${contract.factory}` });
  const data = concatHex([contract.salt as `0x${string}`, initCode(logId, contract)]);
  const sent = await send(rpc, options, data, address);
  if (sent !== null) await waitMined(rpc, sent, options.minedWithinMs ?? DEFAULT_MINED_WITHIN_MS);
  // Whoever deployed it: only code at the address counts.
  if (!(await hasCode(rpc, address)))
    throw new ChainError('CHAIN_DEPLOYMENT', { got: `no code at ${address}` });
  return { address, deployed: sent !== null, transactionHash: sent };
}

/** Null when somebody else was faster, which makes our call revert. */
async function send(
  rpc: Rpc,
  options: DeployOptions,
  data: `0x${string}`,
  address: string,
): Promise<`0x${string}` | null> {
  const { rpcUrl, contract, timeoutMs } = options;
  const endpoints = new Endpoints({
    rpcUrls: [rpcUrl],
    chainId: contract.chainId,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  try {
    return await sendTransaction(endpoints, options.account, contract.chainId, {
      to: contract.factory,
      data,
    });
  } catch (error) {
    if (
      error instanceof ChainError &&
      error.code === 'CHAIN_REVERTED' &&
      (await hasCode(rpc, address))
    )
      return null;
    throw error;
  }
}

async function hasCode(rpc: Rpc, address: string): Promise<boolean> {
  const code = await rpc.request('eth_getCode', [address, 'latest']);
  if (typeof code !== 'string' || !/^0x([0-9a-f]{2})*$/.test(code))
    throw new ChainError('CHAIN_ANSWER', { got: 'no code' });
  return code !== '0x';
}
