import { equalBytes, logIdOf, parseGenesis, toHex, verifyConsistency } from '@showcause/core';
import type {
  AnchorEvidence,
  Checkpoint,
  EntryOf,
  Hash,
  PolicyChain,
  TrustPolicy,
} from '@showcause/core';
import {
  checkAnchoredCheckpoint,
  checkContract,
  checkFinal,
  finalHead,
  observed,
} from './anchor.ts';
import type { ChainObservation, ContractHead } from './anchor.ts';
import { checkAnchorGenesis, checkAnchorProof, isPinned } from './anchor-proof.ts';
import { CouldNotCheck, VerifyError } from './errors.ts';
import { checkContracts } from './log-contracts.ts';
import type { LoggedAnchorage } from './log-contracts.ts';
import { headLine, openLogCheckpoint } from './logged.ts';
import { Checklist, checkPolicy, detailed } from './report.ts';
import type { Report, Step } from './report.ts';

export interface AnchorInput {
  policy: TrustPolicy;
  expectedFingerprint?: string;
  /** exact bytes of entry 0 */
  genesis: Uint8Array;
  /** 0x hex of the published contract */
  creationCode: string;
  /** the log's newest signed checkpoint; null: there is no log at hand, only the anchor */
  checkpoint: Uint8Array | null;
  /** what the log publishes as its newest anchor, or one that was given; null: nothing */
  anchor: AnchorEvidence | null;
  /** what a node says; null: nobody asked one; an error: it did not answer */
  chain: ChainObservation | CouldNotCheck | null;
  /** consistency proof from the contract's head to the checkpoint; null: the log could not give one */
  proof: readonly Hash[] | null;
  /** consistency proof from the published anchor's size to the contract's head */
  extension?: readonly Hash[];
  /** the log's `anchorage` entries, where they were read: without them only the contract of genesis is known */
  anchorages?: readonly LoggedAnchorage[];
  /** 0x hex of the published contract that takes over from another */
  successorCode?: string;
  /** inclusion path of entry 0 in the anchored tree, where the log gave one; the evidence may hold it too */
  genesisPath?: readonly Hash[];
}

/**
 * Compares a log with the contract that holds its head: what the operator cannot rewrite, not even with every key. What
 * the contract holds is what a node says, or follows from the evidence and a block that the policy names.
 */
export function verifyAnchor(input: AnchorInput): Report {
  const { policy } = input;
  const list = new Checklist(policy);
  if (!checkPolicy(list, policy, input.expectedFingerprint)) return list.report('anchor', []);
  const genesis = list.run('genesis', () => {
    const logId = toHex(logIdOf(input.genesis));
    if (logId !== policy.logId)
      throw new VerifyError('VERIFY_LOG_ID', { got: logId, want: policy.logId });
    return parseGenesis(input.genesis);
  });
  const anchor = input.anchor;
  const note = input.checkpoint;
  const checkpoint =
    note === null
      ? null
      : list.run('checkpoint', () => {
          const opened = openLogCheckpoint(note, policy);
          return detailed(opened, headLine(opened));
        });
  const contracts =
    checkpoint === null || input.anchorages === undefined
      ? null
      : checkContracts(list, policy, {
          genesis,
          code: { first: input.creationCode, successor: input.successorCode },
          head: checkpoint,
          anchorages: input.anchorages,
        });
  const contract = checkContract(
    list,
    policy,
    {
      genesis,
      creationCode: input.creationCode,
      contracts,
      evidence: anchor,
    },
    true,
  );
  const known = anchor === null ? null : checkEvidence(list, { input, anchor, genesis, contract });
  const chain = input.chain ?? known?.pinned ?? null;
  const passed =
    checkpoint === null
      ? contract.passed && known?.final === true
      : checkLog(list, { checkpoint, contract, chain, proof: input.proof });
  return list.report('anchor', passed ? ['anchored'] : []);
}

/** What the evidence says, by itself and against the chain. */
function checkEvidence(
  list: Checklist,
  facts: {
    input: AnchorInput;
    anchor: AnchorEvidence;
    genesis: Step<EntryOf<'genesis'>>;
    contract: Step<PolicyChain>;
  },
): { pinned: ChainObservation | null; final: boolean } {
  const { input, anchor, genesis, contract } = facts;
  const { policy } = input;
  const alone = input.checkpoint === null;
  const checkpoint = checkAnchoredCheckpoint(list, policy, anchor, null, true);
  const proof = checkAnchorProof(list, { anchor, contract }, isPinned(policy, anchor));
  checkAnchorGenesis(list, policy, {
    genesis,
    checkpoint,
    anchor,
    path: input.genesisPath ?? null,
  });
  const pinned = proof?.passed === true ? proof.use() : null;
  const chain = input.chain ?? pinned;
  const extension = input.extension ?? null;
  const final = checkFinal(list, { anchor, contract, checkpoint, chain, extension }, alone);
  return { pinned, final: checkpoint.passed && final.passed };
}

/** Whether the log's newest head is, or extends, the one that the contract holds. */
function checkLog(
  list: Checklist,
  facts: {
    checkpoint: Step<Checkpoint>;
    contract: Step<PolicyChain>;
    chain: ChainObservation | CouldNotCheck | null;
    proof: readonly Hash[] | null;
  },
): boolean {
  const { checkpoint, contract, chain, proof } = facts;
  return list.run('anchor-log', () => {
    if (chain === null)
      throw new CouldNotCheck(
        'VERIFY_MISSING',
        'not compared with the chain (needs --rpc, or a policy that names the block of the anchor)',
      );
    const { head, block } = finalHead(observed(list, chain), contract.use());
    const log = checkpoint.use();
    if (head === null)
      throw new CouldNotCheck('VERIFY_NOT_FINAL', `no contract at final block ${block}`);
    requireExtends(log, head, proof);
    return detailed(null, `final block ${block}, size ${head.size} of ${log.size}`);
  }).passed;
}

function requireExtends(log: Checkpoint, head: ContractHead, proof: readonly Hash[] | null): void {
  if (head.size > log.size)
    throw new VerifyError('VERIFY_ANCHOR_HEAD', {
      got: `a log of ${headLine(log)}`,
      want: `an extension of ${headLine(head)}`,
    });
  if (head.size === log.size) {
    if (!equalBytes(head.root, log.root))
      throw new VerifyError('VERIFY_ANCHOR_HEAD', { got: headLine(log), want: headLine(head) });
    return;
  }
  if (proof === null)
    throw new CouldNotCheck('VERIFY_MISSING', 'the log gave no consistency proof');
  verifyConsistency(head.size, head.root, log.size, log.root, proof);
}
