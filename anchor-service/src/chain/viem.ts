import { showcauseLogAbi } from '@showcause/contracts';
import { fromHex } from '@showcause/core';
import type { PrivateKeyAccount } from 'viem/accounts';
import { decodeErrorResult, encodeFunctionData, toEventSelector } from 'viem/utils';
import { advanceCallData } from './advance-call.ts';
import { ChainError } from './errors.ts';
import type { Chain, ChainHead } from './port.ts';
import { createRpc, fixedHex, quantity, requireChainId, revertData } from './rpc.ts';
import type { Rpc } from './rpc.ts';
import { sendTransaction } from './transaction.ts';

export interface ViemChainOptions {
  rpcUrl: string;
  /** what genesis says; another answer is refused */
  chainId: number;
  /** lower-case 0x hex */
  contract: string;
  /** the operator's, needed to advance */
  account?: PrivateKeyAccount;
  /** for each RPC call */
  timeoutMs?: number;
}

/** Sizes on chain stay below this. */
export const MAX_CHAIN_SIZE = 2 ** 48;
/** Most public endpoints refuse wider searches. */
const EVENT_SEARCH_BLOCKS = 5_000;
const headCall = encodeFunctionData({ abi: showcauseLogAbi, functionName: 'head' });
const advancedTopic = toEventSelector('Advanced(uint64,bytes32)');

/** The contract of one log through one JSON-RPC endpoint. Nothing the endpoint says is believed beyond its form. */
export function createViemChain(options: ViemChainOptions): Chain {
  const rpc = createRpc(options.rpcUrl, options.timeoutMs);
  return {
    async chainId() {
      return quantity(await rpc.request('eth_chainId', []), 'chain id');
    },
    head: (tag) => readHead(rpc, options.contract, tag),
    async advance(step) {
      if (options.account === undefined)
        throw new ChainError('CHAIN_ACCOUNT', { got: 'no operator account' });
      await requireChainId(rpc, options.chainId);
      const call = {
        from: options.account.address,
        to: options.contract,
        data: advanceCallData(step),
      };
      await simulate(rpc, call);
      return { hash: await sendTransaction(rpc, options.account, options.chainId, call) };
    },
    async advancedIn(size, block) {
      const logs = await rpc.request('eth_getLogs', [
        {
          address: options.contract,
          topics: [advancedTopic, `0x${size.toString(16).padStart(64, '0')}`],
          fromBlock: `0x${Math.max(0, block - EVENT_SEARCH_BLOCKS).toString(16)}`,
          toBlock: `0x${block.toString(16)}`,
        },
      ]);
      if (!Array.isArray(logs) || logs.length > 1)
        throw new ChainError('CHAIN_ANSWER', { got: 'no single event' });
      const first = logs[0] as { transactionHash?: unknown } | undefined;
      return first === undefined ? null : fixedHex(first.transactionHash, 32, 'transaction hash');
    },
  };
}

/** The contract's head in one block, asked by the block's hash so that both answers are of the same block. */
async function readHead(
  rpc: Rpc,
  contract: string,
  tag: 'latest' | 'finalized',
): Promise<ChainHead | null> {
  const block = await rpc.request('eth_getBlockByNumber', [tag, false]);
  if (block === null) return null;
  if (typeof block !== 'object')
    throw new ChainError('CHAIN_ANSWER', { got: `no block for ${tag}` });
  const { number, hash } = block as { number?: unknown; hash?: unknown };
  const blockNumber = quantity(number, 'block number');
  const blockHash = fixedHex(hash, 32, 'block hash');
  const answer = await rpc.request('eth_call', [{ to: contract, data: headCall }, { blockHash }]);
  // A call to an address without code succeeds and returns nothing.
  if (answer === '0x') return null;
  const words = fixedHex(answer, 128, 'head()').slice(2);
  const size = Number(BigInt(`0x${words.slice(0, 64)}`));
  if (size < 1 || size >= MAX_CHAIN_SIZE)
    throw new ChainError('CHAIN_ANSWER', { got: 'a size outside 1 to 2^48' });
  return { size, root: fromHex(words.slice(64, 128), 32), blockNumber, blockHash };
}

/** @throws {ChainError} `CHAIN_REVERTED` with the contract's own error name */
async function simulate(rpc: Rpc, call: { from: string; to: string; data: string }): Promise<void> {
  try {
    await rpc.client.request({ method: 'eth_call', params: [call as never, 'latest'] });
  } catch (error) {
    const data = revertData(error);
    if (data !== null && data !== '0x')
      throw new ChainError('CHAIN_REVERTED', { got: revertName(data) });
    await rpc.request('eth_call', [call, 'latest']);
  }
}

function revertName(data: `0x${string}`): string {
  try {
    return decodeErrorResult({ abi: showcauseLogAbi, data }).errorName;
  } catch {
    return `unknown error ${data.slice(0, 10)}`;
  }
}
