import { randomBytes } from 'node:crypto';
import {
  contractAddress,
  createGenesis,
  ethereumAddress,
  deploymentProxy,
  genesisContract,
  madeAt,
  timelockMaking,
} from '@showcause/anchor-service';
import type { GenesisContract, TimelockPlan } from '@showcause/anchor-service';
import { logIdOf, policyFromGenesis, toHex } from '@showcause/core';
import type { PolicyChain, TrustPolicy } from '@showcause/core';
import type { KeyPair } from '@showcause/core/node';
import { newId } from '../registration.ts';

/** Chain ids of local development nodes: what they hold proves nothing against whoever runs them. */
export const developmentChainIds: readonly number[] = [1337, 31_337];
const NOBODY = '0x0000000000000000000000000000000000000000';

export interface GenesisFacts {
  origin: string;
  log: KeyPair;
  registrar: KeyPair;
  /** null: a log without a chain; `anchored` is then never given */
  chain: {
    chainId: number;
    factory?: string | undefined;
    operator: KeyPair;
    /** lower-case 0x address */
    countersigner: string;
    guardian: KeyPair;
    /** lower-case 0x address, or the plan of one that is still to be made; default nobody */
    timelock?: string | TimelockPlan | undefined;
  } | null;
}

export interface Genesis {
  entry: Uint8Array;
  /** 32 bytes */
  logId: Uint8Array;
  policy: TrustPolicy;
}

/** Entry 0 and the trust policy that follows from it. */
export function makeGenesis(facts: GenesisFacts): Genesis {
  const contract = facts.chain === null ? null : contractOf(facts.chain);
  const entry = createGenesis({
    origin: facts.origin,
    logPublicKey: facts.log.publicKey,
    registrarPublicKey: facts.registrar.publicKey,
    contract,
    id: newId(),
    time: new Date(),
  });
  const logId = logIdOf(entry);
  const chains = contract === null ? [] : [chainOf(logId, contract)];
  return { entry, logId, policy: policyFromGenesis(entry, toHex(logId), chains) };
}

function chainOf(logId: Uint8Array, contract: GenesisContract): PolicyChain {
  return {
    chainId: contract.chainId,
    contract: contractAddress(logId, contract),
    development: developmentChainIds.includes(contract.chainId),
  };
}

function contractOf(chain: NonNullable<GenesisFacts['chain']>): GenesisContract {
  const salt = new Uint8Array(randomBytes(32));
  const factory = chain.factory ?? deploymentProxy;
  const contract = genesisContract({
    chainId: chain.chainId,
    salt,
    operator: ethereumAddress(chain.operator.publicKey),
    countersigner: chain.countersigner,
    guardian: ethereumAddress(chain.guardian.publicKey),
    timelock: timelockOf(chain.timelock, { factory, salt: `0x${toHex(salt)}` }),
  });
  return { ...contract, factory };
}

/** Where it will be: what makes it is known before the log is. */
function timelockOf(
  timelock: string | TimelockPlan | undefined,
  making: { factory: string; salt: string },
): string {
  if (typeof timelock === 'object') return madeAt(timelockMaking(making, timelock));
  return timelock ?? NOBODY;
}
