import { toHex } from '@showcause/core';
import type { CheckpointStep } from './port.ts';

const types = {
  Checkpoint: [
    { name: 'oldSize', type: 'uint64' },
    { name: 'size', type: 'uint64' },
    { name: 'root', type: 'bytes32' },
  ],
} as const;

/**
 * What the countersigner signs (EIP-712): `Checkpoint(uint64 oldSize,uint64 size,bytes32 root)` in the domain
 * {name "Showcause", version "1", chainId, verifyingContract}. For viem's `signTypedData` and `recoverTypedDataAddress`.
 */
export function checkpointTypedData(chainId: number, contract: string, step: CheckpointStep) {
  return {
    domain: {
      name: 'Showcause',
      version: '1',
      chainId,
      verifyingContract: contract as `0x${string}`,
    },
    types,
    primaryType: 'Checkpoint',
    message: {
      oldSize: BigInt(step.oldSize),
      size: BigInt(step.size),
      root: `0x${toHex(step.root)}`,
    },
  } as const;
}
