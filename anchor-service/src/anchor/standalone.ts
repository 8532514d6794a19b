import { logIdOf, parseEntryOf } from '@showcause/core';
import { createAnchorer } from '../anchorer.ts';
import type { Anchorer, PlannedStep } from '../anchorer.ts';
import { priceStep } from '../chain/dry-run.ts';
import type { PricedCall } from '../chain/dry-run.ts';
import { readConfigured } from '../config.ts';
import type { LogConfig } from '../config.ts';
import { ServiceError } from '../errors.ts';
import { LogReader } from '../logs/log-reader.ts';
import type { Logger } from '../ports.ts';
import { openOperator } from '../signers/operator.ts';
import type { SigningSecrets } from '../signers/port.ts';
import { foreignLog } from './log-view.ts';
import { anchorerParts } from './parts.ts';

/** An anchorer of a log that another process writes, or nobody for now. */
export interface StandaloneAnchorer {
  chainId: number;
  contract: string;
  anchorer: Anchorer;
  /** The step that is next with what it would take; null: nothing waits. Sends, signs and writes nothing. */
  preview(): Promise<{ step: PlannedStep; call: PricedCall } | null>;
  close(): Promise<void>;
}

/**
 * Reads store and published log of a service's configuration and sends to its contract. The evidence of what is final is kept
 * by the service itself, which watches the chain whoever sends.
 * @param deps.isDry  needs no key, and sends nothing
 * @throws {ServiceError} `CONFIG_GENESIS` when genesis names no contract, or the configuration no chain
 * @throws {SignerError} `SIGNER_*`
 */
export async function openAnchorer(
  config: LogConfig,
  deps: { logger: Logger; passphrase?: string; signing?: SigningSecrets; isDry: boolean },
): Promise<StandaloneAnchorer> {
  const bytes = readConfigured(config.genesis);
  const genesis = parseEntryOf('genesis', bytes);
  const { contract } = genesis;
  if (config.anchor === null || contract === null)
    throw new ServiceError('CONFIG_GENESIS', { got: 'anchoring for a log without a contract' });
  const signer = deps.isDry ? null : await openOperator(config, contract.operator, deps);
  const parts = anchorerParts(config, contract, logIdOf(bytes), signer?.account ?? null);
  const reader = new LogReader(config, deps.logger);
  const anchorer = createAnchorer({
    ...parts,
    log: foreignLog(reader.store, reader.files, genesis),
    logger: deps.logger,
    saveAnchor: () => Promise.resolve(),
  });
  const { rpcUrls, quorum } = config.anchor;
  return {
    chainId: parts.chainId,
    contract: parts.contract,
    anchorer,
    async preview() {
      const step = await anchorer.nextStep();
      if (step === null) return null;
      const of = { rpcUrls, quorum, ...parts, operator: contract.operator };
      return { step, call: await priceStep(of, step) };
    },
    async close() {
      await reader.close();
      await signer?.close();
    },
  };
}
