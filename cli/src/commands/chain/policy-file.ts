import { formatPolicy, parsePolicy, policyFingerprint, toHex } from '@showcause/core';
import type { PolicyChain } from '@showcause/core';
import { writeFileDurably } from '@showcause/core/node';
import { CliError } from '../../errors.ts';
import { readText, writing } from '../../files.ts';

export interface Recorded {
  file: string;
  outcome: 'unchanged' | 'written' | 'would be written';
  fingerprint: string;
}

/**
 * Puts the log's contract into its policy file: the old file or the new one, never a mix.
 * @param logId  32 bytes
 * @throws {CliError} `POLICY_OTHER` when the file is another log's, or trusts another contract on that chain
 */
export function recordContract(
  file: string,
  logId: Uint8Array,
  chain: PolicyChain,
  dryRun: boolean,
): Recorded {
  const policy = parsePolicy(readText(file));
  const refuse = (got: string, want: string): never => {
    throw new CliError('POLICY_OTHER', { got: `${got} in ${file}`, want });
  };
  if (policy.logId !== toHex(logId)) refuse(`log ${policy.logId}`, toHex(logId));
  const known = policy.chains.find(({ chainId }) => chainId === chain.chainId);
  if (known !== undefined && known.contract !== chain.contract)
    refuse(`contract ${known.contract}`, chain.contract);
  const development = chain.development || (known?.development ?? false);
  const chains = [
    ...policy.chains.filter(({ chainId }) => chainId !== chain.chainId),
    { ...known, ...chain, development },
  ];
  if (known?.development === development)
    return { file, outcome: 'unchanged', fingerprint: policyFingerprint(policy) };
  const changed = { ...policy, chains };
  if (!dryRun) writing(file, () => writeFileDurably(file, formatPolicy(changed)));
  const outcome = dryRun ? 'would be written' : 'written';
  return { file, outcome, fingerprint: policyFingerprint(changed) };
}
