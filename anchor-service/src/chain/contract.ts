import { showcauseLogCreationCode, showcauseLogCreationCodeHash } from '@showcause/contracts';
import { logContractAddress, logContractInitCode, toHex } from '@showcause/core';
import type { GenesisContract } from '@showcause/core';
import { ChainError } from './errors.ts';

export type { GenesisContract } from '@showcause/core';

/** The deterministic deployment proxy (EIP-7955's predecessor), at the same address on most chains and on anvil. */
export const deploymentProxy = '0x4e59b44847b379578588920ca78fbf26c0b4956c';

/** The `contract` member for a new genesis entry, for the contract that this build makes. @param args.salt 32 random bytes */
export function genesisContract(args: {
  chainId: number;
  salt: Uint8Array;
  operator: string;
  countersigner: string;
  guardian: string;
  timelock: string;
}): GenesisContract {
  if (args.salt.length !== 32)
    throw new RangeError(`got a salt of ${args.salt.length} bytes, want 32`);
  return {
    chainId: args.chainId,
    factory: deploymentProxy,
    salt: `0x${toHex(args.salt)}`,
    creationCodeHash: showcauseLogCreationCodeHash,
    operator: args.operator.toLowerCase(),
    countersigner: args.countersigner.toLowerCase(),
    guardian: args.guardian.toLowerCase(),
    timelock: args.timelock.toLowerCase(),
  };
}

/**
 * Creation code ‖ ABI-encoded constructor arguments.
 * @throws {ChainError} `CHAIN_CREATION_CODE` when genesis names another creation code
 */
export function initCode(logId: Uint8Array, contract: GenesisContract): `0x${string}` {
  checkCode(contract);
  return `0x${toHex(logContractInitCode(logId, contract, showcauseLogCreationCode))}`;
}

/**
 * Where the log's contract is or will be. Lower case.
 * @param logId  32 bytes
 * @throws {ChainError} `CHAIN_CREATION_CODE`
 */
export function contractAddress(logId: Uint8Array, contract: GenesisContract): `0x${string}` {
  checkCode(contract);
  return logContractAddress(logId, contract, showcauseLogCreationCode);
}

function checkCode(contract: GenesisContract): void {
  if (contract.creationCodeHash !== showcauseLogCreationCodeHash)
    throw new ChainError('CHAIN_CREATION_CODE', {
      got: contract.creationCodeHash,
      want: showcauseLogCreationCodeHash,
    });
}
