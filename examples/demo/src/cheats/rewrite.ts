import { showcauseLogAbi } from '@showcause/contracts';
import { advanceCallData, checkpointTypedData, ethereumAccount } from '@showcause/anchor-service';
import { canonicalBytes, fromHex, fromUtf8, leafHash, merkleRoot } from '@showcause/core';
import type { Hash } from '@showcause/core';
import type { KeyPair } from '@showcause/core/node';
import { decodeErrorResult } from 'viem/utils';
import { rpcTo } from '@showcause/parts';
import { changeClaims } from './streams.ts';
import { consistencyProof } from './log-copy.ts';

/** Both keys in one hand: the operator's that sends, the countersigner's that signs. */
export interface BothKeys {
  rpcUrl: string;
  chainId: number;
  contract: string;
  operator: KeyPair;
  countersigner: KeyPair;
}

export interface Step {
  oldSize: number;
  size: number;
  root: Hash;
  proof: readonly Hash[];
}

/** What the contract did: null when it accepted, else the name of its error. */
export interface Attempt {
  revert: string | null;
  transactionHash: string;
  gasUsed: number;
}

/** A history that was changed at one leaf and goes on for `more` leaves beyond the true one. */
export function forkAt(
  entries: readonly Uint8Array[],
  leaf: number,
  more: number,
): readonly Uint8Array[] {
  const changed = entries.map((entry, index) => (index === leaf ? altered(entry) : entry));
  const added = Array.from({ length: more }, (_, i) =>
    canonicalBytes({ type: 'forged', n: i, v: 1 }),
  );
  return [...changed, ...added];
}

function altered(entry: Uint8Array): Uint8Array {
  const value = JSON.parse(fromUtf8(entry)) as { claims?: string; id: string };
  if (value.claims !== undefined) return changeClaims(entry);
  const digit = value.id.startsWith('0') ? '1' : '0';
  return canonicalBytes({ ...value, id: digit + value.id.slice(1) });
}

/** The step from the anchored size to the whole of `entries`, with the proof that this history itself gives. */
export async function stepTo(entries: readonly Uint8Array[], oldSize: number): Promise<Step> {
  const leaves = entries.map(leafHash);
  return {
    oldSize,
    size: leaves.length,
    root: merkleRoot(leaves),
    proof: await consistencyProof(leaves, oldSize),
  };
}

/**
 * Signs steps with both keys and sends them one behind the other, without heeding what the node says of each.
 * Every signature is valid, whatever the step says.
 */
export async function advanceWithBothKeys(
  keys: BothKeys,
  steps: readonly Step[],
): Promise<Attempt[]> {
  const rpc = rpcTo(keys.rpcUrl);
  const operator = ethereumAccount(keys.operator.secretKey);
  const pending = await rpc<string>('eth_getTransactionCount', [operator.address, 'pending']);
  const sent: { revert: string | null; transactionHash: string }[] = [];
  for (const [i, step] of steps.entries()) {
    const data = await callData(keys, step);
    const revert = await reasonOf(rpc, { from: operator.address, to: keys.contract, data });
    const transaction = await operator.signTransaction({
      type: 'eip1559',
      chainId: keys.chainId,
      nonce: Number(pending) + i,
      to: keys.contract as `0x${string}`,
      data,
      gas: 500_000n,
      maxFeePerGas: 20_000_000_000n,
      maxPriorityFeePerGas: 1_000_000_000n,
    });
    const transactionHash = await rpc<string>('eth_sendRawTransaction', [transaction]);
    sent.push({ revert, transactionHash });
  }
  return Promise.all(sent.map((one) => settled(rpc, one)));
}

/** The call to `advance`, with the countersignature over exactly this step. */
async function callData(keys: BothKeys, step: Step): Promise<`0x${string}`> {
  const countersigner = ethereumAccount(keys.countersigner.secretKey);
  const countersignature = await countersigner.signTypedData(
    checkpointTypedData(keys.chainId, keys.contract, step),
  );
  return advanceCallData({ ...step, countersignature: fromHex(countersignature.slice(2), 65) });
}

async function settled(
  rpc: Rpc,
  { revert, transactionHash }: { revert: string | null; transactionHash: string },
): Promise<Attempt> {
  const { status, gasUsed } = await mined(rpc, transactionHash);
  if ((status === '0x1') !== (revert === null))
    throw new Error('simulation and transaction differ');
  return { revert, transactionHash, gasUsed: Number(gasUsed) };
}

type Rpc = ReturnType<typeof rpcTo>;

async function reasonOf(rpc: Rpc, call: object): Promise<string | null> {
  try {
    await rpc('eth_call', [call, 'latest']);
    return null;
  } catch (error) {
    const data = (error as { data?: unknown }).data;
    if (typeof data !== 'string') throw error;
    return decodeErrorResult({ abi: showcauseLogAbi, data: data as `0x${string}` }).errorName;
  }
}

async function mined(rpc: Rpc, hash: string): Promise<{ status: string; gasUsed: string }> {
  for (let tries = 0; tries < 200; tries++) {
    const receipt = await rpc<{ status: string; gasUsed: string } | null>(
      'eth_getTransactionReceipt',
      [hash],
    );
    if (receipt !== null) return receipt;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`transaction ${hash} was not mined`);
}
