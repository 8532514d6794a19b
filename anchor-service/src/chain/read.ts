import type {
  Abi,
  ContractFunctionArgs,
  ContractFunctionName,
  ContractFunctionReturnType,
} from 'viem';
import { decodeErrorResult, decodeFunctionResult, encodeFunctionData } from 'viem/utils';
import { ChainError } from './errors.ts';
import { chainErrorOf, fixedHex, quantity, revertData } from './rpc.ts';
import type { Rpc } from './rpc.ts';

/** A block that is asked about by its hash, so that several answers are of the same one. */
export interface Block {
  number: number;
  /** lower-case 0x hex, 32 bytes */
  hash: string;
  /** Unix seconds */
  time: number;
}

/** Null: there is no such block, as `finalized` on a young chain. */
export async function readBlock(
  rpc: Rpc,
  which: 'latest' | 'finalized' | number,
): Promise<Block | null> {
  const asked = typeof which === 'number' ? `0x${which.toString(16)}` : which;
  const block = await rpc.request('eth_getBlockByNumber', [asked, false]);
  if (block === null) return null;
  if (typeof block !== 'object')
    throw new ChainError('CHAIN_ANSWER', { got: `no block for ${which}` });
  const { number, hash, timestamp } = block as Record<string, unknown>;
  return {
    number: quantity(number, 'block number'),
    hash: fixedHex(hash, 32, 'block hash'),
    time: quantity(timestamp, 'time of a block'),
  };
}

type View = 'pure' | 'view';

/**
 * What a contract's function returns in one block.
 * @returns null when there is no code at the address
 * @throws {ChainError} `CHAIN_ANSWER` on an answer of another form; those of an RPC call
 */
export async function readContract<
  const A extends Abi,
  N extends ContractFunctionName<A, View>,
  const P extends ContractFunctionArgs<A, View, N>,
>(
  rpc: Rpc,
  call: { abi: A; address: string; functionName: N; args?: P },
  block: Pick<Block, 'hash'>,
): Promise<ContractFunctionReturnType<A, View, N, P> | null> {
  const { abi, functionName, args, address } = call;
  const data = encodeFunctionData({ abi, functionName, args } as never);
  const answer = await rpc.request('eth_call', [{ to: address, data }, { blockHash: block.hash }]);
  if (answer === '0x') return null;
  try {
    return decodeFunctionResult({ abi, functionName, data: answer } as never) as never;
  } catch {
    throw new ChainError('CHAIN_ANSWER', { got: `no result of ${functionName}` });
  }
}

/** @throws {ChainError} `CHAIN_REVERTED` with the name that `abi` gives the error */
export async function simulate(
  rpc: Rpc,
  { from, to, data }: { from: string; to: string; data: string },
  abi: Abi,
): Promise<void> {
  try {
    await rpc.ask('eth_call', [{ from, to, data }, 'latest']);
  } catch (error) {
    const reverted = revertData(error);
    if (reverted !== null && reverted !== '0x')
      throw new ChainError('CHAIN_REVERTED', { got: revertName(abi, reverted) });
    throw chainErrorOf(error, 'eth_call');
  }
}

function revertName(abi: Abi, data: `0x${string}`): string {
  try {
    return decodeErrorResult({ abi, data }).errorName;
  } catch {
    return `unknown error ${data.slice(0, 10)}`;
  }
}
