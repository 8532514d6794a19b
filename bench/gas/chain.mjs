// Contracts of the bench's own on its chain, called by accounts without keys.
import { setTimeout as delay } from 'node:timers/promises';
import { decodeFunctionResult, encodeDeployData, encodeFunctionData } from 'viem/utils';
import { compileCached, readSources } from '../../scripts/solidity.mjs';

const CONTRACTS = [
  ['Consumer.sol', 'Consumer'],
  ['Peers.sol', 'EventOnly'],
  ['Peers.sol', 'EpochMapping'],
  ['Peers.sol', 'AccessControlLog'],
  ['Peers.sol', 'CountersignedAccessControlLog'],
];
export const SENDER = '0x00000000000000000000000000000000000000bb';

/** @returns {{ abi: object[], bytecode: `0x${string}` }} */
export function compiled(name) {
  const sources = readSources(['bench/gas', 'contracts/src', 'contracts/test']);
  return compileCached(sources, CONTRACTS).find((one) => one.name === name);
}

export async function mined(anvil, hash) {
  for (;;) {
    const receipt = await anvil.rpc('eth_getTransactionReceipt', [hash]);
    if (receipt === null) await delay(2);
    else if (receipt.status === '0x1') return receipt;
    else throw new Error(`transaction ${hash} reverted`);
  }
}

/** @returns the receipt */
async function send(anvil, from, call) {
  await anvil.fund(from);
  await anvil.rpc('anvil_impersonateAccount', [from]);
  const hash = await anvil.rpc('eth_sendTransaction', [{ from, gas: '0x989680', ...call }]);
  return mined(anvil, hash);
}

/** @returns {Promise<{ abi: object[], address: string, gas: number }>} */
export async function deployed(anvil, { abi, bytecode }, args = []) {
  const data = encodeDeployData({ abi, bytecode, args });
  const { contractAddress, gasUsed } = await send(anvil, SENDER, { data });
  return { abi, address: contractAddress, gas: Number(gasUsed) };
}

/** Gas of a transaction. */
export async function sent(anvil, { abi, address }, functionName, args, from = SENDER) {
  const data = encodeFunctionData({ abi, functionName, args });
  const { gasUsed } = await send(anvil, from, { to: address, data });
  return Number(gasUsed);
}

export async function viewed(anvil, { abi, address }, functionName, args) {
  const call = { from: SENDER, to: address, data: encodeFunctionData({ abi, functionName, args }) };
  const data = await anvil.rpc('eth_call', [call, 'latest']);
  return decodeFunctionResult({ abi, functionName, data });
}
