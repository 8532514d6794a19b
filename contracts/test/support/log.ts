import { encodeDeployData } from 'viem/utils';
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
import { deployContract, openContract } from './contract.ts';
import type { DeployedContract } from './contract.ts';
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

export interface DeployedLog extends DeployedContract {
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
  return opened(anvil, await deployContract(anvil, data, abi));
}

/** Any function by name: these tests send what the types would not let them. */
const abi: Abi = showcauseLogSuccessorAbi;

export function opened(anvil: Anvil, address: Hex): DeployedLog {
  const contract = openContract(anvil, address, abi);
  return {
    ...contract,
    async head() {
      const [size, root, lastAdvance, flags] =
        await contract.read<[bigint, Hex, bigint, number]>('head');
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
