import { toEventSelector } from 'viem/utils';
import { ChainError } from './errors.ts';
import type { Outcome } from './port.ts';
import { fixedHex, quantity, wei } from './rpc.ts';
import type { Rpc } from './rpc.ts';

/** Most public endpoints refuse wider searches. */
const EVENT_SEARCH_BLOCKS = 5_000;
const advancedTopic = toEventSelector('Advanced(uint64,bytes32)');

interface Receipt extends Outcome {
  logs: readonly unknown[];
}

/**
 * What became of a transaction; null while it is in no block.
 * @throws {ChainError} `CHAIN_RECEIPT` when the block that it names is not on the chain
 */
export async function readReceipt(rpc: Rpc, hash: string): Promise<Receipt | null> {
  const value = await rpc.request('eth_getTransactionReceipt', [hash]);
  if (value === null) return null;
  if (typeof value !== 'object') throw contradiction('no receipt');
  const receipt = value as Record<string, unknown>;
  if (receipt['transactionHash'] !== hash)
    throw contradiction('the receipt of another transaction');
  if (receipt['blockHash'] === null || receipt['blockHash'] === undefined) return null;
  const blockNumber = quantity(receipt['blockNumber'], 'block of a receipt');
  const block = await rpc.request('eth_getBlockByNumber', [receipt['blockNumber'], false]);
  const { hash: there, transactions } = (block ?? {}) as { hash?: unknown; transactions?: unknown };
  if (there !== receipt['blockHash'])
    throw contradiction(`a receipt in block ${blockNumber}, which is another or not there`);
  if (!Array.isArray(transactions) || !transactions.includes(hash))
    throw contradiction(`a receipt in block ${blockNumber}, which does not hold the transaction`);
  return {
    blockNumber,
    succeeded: receipt['status'] === '0x1',
    gas: quantity(receipt['gasUsed'], 'gas used'),
    fee: feeOf(receipt),
    logs: Array.isArray(receipt['logs']) ? receipt['logs'] : [],
  };
}

/** Execution, and what a rollup pays for its data below. */
function feeOf(receipt: Record<string, unknown>): bigint {
  const price = receipt['effectiveGasPrice'];
  const below = receipt['l1Fee'];
  return (
    wei(receipt['gasUsed'], 'gas used') * (price === undefined ? 0n : wei(price, 'price')) +
    (below === undefined || below === null ? 0n : wei(below, "data's fee"))
  );
}

/**
 * The transaction that brought the head of `size`, found by its event and believed by its receipt.
 * @throws {ChainError} `CHAIN_RECEIPT`
 */
export async function findAdvance(
  rpc: Rpc,
  contract: string,
  size: number,
  block: number,
): Promise<string | null> {
  const topics = [advancedTopic, `0x${size.toString(16).padStart(64, '0')}`];
  const found = await rpc.request('eth_getLogs', [
    {
      address: contract,
      topics,
      fromBlock: `0x${Math.max(0, block - EVENT_SEARCH_BLOCKS).toString(16)}`,
      toBlock: `0x${block.toString(16)}`,
    },
  ]);
  if (!Array.isArray(found) || found.length > 1) throw contradiction('no single event');
  const [event] = found as { transactionHash?: unknown }[];
  if (event === undefined) return null;
  const hash = fixedHex(event.transactionHash, 32, 'transaction hash');
  const receipt = await readReceipt(rpc, hash);
  if (receipt === null) throw contradiction('an event without a receipt');
  if (!receipt.succeeded || receipt.blockNumber > block)
    throw contradiction('an event of a transaction that did not bring it');
  if (!receipt.logs.some((log) => isAdvance(log, contract, topics)))
    throw contradiction('an event that is not in the receipt');
  return hash;
}

function isAdvance(log: unknown, contract: string, topics: readonly string[]): boolean {
  const { address, topics: there } = (log ?? {}) as { address?: unknown; topics?: unknown };
  return (
    String(address).toLowerCase() === contract &&
    Array.isArray(there) &&
    topics.every((topic, i) => topic === there[i])
  );
}

function contradiction(got: string): ChainError {
  return new ChainError('CHAIN_RECEIPT', { got });
}
