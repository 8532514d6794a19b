import { initCode } from './contract.ts';
import type { GenesisContract } from './contract.ts';
import { deploy } from './create2.ts';
import type { DeployedBy, Deployment, Making } from './create2.ts';
import { Endpoints } from './endpoints.ts';
import { createRpc, requireChainId } from './rpc.ts';

export interface DeployOptions extends Omit<DeployedBy, 'chainId'> {
  rpcUrl: string;
  logId: Uint8Array;
  contract: GenesisContract;
  /** for each RPC call */
  timeoutMs?: number;
}

/** How genesis says that the log's contract is made. @throws {ChainError} `CHAIN_CREATION_CODE` */
export function logContractMaking(logId: Uint8Array, contract: GenesisContract): Making {
  const { factory, salt } = contract;
  return { factory, salt, initCode: initCode(logId, contract) };
}

/**
 * Puts the log's contract where genesis says, or finds it there. Anybody may do it: the address binds code, logId and
 * roles, so what is there can only be this contract.
 * @throws {ChainError} `CHAIN_ID`, `CHAIN_FACTORY`, `CHAIN_CREATION_CODE`, `CHAIN_DEPLOYMENT` and those of an RPC call
 */
export async function deployLogContract(options: DeployOptions): Promise<Deployment> {
  const { contract, logId, rpcUrl, timeoutMs } = options;
  const { chainId } = contract;
  const making = logContractMaking(logId, contract);
  await requireChainId(createRpc(rpcUrl, timeoutMs), chainId);
  const endpoints = new Endpoints({
    rpcUrls: [rpcUrl],
    chainId,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  return deploy(endpoints, making, { ...options, chainId });
}
