import type { LocalAccount } from 'viem/accounts';
import { keccak256 } from 'viem/utils';
import { Endpoints } from './endpoints.ts';
import { ChainError } from './errors.ts';
import { agreedFees, raisedFees, requireBelow } from './fees.ts';
import type { Fees } from './fees.ts';
import { NodeError } from './json-rpc.ts';
import { chainErrorOf, fixedHex, quantity } from './rpc.ts';
import type { Rpc } from './rpc.ts';

/** More than deployment or any proof needs; an endpoint that estimates more is not believed. */
const MAX_GAS = 10_000_000;
const GAS_MARGIN = 1.25;
/** Wei for a unit of gas: 200 gwei. */
export const DEFAULT_FEE_CAP = 200_000_000_000n;
/** An eighth more each time: from nothing known to a hundred times that, or to the cap. */
const MOST_RAISES = 40;

export interface Call {
  to: string;
  data: string;
}

/** A call as it would be sent. */
export interface Priced {
  nonce: number;
  /** limit of gas, with a margin over the estimate */
  gas: number;
  fees: Fees;
}

export interface SenderOptions {
  endpoints: Endpoints;
  account: LocalAccount;
  chainId: number;
  /** never offers more, wei for a unit of gas */
  feeCap?: bigint;
}

/** Signs and sends calls of one account. */
export interface Sender {
  /** @throws {ChainError} `CHAIN_FEE_CAP` */
  price(call: Call): Promise<Priced>;
  /**
   * Resolves with the transaction's hash once a node took it. The nonce is the number of *mined* transactions, so that a call that
   * is sent again takes the place of the one that hangs, for fees that are raised up to the cap, instead of queueing
   * behind it.
   * @param agreed  told what it will cost at most, before anything is sent; may refuse
   * @throws {ChainError} `CHAIN_PENDING` when another's transaction with this nonce waits: the next call replaces it;
   * `CHAIN_NONCE`, `CHAIN_FEE_CAP`, `CHAIN_FUNDS`
   */
  send(call: Call, agreed?: (priced: Priced) => Promise<void>): Promise<`0x${string}`>;
}

export function createSender(options: SenderOptions): Sender {
  const { endpoints, account, chainId } = options;
  const cap = options.feeCap ?? DEFAULT_FEE_CAP;
  /** What was offered last for a nonce, by us or, as far as we know, by somebody else. */
  let offered: { nonce: number; fees: Fees } | null = null;

  async function price(call: Call): Promise<Priced> {
    const gas = await estimate(endpoints, account.address, call);
    const nonce = await nextNonce(endpoints, account.address);
    const market = await agreedFees(endpoints);
    return { nonce, gas, fees: affordable(nonce, market) };
  }

  /** @throws {ChainError} `CHAIN_FEE_CAP` */
  function affordable(nonce: number, market: Fees): Fees {
    const before = offered?.nonce === nonce ? offered.fees : null;
    const fees = before === null ? market : raisedFees(before, market);
    // At the cap the same is offered again: whoever has it says so, and whoever dropped it takes it.
    if (before !== null && fees.maxFeePerGas > cap) return before;
    requireBelow(fees, cap);
    return fees;
  }

  async function send(
    call: Call,
    agreed?: (priced: Priced) => Promise<void>,
  ): Promise<`0x${string}`> {
    const priced = await price(call);
    await agreed?.(priced);
    const isKnown = offered?.nonce === priced.nonce;
    let { fees } = priced;
    for (let raises = 0; ; raises++) {
      const signed = await sign(account, chainId, call, { ...priced, fees });
      const verdict = await broadcast(endpoints, signed);
      offered = { nonce: priced.nonce, fees };
      if (verdict === 'taken') return keccak256(signed);
      // Of a transaction that we know nothing of, such as one of our last life: it gets its time first.
      if (!isKnown || raises === MOST_RAISES)
        throw new ChainError('CHAIN_PENDING', { got: `nonce ${priced.nonce}` });
      fees = raisedFees(fees, fees);
      requireBelow(fees, cap);
    }
  }

  return { price, send };
}

/** One call of one account, for who sends no second. @throws {ChainError} as {@link Sender.send} */
export function sendTransaction(
  endpoints: Endpoints,
  account: LocalAccount,
  chainId: number,
  call: Call,
): Promise<`0x${string}`> {
  return createSender({ endpoints, account, chainId }).send(call);
}

/** At the newest block: a node's own choice may be the state after the transaction that this one replaces. */
async function estimate(endpoints: Endpoints, from: string, call: Call): Promise<number> {
  const gas = await endpoints.middle(
    async (rpc) =>
      quantity(await rpc.request('eth_estimateGas', [{ from, ...call }, 'latest']), 'gas'),
    // Of two the higher: it is a limit, and what is not used is not paid.
    (a, b) => b - a,
  );
  if (gas > MAX_GAS)
    throw new ChainError('CHAIN_ANSWER', { got: `${gas} gas`, want: `at most ${MAX_GAS}` });
  return Math.ceil(gas * GAS_MARGIN);
}

/** The largest that a quorum has reached: one that lags or lies makes neither a gap nor a second life of a nonce. */
async function nextNonce(endpoints: Endpoints, address: string): Promise<number> {
  const said = await endpoints.ask(async (rpc) =>
    quantity(await rpc.request('eth_getTransactionCount', [address, 'latest']), 'nonce'),
  );
  const counts = said.map(({ value }) => value).sort((a, b) => b - a);
  return counts[endpoints.quorum - 1]!;
}

function sign(
  account: LocalAccount,
  chainId: number,
  { to, data }: Call,
  { nonce, gas, fees }: Priced,
): Promise<`0x${string}`> {
  const common = {
    chainId,
    nonce,
    to: to as `0x${string}`,
    data: data as `0x${string}`,
    gas: BigInt(gas),
  };
  const { maxFeePerGas, maxPriorityFeePerGas } = fees;
  return account.signTransaction(
    fees.isLegacy
      ? { ...common, type: 'legacy', gasPrice: maxFeePerGas }
      : { ...common, type: 'eip1559', maxFeePerGas, maxPriorityFeePerGas },
  );
}

/**
 * Offers it to every node: a node that swallows it hinders nobody. One that took it is enough, unless a quorum refuses.
 * @throws {ChainError} what it was refused with
 */
async function broadcast(
  endpoints: Endpoints,
  signed: `0x${string}`,
): Promise<'taken' | 'underpriced'> {
  const said = await endpoints.askEach((rpc) => offer(rpc, signed));
  const verdicts = said.map(({ value }) => value);
  const refusals = verdicts.filter((verdict) => verdict instanceof ChainError);
  const underpriced = verdicts.filter((verdict) => verdict === 'underpriced').length;
  // Who wants another nonce may have it in a block already: between the first node and the last it can be mined.
  const against = refusals.filter(({ code }) => code !== 'CHAIN_NONCE').length + underpriced;
  if (verdicts.includes('taken') && against < endpoints.quorum) return 'taken';
  if (underpriced > 0 && underpriced >= against - underpriced) return 'underpriced';
  throw (
    refusals[0] ??
    new ChainError('CHAIN_UNREACHABLE', { got: 'no endpoint that takes a transaction' })
  );
}

async function offer(
  rpc: Rpc,
  signed: `0x${string}`,
): Promise<'taken' | 'underpriced' | ChainError> {
  try {
    const answer = await rpc.ask('eth_sendRawTransaction', [signed]);
    if (fixedHex(answer, 32, 'transaction hash') !== keccak256(signed))
      throw new ChainError('CHAIN_ANSWER', { got: 'the hash of another transaction' });
    return 'taken';
  } catch (error) {
    // The node did not answer, or not in this language: that is no verdict on the transaction.
    if (!(error instanceof NodeError)) throw error;
    const text = error.message;
    if (/already known|already imported|known transaction/i.test(text)) return 'taken';
    if (/underpriced|replacement|fee too low to replace/i.test(text)) return 'underpriced';
    if (/nonce (is )?too (low|high)|nonce gap|invalid nonce|OldNonce/i.test(text))
      return new ChainError('CHAIN_NONCE', { got: 'another one than the node wants' });
    return chainErrorOf(error, 'eth_sendRawTransaction');
  }
}

/**
 * Waits until a transaction is in a block.
 * @returns whether it succeeded
 * @throws {ChainError} `CHAIN_TIMEOUT` when it is not mined within `withinMs`
 */
export async function waitMined(rpc: Rpc, hash: string, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (let wait = 20; ; wait = Math.min(wait * 2, 2_000)) {
    const receipt = await rpc.request('eth_getTransactionReceipt', [hash]);
    if (typeof receipt === 'object' && receipt !== null)
      return (receipt as { status?: unknown }).status === '0x1';
    if (performance.now() > deadline)
      throw new ChainError('CHAIN_TIMEOUT', { got: 'a transaction that is not mined' });
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
