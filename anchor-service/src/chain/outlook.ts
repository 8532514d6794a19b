import { createRpc, wei } from './rpc.ts';
import type { Rpc } from './rpc.ts';

/** What an operator's account can still pay, and what time the chain says it is. */
export interface ChainOutlook {
  /** wei */
  balance: bigint;
  /** anchors that the balance pays for at the price that the node names now */
  anchors: number;
  /** of the newest block, ms since 1970 */
  blockTime: number;
}

const RPC_TIMEOUT_MS = 5_000;
const ASKED_EVERY_MS = 30_000;
/** One advance costs 43,000 to 75,000, deploying the contract about 1,300,000. */
const GAS_PER_ANCHOR = 80_000n;
const GAS_TO_DEPLOY = 1_500_000n;
/** A chain without a price for gas pays for everything. */
const PRICELESS = 1_000_000;

/** @throws {ChainError} `CHAIN_*` */
export async function readOutlook(
  rpc: Rpc,
  operator: string,
  isDeployed: boolean,
): Promise<ChainOutlook> {
  const balance = wei(await rpc.request('eth_getBalance', [operator, 'latest']), 'balance');
  const price = wei(await rpc.request('eth_gasPrice', []), 'gas price');
  return {
    balance,
    anchors: affordableAnchors(balance, price, isDeployed),
    blockTime: await latestTime(rpc),
  };
}

export function affordableAnchors(balance: bigint, price: bigint, isDeployed: boolean): number {
  const left = balance - (isDeployed ? 0n : GAS_TO_DEPLOY * price);
  if (left <= 0n) return 0;
  return price === 0n ? PRICELESS : Number(left / (GAS_PER_ANCHOR * price));
}

/**
 * Asks the first node that answers, at most twice a minute, however often it is called. Resolves with null while none does.
 */
export function chainOutlook(
  rpcUrls: readonly string[],
  operator: string,
): () => Promise<ChainOutlook | null> {
  const rpcs = rpcUrls.map((url) => createRpc(url, RPC_TIMEOUT_MS));
  let asked: Promise<ChainOutlook | null> = Promise.resolve(null);
  let askedAt = -Infinity;
  return () => {
    if (performance.now() - askedAt < ASKED_EVERY_MS) return asked;
    askedAt = performance.now();
    asked = Promise.any(rpcs.map((rpc) => readOutlook(rpc, operator, true))).catch(() => null);
    return asked;
  };
}

async function latestTime(rpc: Rpc): Promise<number> {
  const block = (await rpc.request('eth_getBlockByNumber', ['latest', false])) as {
    timestamp?: unknown;
  } | null;
  return Number(wei(block?.timestamp, 'time of a block')) * 1_000;
}
