import {
  encodeSignedPromise,
  fromBase64,
  fromHex,
  logIdOf,
  parseGenesis,
  toHex,
  verifyConsistency,
} from '@showcause/core';
import type { EntryOf, Hash, Receipt, ReceiptHeader, TrustPolicy } from '@showcause/core';
import { checkAnchoredCheckpoint, checkContract, checkFinal } from './anchor.ts';
import type { ChainObservation } from './anchor.ts';
import { checkAnchorGenesis, checkAnchorProof, isPinned } from './anchor-proof.ts';
import { checkClaims, checkResponse, checkShown } from './claims.ts';
import type { ShownDecision } from './claims.ts';
import { CouldNotCheck, VerifyError } from './errors.ts';
import { checkLogged, checkPathAgain, headLine, openLogCheckpoint } from './logged.ts';
import type { LoggedSteps } from './logged.ts';
import { checkKept } from './omission.ts';
import type { LeafSearch } from './omission.ts';
import type { SecondOpinion } from './opinion.ts';
import { checkPromised } from './promised.ts';
import type { PromisedSteps } from './promised.ts';
import type { KeySearch } from './revocation.ts';
import { Checklist, checkPolicy, detailed } from './report.ts';
import type { Grade, Report, Step } from './report.ts';

export interface LogToday {
  checkpoint: Uint8Array;
  proof: readonly Hash[];
}

interface Trust {
  policy: TrustPolicy;
  /** `SHA256:…` from another source; another policy is refused and nothing else looked at */
  expectedFingerprint?: string;
}

export interface ReceiptInput extends Trust {
  receipt: Receipt;
  /** 0x hex of the published contract (`showcauseLogCreationCode` of @showcause/contracts) */
  creationCode: string;
  /** grades that must be shown; default: those that the receipt carries evidence for and that can be checked with what was given */
  require?: readonly Grade[];
  /** what a node says of the contract, or why it could not be asked */
  chain?: ChainObservation | CouldNotCheck;
  /** consistency proof from the anchored size to the size that the contract holds */
  extension?: readonly Hash[];
  /** what the log's entries say of the producer's key, or why they were not read */
  revocations?: KeySearch | CouldNotCheck;
  /** a search of the log that did not find the entry, or why there was none */
  search?: LeafSearch | CouldNotCheck;
  /** the log's newest checkpoint, and a consistency proof from the receipt's to it, or why there is none */
  today?: LogToday | CouldNotCheck;
  shown?: ShownDecision;
  /** response body as received */
  response?: Uint8Array;
  secondOpinion?: SecondOpinion;
}

/**
 * Checks a receipt against a policy. Pure: what a network would say comes in as `chain`, `extension` and `today`.
 * Nothing in the receipt is trusted, and every check is judged on its own.
 */
export function verifyReceipt(input: ReceiptInput): Report {
  const { receipt, policy } = input;
  const list = new Checklist(policy);
  if (!checkPolicy(list, policy, input.expectedFingerprint)) return list.report('receipt', []);
  const required = (grade: Grade): boolean => input.require?.includes(grade) === true;
  const genesis = checkGenesis(list, policy, receipt);
  const promised = checkPromised(list, policy, {
    entry: () => fromBase64(receipt.entry),
    promise: () => fromBase64(receipt.promise),
    batch: () => ({
      index: receipt.batch.index,
      path: receipt.batch.path.map((hash) => fromHex(hash, 32)),
    }),
    key: () => fromBase64(receipt.key),
    revocations: input.revocations,
  });
  const claims = checkClaims(list, promised.entry, receipt.openings, [
    'outcome',
    'reasons',
    'responseHash',
  ]);
  if (input.shown !== undefined) checkShown(list, claims, input.shown);
  if (input.response !== undefined) checkResponse(list, claims.responseHash, input.response);
  const logged = checkLogged(
    list,
    policy,
    { leaf: promised.leaf, proof: receipt.proof },
    { logged: required('logged'), witnessed: required('witnessed') },
  );
  if (input.search !== undefined)
    checkKept(list, policy, promised.terms, { search: input.search, chain: input.chain ?? null });
  if (input.today !== undefined) checkToday(list, policy, logged, input.today);
  const anchored = checkAnchored(list, input, genesis, logged);
  if (input.secondOpinion !== undefined)
    checkAgain(list, input.secondOpinion, promised, logged, receipt);
  return list.report('receipt', [
    ...given('accepted', promised.accepted && genesis.passed),
    ...given('logged', logged.logged),
    ...given('witnessed', logged.witnessed),
    ...given('anchored', logged.logged && anchored),
  ]);
}

export interface HeaderInput extends Trust {
  header: ReceiptHeader;
  /** the producer's registrar-signed `key` entry: the header has no room for it */
  key?: Uint8Array;
  revocations?: KeySearch | CouldNotCheck;
  response?: Uint8Array;
}

/** Checks a `Decision-Receipt` header: what a caller can know at once, before the decision is in the log. */
export function verifyReceiptHeader(input: HeaderInput): Report {
  const { header, policy, key } = input;
  const list = new Checklist(policy);
  if (!checkPolicy(list, policy, input.expectedFingerprint)) return list.report('header', []);
  const promised = checkPromised(list, policy, {
    entry: () => header.entry,
    promise: () => encodeSignedPromise(header.promise),
    batch: () => ({ index: header.index, path: header.path }),
    key: key === undefined ? null : () => key,
    revocations: input.revocations,
  });
  const claims = checkClaims(list, promised.entry, [header.opening], ['responseHash']);
  if (input.response !== undefined) checkResponse(list, claims.responseHash, input.response);
  return list.report('header', given('accepted', promised.accepted));
}

function checkGenesis(
  list: Checklist,
  policy: TrustPolicy,
  receipt: Receipt,
): Step<EntryOf<'genesis'>> {
  return list.run('genesis', () => {
    if (receipt.logId !== policy.logId)
      throw new VerifyError('VERIFY_LOG_ID', {
        got: `a receipt of ${receipt.logId}`,
        want: policy.logId,
      });
    const bytes = fromBase64(receipt.genesis);
    const logId = toHex(logIdOf(bytes));
    if (logId !== policy.logId)
      throw new VerifyError('VERIFY_LOG_ID', { got: `a genesis of ${logId}`, want: policy.logId });
    return parseGenesis(bytes);
  });
}

/** Whether the log of today extends the head under which the receipt was made: a fork or a rollback shows here. */
function checkToday(
  list: Checklist,
  policy: TrustPolicy,
  logged: LoggedSteps,
  today: LogToday | CouldNotCheck,
): void {
  list.run('extends', () => {
    if (today instanceof CouldNotCheck) throw today;
    const then = logged.head.use().checkpoint;
    const now = openLogCheckpoint(today.checkpoint, policy);
    if (now.size < then.size)
      throw new VerifyError('VERIFY_HEAD', {
        got: headLine(now),
        want: `an extension of ${headLine(then)}`,
      });
    verifyConsistency(then.size, then.root, now.size, now.root, today.proof);
    return detailed(null, headLine(now));
  });
}

/**
 * Offline, an anchor is the operator's statement beside a checkpoint that the log signed: it is told, and counts only
 * when somebody asked for it, gave a node to ask, or has a policy that names the anchor's block.
 */
function checkAnchored(
  list: Checklist,
  input: ReceiptInput,
  genesis: Step<EntryOf<'genesis'>>,
  logged: LoggedSteps,
): boolean {
  const { receipt, policy } = input;
  const { anchor } = receipt;
  const asked =
    input.require?.includes('anchored') === true ||
    input.chain !== undefined ||
    isPinned(policy, anchor);
  if (anchor === null) {
    if (asked)
      list.run('anchor-final', () => {
        throw new CouldNotCheck('VERIFY_MISSING', 'the receipt carries no anchor yet');
      });
    return false;
  }
  const contract = checkContract(
    list,
    policy,
    {
      genesis,
      creationCode: input.creationCode,
      contracts: null,
      evidence: anchor,
    },
    asked,
  );
  const checkpoint = checkAnchoredCheckpoint(list, policy, anchor, logged.head, true);
  const proof = checkAnchorProof(list, { anchor, contract }, asked);
  checkAnchorGenesis(list, policy, { genesis, checkpoint, anchor, path: null });
  const chain = input.chain ?? (proof?.passed === true ? proof.use() : null);
  const final = checkFinal(
    list,
    { anchor, contract, checkpoint, chain, extension: input.extension ?? null },
    asked,
  );
  return contract.passed && checkpoint.passed && final.passed;
}

function checkAgain(
  list: Checklist,
  opinion: SecondOpinion,
  promised: PromisedSteps,
  logged: LoggedSteps,
  receipt: Receipt,
): void {
  checkPathAgain(list, opinion, () => {
    // Asked only where our own code agreed: a disagreement is then one between two programs.
    promised.promised.use();
    const leaf = opinion.leaf(fromBase64(receipt.entry));
    const { count, batchRoot } = promised.terms.use();
    const path = receipt.batch.path.map((hash) => fromHex(hash, 32));
    const batch = { leaf, index: receipt.batch.index, size: count, root: batchRoot, path };
    if (receipt.proof === null) return [batch];
    logged.inclusion.use();
    const { checkpoint, proof } = logged.head.use();
    return [
      batch,
      {
        leaf,
        index: proof.index,
        size: checkpoint.size,
        root: checkpoint.root,
        path: proof.hashes,
      },
    ];
  });
}

function given(grade: Grade, yes: boolean): Grade[] {
  return yes ? [grade] : [];
}
