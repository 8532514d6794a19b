import { showcauseLogCreationCode, showcauseLogSuccessorCreationCode } from '@showcause/contracts';
import {
  CodedError,
  fromHex,
  logContractAddress,
  parseAnchorEvidence,
  parseGenesis,
  parseJson,
} from '@showcause/core';
import type { AnchorEvidence, TrustPolicy } from '@showcause/core';
import type { LogReader } from '@showcause/core/node';
import { verifyAnchor } from '../anchored-log.ts';
import type { AnchorInput } from '../anchored-log.ts';
import { pinnedObservation } from '../anchor-proof.ts';
import { CouldNotCheck } from '../errors.ts';
import { openLogCheckpoint } from '../logged.ts';
import type { Report } from '../report.ts';
import {
  anchoragesOf,
  consistencyProof,
  genesisOf,
  genesisPath,
  latestAnchor,
  readBytes,
  readText,
} from '../readers/index.ts';
import { askChain, openGivenLog, reading } from './inputs.ts';
import type { CommonOptions } from './inputs.ts';

export interface AnchorOptions extends CommonOptions {
  genesis?: string;
  anchor?: string;
}

type Given = Pick<AnchorInput, 'genesis' | 'anchor' | 'checkpoint' | 'anchorages'>;

/** A log with the anchor it publishes, or with one that was given. */
export async function runAnchor(
  where: string,
  options: AnchorOptions,
  policy: TrustPolicy,
): Promise<Report> {
  const { log, size, given } = await reading('input', async () => {
    const opened = await openGivenLog(options, where);
    const checkpoint = await opened.checkpoint();
    const signed = openLogCheckpoint(checkpoint, policy).size;
    const genesis =
      options.genesis === undefined
        ? await genesisOf(opened, signed)
        : await readBytes(options.genesis);
    const anchor =
      options.anchor === undefined ? await latestAnchor(opened) : await evidenceIn(options.anchor);
    const others = hasOthers(policy, genesis, anchor)
      ? { anchorages: await anchoragesOf(opened, signed) }
      : {};
    return { log: opened, size: signed, given: { genesis, anchor, checkpoint, ...others } };
  });
  return judge(given, options, policy, { log, size });
}

/** Whether policy or evidence speak of a contract that is not genesis's: then every entry is read for one that names it. */
function hasOthers(
  policy: TrustPolicy,
  genesis: Uint8Array,
  anchor: AnchorEvidence | null,
): boolean {
  const first = contractOf(policy, genesis);
  const named = [...policy.chains, ...(anchor === null ? [] : [anchor])];
  return named.some(
    ({ chainId, contract }) => chainId !== first?.chainId || contract !== first.address,
  );
}

function contractOf(
  policy: TrustPolicy,
  genesis: Uint8Array,
): { chainId: number; address: string } | null {
  try {
    const { contract } = parseGenesis(genesis);
    if (contract === null) return null;
    const logId = fromHex(policy.logId, 32);
    return {
      chainId: contract.chainId,
      address: logContractAddress(logId, contract, showcauseLogCreationCode),
    };
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
}

/** Anchor evidence and genesis alone: no log, and with a policy that names the block no node either. */
export async function runEvidence(
  files: { anchor: string; genesis: string },
  options: AnchorOptions,
  policy: TrustPolicy,
): Promise<Report> {
  const given = await reading('input', async () => ({
    genesis: await readBytes(files.genesis),
    anchor: await evidenceIn(files.anchor),
    checkpoint: null,
  }));
  return judge(given, options, policy, null);
}

async function evidenceIn(file: string): Promise<AnchorEvidence> {
  return parseAnchorEvidence(parseJson(await readText(file)));
}

async function judge(
  given: Given,
  options: AnchorOptions,
  policy: TrustPolicy,
  from: { log: LogReader; size: number } | null,
): Promise<Report> {
  const { anchor } = given;
  const chain = await askChain(options, policy, anchor ?? undefined);
  const observed = chain ?? pinnedObservation(policy, anchor, anchor?.contract);
  const head = observed === null || observed instanceof CouldNotCheck ? null : observed.head;
  const proofs = from === null ? { proof: null } : await proofsOf(from, head?.size ?? null, anchor);
  return verifyAnchor({
    policy,
    ...(options.fingerprint === undefined ? {} : { expectedFingerprint: options.fingerprint }),
    ...given,
    creationCode: showcauseLogCreationCode,
    successorCode: showcauseLogSuccessorCreationCode,
    chain,
    ...proofs,
  });
}

/** What the log's tiles give: from the contract's head to the log's, from the anchor to the contract's, and genesis under the anchor. */
async function proofsOf(
  { log, size }: { log: LogReader; size: number },
  held: number | null,
  anchor: AnchorEvidence | null,
): Promise<Pick<AnchorInput, 'proof' | 'extension' | 'genesisPath'>> {
  const proof = held === null || held > size ? null : await consistencyProof(log, held, size);
  if (anchor === null) return { proof };
  const extension = held === null ? null : await consistencyProof(log, anchor.size, held);
  const path = anchor.size > size ? null : await genesisPath(log, anchor.size);
  return {
    proof,
    ...(extension === null ? {} : { extension }),
    ...(path === null ? {} : { genesisPath: path }),
  };
}
