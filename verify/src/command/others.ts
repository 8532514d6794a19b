import { fromUtf8 } from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import { developmentNote, sourceNote } from '../anchor.ts';
import type { ChainObservation } from '../anchor.ts';
import { verifyEntry } from '../entry.ts';
import { CouldNotCheck } from '../errors.ts';
import { LogAuditor } from '../log/auditor.ts';
import type { KnownHead, LogReport, MissingHead } from '../log/auditor.ts';
import { openLogCheckpoint } from '../logged.ts';
import type { ObservedGovernance } from '../log/governance.ts';
import type { Report } from '../report.ts';
import { auditLog, observeGovernance, readBytes } from '../readers/index.ts';
import { askChain, loadSecondOpinion, openGivenLog, pinnedOf, reading } from './inputs.ts';
import type { CommonOptions } from './inputs.ts';

function expected(options: CommonOptions): { expectedFingerprint?: string } {
  return options.fingerprint === undefined ? {} : { expectedFingerprint: options.fingerprint };
}

export async function runEntry(
  entry: string,
  proof: string,
  options: CommonOptions,
  policy: TrustPolicy,
): Promise<Report> {
  const given = await reading('input', async () => ({
    entry: await readBytes(entry),
    proof: fromUtf8(await readBytes(proof)),
    ...(await loadSecondOpinion(options)),
  }));
  return verifyEntry({
    ...given,
    policy,
    ...expected(options),
    ...(options.require === undefined ? {} : { require: options.require }),
  });
}

export interface LogOptions extends CommonOptions {
  since?: string;
}

/** @param clock  Unix seconds @param progress  entries read so far */
export async function runLog(
  where: string,
  options: LogOptions,
  policy: TrustPolicy,
  around: { now: number; progress: (entries: number) => void },
): Promise<LogReport> {
  const { log, checkpoint } = await reading('input', async () => {
    const opened = await openGivenLog(options, where);
    return { log: opened, checkpoint: await opened.checkpoint() };
  });
  const asked = await askChain(options, policy);
  const chain = asked ?? (await pinnedOf(log, policy));
  const { heads, notes } = await knownHeads(options, policy, chain);
  const governance = await askGovernance(options, asked);
  const auditor = new LogAuditor({
    policy,
    checkpoint,
    now: around.now,
    ...expected(options),
    ...(heads.length === 0 ? {} : { heads }),
    ...(governance === null ? {} : { governance }),
    notes,
    ...(await loadSecondOpinion(options)),
  });
  await auditLog(log, auditor, around.progress);
  return auditor.finish();
}

/** Heads that the log must extend: an earlier checkpoint that was kept, and the one on the chain. */
async function knownHeads(
  options: LogOptions,
  policy: TrustPolicy,
  chain: ChainObservation | CouldNotCheck | null,
): Promise<{ heads: (KnownHead | MissingHead)[]; notes: string[] }> {
  const heads: (KnownHead | MissingHead)[] = [];
  const { since } = options;
  if (since !== undefined) {
    const kept = await reading('input', async () =>
      openLogCheckpoint(await readBytes(since), policy),
    );
    heads.push({ size: kept.size, root: kept.root, source: 'checkpoint kept before' });
  }
  if (chain === null) return { heads, notes: [] };
  const source = 'contract on the chain';
  if (chain instanceof CouldNotCheck)
    return { heads: [...heads, { source, failed: chain }], notes: [] };
  if (chain.head === null)
    heads.push({
      source,
      failed: new CouldNotCheck('VERIFY_NOT_FINAL', 'no contract at the final block'),
    });
  else heads.push({ ...chain.head, source });
  const development = policy.chains.some(
    (known) => known.chainId === chain.chainId && known.development,
  );
  const note = sourceNote(chain);
  const notes = note === null ? [] : [note];
  return { heads, notes: development ? [...notes, developmentNote] : notes };
}

/** @returns null where nobody asks a node */
async function askGovernance(
  { rpc }: CommonOptions,
  chain: ChainObservation | CouldNotCheck | null,
): Promise<ObservedGovernance | CouldNotCheck | null> {
  if (chain instanceof CouldNotCheck) return chain;
  if (rpc === undefined || chain === null) return null;
  try {
    return await observeGovernance(rpc, chain);
  } catch (error) {
    if (error instanceof CouldNotCheck) return error;
    throw error;
  }
}
