import {
  decodeErrorResult,
  decodeFunctionResult,
  encodeFunctionData,
  getAddress,
} from 'viem/utils';
import type { Abi } from 'viem';
import type { Anvil } from '../../../test/support/anvil.ts';
import type { Hex } from './tree.ts';

/** One contract that stands on a test chain, spoken to by names: tests send what types would not let them. */
export interface DeployedContract {
  address: Hex;
  checksumAddress: Hex;
  /** Mines a call; `ok`, or the contract's own error name. State changes only when ok. */
  send(
    from: string,
    functionName: string,
    args?: readonly unknown[],
    gas?: number,
  ): Promise<string>;
  read<T>(functionName: string, args?: readonly unknown[]): Promise<T>;
  /** Least gas limit with which a block takes the call: 21,000 and 10 or 40 for each zero or other byte (EIP-7623). */
  floorGas(functionName: string, args: readonly unknown[]): number;
}

/** @param abi of the contract and of every other whose errors may come through it */
export function openContract(anvil: Anvil, address: Hex, abi: Abi): DeployedContract {
  const encode = (functionName: string, args: readonly unknown[]): Hex =>
    encodeFunctionData({ abi, functionName, args });
  return {
    address,
    checksumAddress: getAddress(address),
    async read<T>(functionName: string, args: readonly unknown[] = []): Promise<T> {
      const data = await anvil.rpc<Hex>('eth_call', [
        { to: address, data: encode(functionName, args) },
        'latest',
      ]);
      return decodeFunctionResult({ abi, functionName, data }) as T;
    },
    floorGas(functionName, args) {
      const bytes = Buffer.from(encode(functionName, args).slice(2), 'hex');
      return bytes.reduce((gas, byte) => gas + (byte === 0 ? 10 : 40), 21_000);
    },
    async send(from, functionName, args = [], gas = 1_000_000) {
      await anvil.fund(from);
      await anvil.rpc('anvil_impersonateAccount', [from]);
      const call = {
        from,
        to: address,
        data: encode(functionName, args),
        gas: `0x${gas.toString(16)}`,
      };
      try {
        await named(abi, () => anvil.rpc('eth_call', [call, 'latest']));
      } catch (error) {
        const { status } = await mined(anvil, await anvil.rpc('eth_sendTransaction', [call]));
        return status === '0x1' ? 'ok though the simulation refused' : (error as Error).message;
      }
      const { status } = await mined(anvil, await anvil.rpc('eth_sendTransaction', [call]));
      return status === '0x1' ? 'ok' : 'reverted though the simulation passed';
    },
  };
}

/** By plain CREATE. @throws {Error} with the constructor's error name */
export async function deployContract(anvil: Anvil, data: Hex, abi: Abi): Promise<Hex> {
  const from = '0x00000000000000000000000000000000000000bb';
  await anvil.fund(from);
  await anvil.rpc('anvil_impersonateAccount', [from]);
  const call = { from, data, gas: '0x989680' };
  await named(abi, () => anvil.rpc('eth_call', [call, 'latest']));
  const { contractAddress } = await mined(anvil, await anvil.rpc('eth_sendTransaction', [call]));
  return contractAddress as Hex;
}

async function named<T>(abi: Abi, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const { data } = error as { data?: Hex };
    if (data === undefined || data === '0x') throw error;
    throw new Error(decodeErrorResult({ abi, data }).errorName, { cause: error });
  }
}

export async function mined(
  anvil: Anvil,
  hash: unknown,
): Promise<{ status: string; contractAddress: string }> {
  // The node answers a transaction's hash before its block is there.
  for (let tries = 0; tries < 400; tries++) {
    const receipt = await anvil.rpc<{ status: string; contractAddress: string } | null>(
      'eth_getTransactionReceipt',
      [hash],
    );
    if (receipt !== null) return receipt;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('a transaction that is not mined within 4 s');
}
