import { showcauseLogAbi } from '@showcause/contracts';
import { toHex } from '@showcause/core';
import { encodeFunctionData } from 'viem/utils';
import { ChainError } from './errors.ts';

/**
 * Call data of `advance`. The contract takes the countersignature in its compact form (EIP-2098), which has no bit for a high s.
 * @param step.countersignature r ‖ s ‖ v, 65 bytes, low s, v 27 or 28
 * @throws {ChainError} `COUNTERSIGN_SIGNATURE`
 */
export function advanceCallData(step: {
  size: number;
  root: Uint8Array;
  proof: readonly Uint8Array[];
  countersignature: Uint8Array;
}): `0x${string}` {
  const { r, vs } = compact(step.countersignature);
  return encodeFunctionData({
    abi: showcauseLogAbi,
    functionName: 'advance',
    args: [
      BigInt(step.size),
      `0x${toHex(step.root)}`,
      step.proof.map((hash) => `0x${toHex(hash)}` as const),
      `0x${toHex(r)}`,
      `0x${toHex(vs)}`,
    ],
  });
}

function compact(signature: Uint8Array): { r: Uint8Array; vs: Uint8Array } {
  const [high, v] = [signature[32], signature[64]];
  if (signature.length !== 65 || high === undefined || (v !== 27 && v !== 28))
    throw new ChainError('COUNTERSIGN_SIGNATURE', { got: 'not r, s and a v of 27 or 28' });
  if (high >= 0x80) throw new ChainError('COUNTERSIGN_SIGNATURE', { got: 'a high s' });
  const vs = Uint8Array.from(signature.subarray(32, 64));
  vs[0] = high | ((v - 27) << 7);
  return { r: signature.subarray(0, 32), vs };
}
