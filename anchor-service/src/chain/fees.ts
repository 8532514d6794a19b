import { ChainError } from './errors.ts';
import { middleOf } from './endpoints.ts';
import type { Endpoints } from './endpoints.ts';
import { wei } from './rpc.ts';
import type { Rpc } from './rpc.ts';

/** What a transaction offers for its gas, wei. */
export interface Fees {
  maxFeePerGas: bigint;
  maxPriorityFeePerGas: bigint;
  /** the chain has no base fee (before EIP-1559): both are the gas price */
  isLegacy: boolean;
}

/** Room for six full blocks in a row, each of which raises the base fee by an eighth. */
const BASE_FEE_ROOM = 2n;

/** What the node asks for now. @throws {ChainError} */
export async function marketFees(rpc: Rpc): Promise<Fees> {
  const block = await rpc.request('eth_getBlockByNumber', ['latest', false]);
  const base = (block as { baseFeePerGas?: unknown } | null)?.baseFeePerGas;
  const price = wei(await rpc.request('eth_gasPrice', []), 'gas price');
  if (base === undefined || base === null)
    return { maxFeePerGas: price, maxPriorityFeePerGas: price, isLegacy: true };
  const baseFee = wei(base, 'base fee');
  const tip = await tipOf(rpc, baseFee, price);
  return {
    maxFeePerGas: BASE_FEE_ROOM * baseFee + tip,
    maxPriorityFeePerGas: tip,
    isLegacy: false,
  };
}

/**
 * What the nodes in the middle ask for, each part by itself: one that lies about the one or the other costs nothing.
 * @throws {ChainError}
 */
export async function agreedFees(endpoints: Endpoints): Promise<Fees> {
  const offers = (await endpoints.ask(marketFees)).map(({ value }) => value);
  const maxFeePerGas = middleOf(
    offers.map((fees) => fees.maxFeePerGas),
    ascending,
  );
  const tip = middleOf(
    offers.map((fees) => fees.maxPriorityFeePerGas),
    ascending,
  );
  const legacy = offers.filter(({ isLegacy }) => isLegacy).length;
  return {
    maxFeePerGas,
    // A tip above the whole is no offer at all.
    maxPriorityFeePerGas: tip < maxFeePerGas ? tip : maxFeePerGas,
    isLegacy: 2 * legacy > offers.length,
  };
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Not every node has `eth_maxPriorityFeePerGas`; its gas price holds the same. */
async function tipOf(rpc: Rpc, baseFee: bigint, price: bigint): Promise<bigint> {
  try {
    return wei(await rpc.request('eth_maxPriorityFeePerGas', []), 'tip');
  } catch (error) {
    if (!(error instanceof ChainError && error.code === 'CHAIN_ANSWER')) throw error;
    return price > baseFee ? price - baseFee : 0n;
  }
}

/**
 * What replaces a transaction with the same nonce: at least the market's, and an eighth more than before on both, because
 * nodes ask for a tenth (geth, `txpool.pricebump`).
 */
export function raisedFees(before: Fees, market: Fees): Fees {
  const raised = (was: bigint, now: bigint): bigint => {
    const least = was + was / 8n + 1n;
    return now > least ? now : least;
  };
  return {
    maxFeePerGas: raised(before.maxFeePerGas, market.maxFeePerGas),
    maxPriorityFeePerGas: raised(before.maxPriorityFeePerGas, market.maxPriorityFeePerGas),
    isLegacy: market.isLegacy,
  };
}

/** @throws {ChainError} `CHAIN_FEE_CAP` when they are above what may be paid: waiting costs nothing */
export function requireBelow(fees: Fees, cap: bigint): void {
  if (fees.maxFeePerGas > cap)
    throw new ChainError('CHAIN_FEE_CAP', {
      got: `${fees.maxFeePerGas} wei for a unit of gas`,
      want: `at most ${cap}`,
    });
}
