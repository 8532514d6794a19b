import { equalBytes, logIdOf, parseGenesis, toHex, verifyConsistency } from '@showcause/core';
import type { AnchorEvidence, Hash, TrustPolicy } from '@showcause/core';
import {
  checkAnchoredCheckpoint,
  checkContract,
  checkFinal,
  finalHead,
  observed,
} from './anchor.ts';
import type { ChainObservation } from './anchor.ts';
import { CouldNotCheck, VerifyError } from './errors.ts';
import { headLine, openLogCheckpoint } from './logged.ts';
import { Checklist, checkPolicy, detailed } from './report.ts';
import type { Report } from './report.ts';

export interface AnchorInput {
  policy: TrustPolicy;
  expectedFingerprint?: string;
  /** exact bytes of entry 0 */
  genesis: Uint8Array;
  /** 0x hex of the published contract */
  creationCode: string;
  /** the log's newest signed checkpoint */
  checkpoint: Uint8Array;
  /** what the log publishes as its newest anchor; null: nothing */
  anchor: AnchorEvidence | null;
  /** what a node says; null: nobody asked one; an error: it did not answer */
  chain: ChainObservation | CouldNotCheck | null;
  /** consistency proof from the contract's head to the checkpoint; null: the log could not give one */
  proof: readonly Hash[] | null;
  /** consistency proof from the published anchor's size to the contract's head */
  extension?: readonly Hash[];
}

/** Compares a log with the contract that holds its head: what the operator cannot rewrite, not even with every key. */
export function verifyAnchor(input: AnchorInput): Report {
  const { policy, chain } = input;
  const list = new Checklist(policy);
  if (!checkPolicy(list, policy, input.expectedFingerprint)) return list.report('anchor', []);
  const genesis = list.run('genesis', () => {
    const logId = toHex(logIdOf(input.genesis));
    if (logId !== policy.logId)
      throw new VerifyError('VERIFY_LOG_ID', { got: logId, want: policy.logId });
    return parseGenesis(input.genesis);
  });
  const checkpoint = list.run('checkpoint', () => {
    const opened = openLogCheckpoint(input.checkpoint, policy);
    return detailed(opened, headLine(opened));
  });
  const anchor = input.anchor;
  const contract = checkContract(
    list,
    policy,
    {
      genesis,
      creationCode: input.creationCode,
      chainId: anchor?.chainId ?? null,
      contract: anchor?.contract ?? null,
    },
    true,
  );
  if (anchor !== null) {
    const anchored = checkAnchoredCheckpoint(list, policy, anchor, null, true);
    checkFinal(
      list,
      { anchor, contract, checkpoint: anchored, chain, extension: input.extension ?? null },
      false,
    );
  }
  const extended = list.run('anchor-log', () => {
    if (chain === null)
      throw new CouldNotCheck('VERIFY_MISSING', 'not compared with the chain (needs --rpc)');
    const { head, block } = finalHead(observed(list, chain), contract.use());
    const log = checkpoint.use();
    if (head === null)
      throw new CouldNotCheck('VERIFY_NOT_FINAL', `no contract at final block ${block}`);
    if (head.size > log.size)
      throw new VerifyError('VERIFY_ANCHOR_HEAD', {
        got: `a log of ${headLine(log)}`,
        want: `an extension of ${headLine(head)}`,
      });
    if (head.size === log.size && !equalBytes(head.root, log.root))
      throw new VerifyError('VERIFY_ANCHOR_HEAD', { got: headLine(log), want: headLine(head) });
    if (head.size < log.size) {
      if (input.proof === null)
        throw new CouldNotCheck('VERIFY_MISSING', 'the log gave no consistency proof');
      verifyConsistency(head.size, head.root, log.size, log.root, input.proof);
    }
    return detailed(null, `final block ${block}, size ${head.size} of ${log.size}`);
  });
  return list.report('anchor', extended.passed ? ['anchored'] : []);
}
