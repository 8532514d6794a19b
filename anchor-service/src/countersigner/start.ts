import { logIdOf, parseEntryOf, parsePolicy, toHex } from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import { directoryLog, httpLog } from '@showcause/core/node';
import { contractAddress } from '../chain/contract.ts';
import { readConfigured, readToken } from '../config.ts';
import type { CountersignerConfig } from '../config.ts';
import { ServiceError } from '../errors.ts';
import type { Logger } from '../ports.ts';
import { openSigner } from '../signers/open.ts';
import type { Signer, SigningSecrets } from '../signers/port.ts';
import { createCountersigner } from './countersigner.ts';
import type { Countersigner, CountersignerPolicy } from './countersigner.ts';
import { rehearse } from './dry-run.ts';
import type { Rehearsal } from './dry-run.ts';
import { runCountersigner } from './run.ts';
import type { RunningCountersigner } from './run.ts';

interface Deps {
  logger: Logger;
  passphrase?: string;
  /** what the environment holds for its signer */
  signing?: SigningSecrets;
}

/**
 * Starts a countersigner from its configuration.
 * @throws {ServiceError} `CONFIG_*` @throws {ChainError} `COUNTERSIGN_STATE`, `COUNTERSIGN_FORGOTTEN`, `COUNTERSIGN_TLS_FILE`
 * @throws {SignerError} `SIGNER_*`
 */
export async function startCountersigner(
  config: CountersignerConfig,
  deps: Deps,
): Promise<RunningCountersigner> {
  const { policy, chain } = readPolicy(config);
  const signer = await signerOf(config, chain, deps);
  let countersigner: Countersigner;
  try {
    countersigner = createCountersigner({
      reader: readerOf(config),
      policy,
      account: signer.account,
      stateDir: config.state,
      markFile: config.markFile,
      takesOverAt: config.takesOverAt,
      ...config.limits,
      logger: deps.logger,
    });
  } catch (error) {
    await signer.close();
    throw error;
  }
  return runCountersigner(config, policy, withSigner(countersigner, signer), deps.logger);
}

/** Its end is the signer's too. */
function withSigner(countersigner: Countersigner, signer: Signer): Countersigner {
  return {
    ...countersigner,
    async close() {
      await countersigner.close();
      await signer.close();
    },
  };
}

/** What `startCountersigner` would sign now. @throws as {@link rehearse} */
export function rehearseCountersigner(
  config: CountersignerConfig,
  signal: AbortSignal,
): Promise<Rehearsal> {
  return rehearse(
    { reader: readerOf(config), policy: readPolicy(config).policy, stateDir: config.state },
    signal,
  );
}

function readerOf({ log, readerTokenFile }: CountersignerConfig) {
  if (!/^https?:\/\//.test(log)) return directoryLog(log);
  return httpLog(log, readerTokenFile === null ? {} : { token: readToken(readerTokenFile) });
}

interface Chain {
  /** marked so by the policy */
  isDevelopment: boolean;
  /** the countersigner that genesis names, where it is given */
  named: string | null;
}

function signerOf(
  { signer, keys }: CountersignerConfig,
  chain: Chain,
  { logger, passphrase, signing = {} }: Deps,
): Promise<Signer> {
  return openSigner({
    role: 'countersigner',
    config: signer,
    keys,
    ...(passphrase === undefined ? {} : { passphrase }),
    secrets: signing,
    ...chain,
    logger,
  });
}

function readPolicy(config: CountersignerConfig): { policy: CountersignerPolicy; chain: Chain } {
  const policy = parsePolicy(Buffer.from(readConfigured(config.policy)).toString('utf8'));
  const [chain] = policy.chains;
  if (chain === undefined)
    throw new ServiceError('CONFIG_MALFORMED', {
      got: `a policy without a chain: ${config.policy}`,
    });
  const named =
    config.genesis === null ? null : checkGenesis(readConfigured(config.genesis), policy);
  const trusted = {
    logId: Buffer.from(policy.logId, 'hex'),
    origin: policy.origin,
    logKeys: policy.logKeys,
    chainId: chain.chainId,
    contract: chain.contract,
  };
  return { policy: trusted, chain: { isDevelopment: chain.development, named } };
}

/**
 * What is signed names the contract's address: it must be the one that genesis computes.
 * @returns the countersigner that it was made with
 */
function checkGenesis(bytes: Uint8Array, policy: TrustPolicy): string {
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
  return contract.countersigner;
}
