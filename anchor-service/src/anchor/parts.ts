import type { GenesisContract } from '@showcause/core';
import { contractAddress } from '../chain/contract.ts';
import { stateProver } from '../chain/storage-proof.ts';
import { createViemChain } from '../chain/viem.ts';
import { readToken } from '../config.ts';
import type { LogConfig } from '../config.ts';
import { httpCountersign } from '../countersigner/client.ts';
import { signedFileOf } from '../signed-file.ts';
import type { Signer } from '../signers/port.ts';
import { openGasBook } from './gas-book.ts';

const WEI_PER_GWEI = 1e9;

/**
 * What an anchorer needs of chain, countersigner and configuration.
 * @param operator  null: it only watches
 */
export function anchorerParts(
  config: LogConfig,
  contract: GenesisContract,
  logId: Uint8Array,
  operator: Signer['account'] | null,
) {
  const anchor = config.anchor!;
  const address = contractAddress(logId, contract);
  const { countersigner, gasPerDay } = anchor;
  return {
    chain: createViemChain({
      rpcUrl: anchor.rpcUrls,
      quorum: anchor.quorum,
      chainId: contract.chainId,
      contract: address,
      finality: anchor.finality,
      feeCap: BigInt(Math.round(anchor.maxFeeGwei * WEI_PER_GWEI)),
      ...(operator === null ? {} : { account: operator }),
    }),
    chainId: contract.chainId,
    contract: address,
    proveState: stateProver({ rpcUrls: anchor.rpcUrls, contract: address }),
    countersign:
      operator === null
        ? null
        : httpCountersign(countersigner.url, () => readToken(countersigner.tokenFile), {
            tls: countersigner.tls,
          }),
    gasBook:
      operator === null || gasPerDay === null
        ? null
        : openGasBook(`${signedFileOf(config)}.gas`, gasPerDay, Date.now),
    pollMs: anchor.pollMs,
    minAdvanceIntervalMs: anchor.minAdvanceIntervalMs,
    deadlineMs: anchor.deadlineMs,
    resendAfterMs: anchor.resendAfterMs,
  };
}
