import {
  decodeErrorResult,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
  getAddress,
} from 'viem/utils';
import { privateKeyToAccount, generatePrivateKey } from 'viem/accounts';
import type { PrivateKeyAccount } from 'viem/accounts';
import {
  showcauseLogAbi,
  showcauseLogCreationCode,
  showcauseLogSuccessorAbi,
  showcauseLogSuccessorCreationCode,
} from '../../src/index.ts';
import type { Abi } from 'viem';
import type { Anvil } from '../../../test/support/anvil.ts';
import { hex } from './tree.ts';
import type { Hex } from './tree.ts';

export interface Roles {
  operator: PrivateKeyAccount;
  countersigner: PrivateKeyAccount;
  guardian: PrivateKeyAccount;
  timelock: PrivateKeyAccount;
}

export function makeRoles(): Roles {
  const account = (): PrivateKeyAccount => privateKeyToAccount(generatePrivateKey());
  return {
    operator: account(),
    countersigner: account(),
    guardian: account(),
    timelock: account(),
  };
}

export interface DeployedLog {
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
  head(): Promise<{ size: number; root: Hex; lastAdvance: number; flags: number }>;
}

type SomeRoles = { [R in keyof Roles]: { address: string } | null };

const addressOf = (role: { address: string } | null): Hex =>
  (role?.address ?? '0x0000000000000000000000000000000000000000') as Hex;

/** Deploys with plain CREATE; throws with the constructor's error name. */
export async function deployLog(
  anvil: Anvil,
  logId: Uint8Array,
  roles: SomeRoles,
): Promise<DeployedLog> {
  const data = encodeDeployData({
    abi: showcauseLogAbi,
    bytecode: showcauseLogCreationCode,
    args: [
      hex(logId),
      addressOf(roles.operator),
      addressOf(roles.countersigner),
      addressOf(roles.guardian),
      addressOf(roles.timelock),
    ],
  });
  return deployed(anvil, data);
}

/** As `deployLog`. */
export async function deploySuccessor(
  anvil: Anvil,
  predecessor: string,
  head: { size: number | bigint; root: Uint8Array; proof: readonly Uint8Array[] },
  roles: SomeRoles,
): Promise<DeployedLog> {
  const data = encodeDeployData({
    abi: showcauseLogSuccessorAbi,
    bytecode: showcauseLogSuccessorCreationCode,
    args: [
      predecessor as Hex,
      BigInt(head.size),
      hex(head.root),
      head.proof.map(hex),
      {
        operator: addressOf(roles.operator),
        countersigner: addressOf(roles.countersigner),
        guardian: addressOf(roles.guardian),
        timelock: addressOf(roles.timelock),
      },
    ],
  });
  return deployed(anvil, data);
}

async function deployed(anvil: Anvil, data: Hex): Promise<DeployedLog> {
  const from = '0x00000000000000000000000000000000000000bb';
  await anvil.fund(from);
  await anvil.rpc('anvil_impersonateAccount', [from]);
  const call = { from, data, gas: '0x4c4b40' };
  await named(() => anvil.rpc('eth_call', [call, 'latest']));
  const { contractAddress } = await mined(anvil, await anvil.rpc('eth_sendTransaction', [call]));
  return opened(anvil, contractAddress as Hex);
}

/** Any function by name: these tests send what the types would not let them. */
const abi: Abi = showcauseLogSuccessorAbi;

export function opened(anvil: Anvil, address: Hex): DeployedLog {
  const encode = (functionName: string, args: readonly unknown[]): Hex =>
    encodeFunctionData({ abi, functionName, args });
  const read = async <T>(functionName: string, args: readonly unknown[] = []): Promise<T> => {
    const data = await anvil.rpc<Hex>('eth_call', [
      { to: address, data: encode(functionName, args) },
      'latest',
    ]);
    return decodeFunctionResult({ abi, functionName, data }) as T;
  };
  return {
    address,
    checksumAddress: getAddress(address),
    read,
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
        await named(() => anvil.rpc('eth_call', [call, 'latest']));
      } catch (error) {
        const { status } = await mined(anvil, await anvil.rpc('eth_sendTransaction', [call]));
        return status === '0x1' ? 'ok though the simulation refused' : (error as Error).message;
      }
      const { status } = await mined(anvil, await anvil.rpc('eth_sendTransaction', [call]));
      return status === '0x1' ? 'ok' : 'reverted though the simulation passed';
    },
    async head() {
      const [size, root, lastAdvance, flags] = await read<[bigint, Hex, bigint, number]>('head');
      return { size: Number(size), root, lastAdvance: Number(lastAdvance), flags };
    },
  };
}

/** What `advance` takes of a signature r ‖ s ‖ v: r, and s with v - 27 in its highest bit (EIP-2098). */
export function compact(signature: Hex): readonly [r: Hex, vs: Hex] {
  const s = BigInt(`0x${signature.slice(66, 130)}`);
  const parity = signature.slice(130) === '1c' ? 1n << 255n : 0n;
  return [`0x${signature.slice(2, 66)}`, word(s | parity)];
}

export function word(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, '0')}`;
}

export const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** The same ECDSA signature with s' = n - s and the other v: a second spelling that must not count. */
export function highS(signature: Hex): Hex {
  const s = BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.slice(130) === '1b' ? '1c' : '1b';
  return `0x${signature.slice(2, 66)}${(ORDER - s).toString(16).padStart(64, '0')}${v}`;
}

interface SignedStep {
  oldSize: number;
  size: number | bigint;
  root: Uint8Array;
}
interface DomainChange {
  name?: string;
  version?: string;
  chainId?: number;
}

export async function countersign(
  account: PrivateKeyAccount,
  contract: string,
  step: SignedStep,
  domain: DomainChange = {},
): Promise<Hex> {
  return account.signTypedData(checkpointOf(contract, step, domain));
}

export function checkpointOf(contract: string, step: SignedStep, domain: DomainChange = {}) {
  return {
    domain: {
      name: 'Showcause',
      version: '1',
      chainId: 31_337,
      ...domain,
      verifyingContract: contract as Hex,
    },
    types: {
      Checkpoint: [
        { name: 'oldSize', type: 'uint64' },
        { name: 'size', type: 'uint64' },
        { name: 'root', type: 'bytes32' },
      ],
    },
    primaryType: 'Checkpoint',
    message: { oldSize: BigInt(step.oldSize), size: BigInt(step.size), root: hex(step.root) },
  } as const;
}

async function named<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const { data } = error as { data?: Hex };
    if (data === undefined || data === '0x') throw error;
    throw new Error(decodeErrorResult({ abi: showcauseLogSuccessorAbi, data }).errorName, {
      cause: error,
    });
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
