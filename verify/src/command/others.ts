import { showcauseLogCreationCode } from '@showcause/contracts';
import { fromUtf8 } from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import { developmentNote, endpointNote } from '../anchor.ts';
import { verifyAnchor } from '../anchored-log.ts';
import { verifyEntry } from '../entry.ts';
import { CouldNotCheck } from '../errors.ts';
import { LogAuditor } from '../log/auditor.ts';
import type { KnownHead, LogReport, MissingHead } from '../log/auditor.ts';
import { openLogCheckpoint } from '../logged.ts';
import type { Report } from '../report.ts';
import {
  auditLog,
  consistencyProof,
  genesisOf,
  latestAnchor,
  readBytes,
} from '../readers/index.ts';
import { askChain, loadSecondOpinion, openGivenLog, reading } from './inputs.ts';
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
  const { heads, notes } = await knownHeads(options, policy);
  const auditor = new LogAuditor({
    policy,
    checkpoint,
    now: around.now,
    ...expected(options),
    ...(heads.length === 0 ? {} : { heads }),
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
): Promise<{ heads: (KnownHead | MissingHead)[]; notes: string[] }> {
  const heads: (KnownHead | MissingHead)[] = [];
  const { since } = options;
  if (since !== undefined) {
    const kept = await reading('input', async () =>
      openLogCheckpoint(await readBytes(since), policy),
    );
    heads.push({ size: kept.size, root: kept.root, source: 'checkpoint kept before' });
  }
  const chain = await askChain(options, policy);
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
  const notes = chain.endpoint === undefined ? [] : [endpointNote(chain.endpoint)];
  return { heads, notes: development ? [...notes, developmentNote] : notes };
}

export interface AnchorOptions extends CommonOptions {
  genesis?: string;
}

export async function runAnchor(
  where: string,
  options: AnchorOptions,
  policy: TrustPolicy,
): Promise<Report> {
  const read = await reading('input', async () => {
    const log = await openGivenLog(options, where);
    const checkpoint = await log.checkpoint();
    const { size } = openLogCheckpoint(checkpoint, policy);
    const genesis =
      options.genesis === undefined ? await genesisOf(log, size) : await readBytes(options.genesis);
    return { log, checkpoint, size, genesis, anchor: await latestAnchor(log) };
  });
  const { log, checkpoint, size, genesis, anchor } = read;
  const chain = await askChain(options, policy, anchor ?? undefined);
  const head = chain === null || chain instanceof CouldNotCheck ? null : chain.head;
  const proof =
    head === null || head.size > size ? null : await consistencyProof(log, head.size, size);
  const extension =
    head === null || anchor === null ? null : await consistencyProof(log, anchor.size, head.size);
  return verifyAnchor({
    policy,
    ...expected(options),
    genesis,
    creationCode: showcauseLogCreationCode,
    checkpoint,
    anchor,
    chain,
    proof,
    ...(extension === null ? {} : { extension }),
  });
}
