import { showcauseLogAbi } from '@showcause/contracts';
import { fromHex, toHex } from '@showcause/core';
import { encodeFunctionData } from 'viem/utils';
import type { Endpoints } from './endpoints.ts';
import { ChainError } from './errors.ts';
import type { ChainHead } from './port.ts';
import { fixedHex, quantity } from './rpc.ts';
import type { Rpc } from './rpc.ts';

/**
 * When a block counts as final: the chain's own `finalized` (of a rollup: its data lies in a final block below), its `safe`
 * (an epoch; of a rollup: its data lies below), or so many blocks on top, for chains that know neither.
 */
export type Finality = 'finalized' | 'safe' | { confirmations: number };

interface BlockId {
  number: number;
  hash: `0x${string}`;
}

/** Sizes on chain stay below this. */
const MAX_CHAIN_SIZE = 2 ** 48;
const HEAD_BYTES = 128;
/** The contract's flag of that name. */
const FROZEN = 2n;
const headCall = encodeFunctionData({ abi: showcauseLogAbi, functionName: 'head' });

/**
 * The contract's head in the newest block that a quorum has come to, when a quorum has the same block there and the same
 * head in it. Null: no such block, or no contract in it.
 * @throws {ChainError} `CHAIN_QUORUM`, `CHAIN_ANSWER` and those of a call
 */
export async function agreedHead(
  endpoints: Endpoints,
  contract: string,
  at: 'latest' | Finality,
): Promise<ChainHead | null> {
  const reached = await endpoints.ask((rpc) => heightOf(rpc, at));
  const heights = reached.map(({ value }) => value).sort((a, b) => b - a);
  const height = heights[endpoints.quorum - 1]!;
  if (height < 0) return null;
  return endpoints.agree((rpc) => headAt(rpc, contract, height), keyOf);
}

/** The block that a quorum has at this number; null: it is not there. */
export function agreedBlockHash(endpoints: Endpoints, number: number): Promise<string | null> {
  return endpoints.agree(
    async (rpc) => (await blockAt(rpc, hex(number)))?.hash ?? null,
    (hash) => hash ?? 'none',
  );
}

/** Number of the block; -1 when there is none yet. */
export async function heightOf(rpc: Rpc, at: 'latest' | Finality): Promise<number> {
  if (typeof at === 'string') return (await blockAt(rpc, at))?.number ?? -1;
  const latest = await blockAt(rpc, 'latest');
  return latest === null ? -1 : Math.max(-1, latest.number - at.confirmations);
}

/** Asked by the block's hash, so that block and head belong together. */
async function headAt(rpc: Rpc, contract: string, number: number): Promise<ChainHead | null> {
  const block = await blockAt(rpc, hex(number));
  if (block === null) throw new ChainError('CHAIN_STALE', { got: `no block ${number}` });
  if (block.number !== number)
    throw new ChainError('CHAIN_ANSWER', { got: `block ${block.number}`, want: `${number}` });
  const call = { to: contract, data: headCall };
  const answer = await rpc.request('eth_call', [call, { blockHash: block.hash }]);
  // A call to an address without code succeeds and returns nothing.
  if (answer === '0x') return null;
  const words = fixedHex(answer, HEAD_BYTES, 'head()').slice(2);
  const size = Number(BigInt(`0x${words.slice(0, 64)}`));
  if (size < 1 || size >= MAX_CHAIN_SIZE)
    throw new ChainError('CHAIN_ANSWER', { got: 'a size outside 1 to 2^48' });
  return {
    size,
    root: fromHex(words.slice(64, 128), 32),
    advancedAt: Number(BigInt(`0x${words.slice(128, 192)}`)) * 1_000,
    isFrozen: (BigInt(`0x${words.slice(192, 256)}`) & FROZEN) !== 0n,
    blockNumber: number,
    blockHash: block.hash,
  };
}

async function blockAt(rpc: Rpc, at: string): Promise<BlockId | null> {
  const block = await rpc.request('eth_getBlockByNumber', [at, false]);
  if (block === null) return null;
  if (typeof block !== 'object')
    throw new ChainError('CHAIN_ANSWER', { got: `no block for ${at}` });
  const { number, hash } = block as { number?: unknown; hash?: unknown };
  return { number: quantity(number, 'block number'), hash: fixedHex(hash, 32, 'block hash') };
}

function keyOf(head: ChainHead | null): string {
  if (head === null) return 'none';
  const { blockHash, size, root, advancedAt, isFrozen } = head;
  return [blockHash, size, toHex(root), advancedAt, isFrozen].join(' ');
}

function hex(number: number): string {
  return `0x${number.toString(16)}`;
}
