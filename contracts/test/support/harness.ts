import { execFileSync } from 'node:child_process';
import { decodeFunctionResult, encodeFunctionData } from 'viem/utils';
import type { Abi } from 'viem';
import type { Anvil } from '../../../test/support/anvil.ts';
import { mined } from './contract.ts';

export interface Harness {
  call<T>(functionName: string, args: readonly unknown[], options?: { gas?: number }): Promise<T>;
}

/** Deploys Harness.sol; compiled in a process of its own, which keeps the compiler out of the test runner. */
export async function deployHarness(anvil: Anvil): Promise<Harness> {
  const script = new URL('compile.mjs', import.meta.url).pathname;
  const answer = execFileSync(process.execPath, [script], { encoding: 'utf8' });
  const { abi, bytecode } = JSON.parse(answer) as { abi: Abi; bytecode: string };
  const from = '0x00000000000000000000000000000000000000aa';
  await anvil.fund(from);
  await anvil.rpc('anvil_impersonateAccount', [from]);
  const hash = await anvil.rpc<string>('eth_sendTransaction', [
    { from, data: bytecode, gas: '0x989680' },
  ]);
  const { contractAddress } = await mined(anvil, hash);
  return {
    async call<T>(functionName: string, args: readonly unknown[], options: { gas?: number } = {}) {
      const data = encodeFunctionData({ abi, functionName, args });
      const gas = options.gas === undefined ? {} : { gas: `0x${options.gas.toString(16)}` };
      const answer = await anvil.rpc<`0x${string}`>('eth_call', [
        { to: contractAddress, data, ...gas },
        'latest',
      ]);
      return decodeFunctionResult({ abi, functionName, data: answer }) as T;
    },
  };
}
