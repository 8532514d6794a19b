import { fromHex } from '@showcause/core';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { advanceCallData } from './advance-call.ts';
import { Endpoints } from './endpoints.ts';
import type { EndpointOptions } from './endpoints.ts';
import { marketFees } from './fees.ts';
import type { CheckpointStep } from './port.ts';
import { quantity } from './rpc.ts';
import { checkpointTypedData } from './typed-data.ts';

/** A call as it would be sent now. */
export interface PricedCall {
  /** lower-case 0x hex */
  to: string;
  /** 0x hex; the countersignature in it is of a key that is thrown away */
  data: string;
  /** that the contract and the transaction take together */
  gas: number;
  /** wei for a unit of gas, at most, as the chain asks for now */
  maxFeePerGas: bigint;
}

/** The contract's word of the countersigner (`spec/contract.md`). */
const COUNTERSIGNER_SLOT = `0x${'0'.repeat(63)}2`;

/**
 * What a step would take, without a key of anybody's: it is estimated over a state in which a throw-away key is the
 * countersigner's (the node's state overrides), so that the countersigner signs and remembers nothing.
 * @throws {ChainError} `CHAIN_REVERTED` when the contract would refuse it, and those of a call
 */
export async function priceStep(
  options: EndpointOptions & { contract: string; operator: string },
  step: CheckpointStep & { proof: readonly Uint8Array[] },
): Promise<PricedCall> {
  const { contract, operator, chainId } = options;
  const endpoints = new Endpoints(options);
  const stand = privateKeyToAccount(generatePrivateKey());
  const signature = await stand.signTypedData(checkpointTypedData(chainId, contract, step));
  const countersignature = fromHex(signature.slice(2), 65);
  const data = advanceCallData({ ...step, countersignature });
  const word = `0x${stand.address.slice(2).toLowerCase().padStart(64, '0')}`;
  const overrides = { [contract]: { stateDiff: { [COUNTERSIGNER_SLOT]: word } } };
  const call = { from: operator, to: contract, data };
  const gas = await endpoints.first(async (rpc) =>
    quantity(await rpc.request('eth_estimateGas', [call, 'latest', overrides]), 'gas'),
  );
  const { maxFeePerGas } = await endpoints.first(marketFees);
  return { to: contract, data, gas, maxFeePerGas };
}
