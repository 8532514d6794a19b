import { execFileSync } from 'node:child_process';
import { decodeErrorResult, decodeFunctionResult, encodeFunctionData } from 'viem/utils';
import type { Abi } from 'viem';
import type { Anvil } from '../../../test/support/anvil.ts';
import { deployContract } from './contract.ts';
import type { Hex } from './tree.ts';

export interface Harness {
  /** Rejects with the contract's own error name where it gave one. */
  call<T>(functionName: string, args: readonly unknown[], options?: { gas?: number }): Promise<T>;
}

export interface Compiled {
  abi: Abi;
  bytecode: Hex;
}

/**
 * Compiled in a process of its own, which keeps the compiler out of the test runner.
 * @param contracts  `File.sol:Name`
 * @param sha256At  where SHA-256 is asked for instead of at 0x02
 */
export function compileTest(contracts: readonly string[], sha256At?: string): Compiled[] {
  const script = new URL('compile.mjs', import.meta.url).pathname;
  const args = [script, ...contracts, ...(sha256At === undefined ? [] : [sha256At])];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Compiled[];
}

/** Deploys Harness.sol. */
export async function deployHarness(anvil: Anvil, made?: Compiled): Promise<Harness> {
  const { abi, bytecode } = made ?? compileTest(['Harness.sol:Harness'])[0]!;
  const to = await deployContract(anvil, bytecode, abi);
  return {
    async call<T>(functionName: string, args: readonly unknown[], options: { gas?: number } = {}) {
      const data = encodeFunctionData({ abi, functionName, args });
      const gas = options.gas === undefined ? {} : { gas: `0x${options.gas.toString(16)}` };
      try {
        const answer = await anvil.rpc<Hex>('eth_call', [{ to, data, ...gas }, 'latest']);
        return decodeFunctionResult({ abi, functionName, data: answer }) as T;
      } catch (error) {
        const reason = (error as { data?: Hex }).data;
        if (reason === undefined || reason === '0x') throw error;
        throw new Error(decodeErrorResult({ abi, data: reason }).errorName, { cause: error });
      }
    },
  };
}
