import { logIdOf, parseEntryOf, parsePolicy, toHex } from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import { directoryLog, httpLog, keyPath, passphraseOf, readKeyFile } from '@showcause/core/node';
import { ethereumAccount } from '../chain/accounts.ts';
import { contractAddress } from '../chain/contract.ts';
import { readConfigured, readToken } from '../config.ts';
import type { CountersignerConfig } from '../config.ts';
import { ServiceError } from '../errors.ts';
import type { Logger } from '../ports.ts';
import { createCountersigner } from './countersigner.ts';
import type { CountersignerPolicy } from './countersigner.ts';
import { rehearse } from './dry-run.ts';
import type { Rehearsal } from './dry-run.ts';
import { runCountersigner } from './run.ts';
import type { RunningCountersigner } from './run.ts';

/**
 * Starts a countersigner from its configuration.
 * @throws {ServiceError} `CONFIG_*` @throws {ChainError} `COUNTERSIGN_STATE`, `COUNTERSIGN_FORGOTTEN`, `COUNTERSIGN_TLS_FILE`
 */
export async function startCountersigner(
  config: CountersignerConfig,
  deps: { logger: Logger; passphrase?: string },
): Promise<RunningCountersigner> {
  const policy = policyOf(config);
  const key = readKeyFile(
    keyPath(config.keys, 'countersigner'),
    passphraseOf(config.keys, deps.passphrase),
  );
  const countersigner = createCountersigner({
    reader: readerOf(config),
    policy,
    account: ethereumAccount(key.secretKey),
    stateDir: config.state,
    markFile: config.markFile,
    takesOverAt: config.takesOverAt,
    ...config.limits,
    logger: deps.logger,
  });
  return runCountersigner(config, policy, countersigner, deps.logger);
}

/** What `startCountersigner` would sign now. @throws as {@link rehearse} */
export function rehearseCountersigner(
  config: CountersignerConfig,
  signal: AbortSignal,
): Promise<Rehearsal> {
  return rehearse(
    { reader: readerOf(config), policy: policyOf(config), stateDir: config.state },
    signal,
  );
}

function readerOf({ log, readerTokenFile }: CountersignerConfig) {
  if (!/^https?:\/\//.test(log)) return directoryLog(log);
  return httpLog(log, readerTokenFile === null ? {} : { token: readToken(readerTokenFile) });
}

function policyOf(config: CountersignerConfig): CountersignerPolicy {
  const policy = parsePolicy(Buffer.from(readConfigured(config.policy)).toString('utf8'));
  const [chain] = policy.chains;
  if (chain === undefined)
    throw new ServiceError('CONFIG_MALFORMED', {
      got: `a policy without a chain: ${config.policy}`,
    });
  if (config.genesis !== null) checkGenesis(readConfigured(config.genesis), policy);
  return {
    logId: Buffer.from(policy.logId, 'hex'),
    origin: policy.origin,
    logKeys: policy.logKeys,
    chainId: chain.chainId,
    contract: chain.contract,
  };
}

/** What is signed names the contract's address: it must be the one that genesis computes. */
function checkGenesis(bytes: Uint8Array, policy: TrustPolicy): void {
  const logId = logIdOf(bytes);
  const { contract } = parseEntryOf('genesis', bytes);
  const [chain] = policy.chains;
  if (toHex(logId) !== policy.logId)
    throw new ServiceError('CONFIG_GENESIS', { got: 'the genesis of another log' });
  if (
    contract === null ||
    contract.chainId !== chain?.chainId ||
    contractAddress(logId, contract) !== chain.contract
  )
    throw new ServiceError('CONFIG_GENESIS', { got: 'a policy that names another contract' });
}
