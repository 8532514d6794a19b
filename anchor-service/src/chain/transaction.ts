import type { PrivateKeyAccount } from 'viem/accounts';
import { estimateFeesPerGas } from 'viem/actions';
import { keccak256 } from 'viem/utils';
import { ChainError } from './errors.ts';
import { chainErrorOf, fixedHex, quantity } from './rpc.ts';
import type { Rpc } from './rpc.ts';

/** More than deployment or any proof needs; an endpoint that estimates more is not believed. */
const MAX_GAS = 10_000_000;
const GAS_MARGIN = 1.25;

/**
 * Signs and sends one call. The nonce is the number of *mined* transactions, so that a call that is sent again
 * replaces the one that hangs instead of queueing behind it.
 * @returns the transaction's hash once the node took it
 * @throws {ChainError} `CHAIN_PENDING` when an earlier one with this nonce still waits and was not replaced
 */
export async function sendTransaction(
  rpc: Rpc,
  account: PrivateKeyAccount,
  chainId: number,
  call: { to: string; data: string },
): Promise<`0x${string}`> {
  const request = { from: account.address, ...call };
  const estimate = quantity(await rpc.request('eth_estimateGas', [request]), 'gas');
  if (estimate > MAX_GAS)
    throw new ChainError('CHAIN_ANSWER', { got: `${estimate} gas`, want: `at most ${MAX_GAS}` });
  const nonce = quantity(
    await rpc.request('eth_getTransactionCount', [account.address, 'latest']),
    'nonce',
  );
  const serialized = await account.signTransaction({
    type: 'eip1559',
    chainId,
    nonce,
    to: call.to as `0x${string}`,
    data: call.data as `0x${string}`,
    gas: BigInt(Math.ceil(estimate * GAS_MARGIN)),
    ...(await fees(rpc)),
  });
  const hash = keccak256(serialized);
  try {
    const answer = await rpc.client.request({
      method: 'eth_sendRawTransaction',
      params: [serialized],
    });
    if (fixedHex(answer, 32, 'transaction hash') !== hash)
      throw new ChainError('CHAIN_ANSWER', { got: 'the hash of another transaction' });
  } catch (error) {
    const text = allMessages(error);
    if (/already known|already imported|known transaction/i.test(text)) return hash;
    if (/underpriced|replacement/i.test(text))
      throw new ChainError('CHAIN_PENDING', { got: `nonce ${nonce}` });
    throw chainErrorOf(error, 'eth_sendRawTransaction');
  }
  return hash;
}

async function fees(rpc: Rpc): Promise<{ maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }> {
  try {
    return await estimateFeesPerGas(rpc.client);
  } catch (error) {
    throw chainErrorOf(error, 'fees');
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

function allMessages(error: unknown): string {
  let text = '';
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++)
    text += `${at.message} ${String((at as { details?: unknown }).details)} `;
  return text;
}
