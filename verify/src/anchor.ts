import { fromBase64, equalBytes, fromHex, verifyConsistency } from '@showcause/core';
import type {
  AnchorEvidence,
  Checkpoint,
  EntryOf,
  Hash,
  PolicyChain,
  TrustPolicy,
} from '@showcause/core';
import { CouldNotCheck, VerifyError } from './errors.ts';
import { firstContract } from './log-contracts.ts';
import type { LogContract } from './log-contracts.ts';
import { headLine, openLogCheckpoint } from './logged.ts';
import { detailed } from './report.ts';
import type { Checklist, Step } from './report.ts';

/** The head that the contract holds. */
export interface ContractHead {
  size: number;
  root: Hash;
  /** Unix seconds of the block that brought it */
  advancedAt?: number;
}

/** What is known of the log's contract at a final block, from one node or from a block that the policy names. Judged here. */
export interface ChainObservation {
  /** scheme, host and port of the node: a path or query may hold a key */
  endpoint?: string;
  /** true: no node said so; it is proven from the hash of `finalBlock`, which the policy names */
  pinned?: true;
  chainId: number;
  /** lower-case 0x hex: the address that was asked */
  contract: string;
  finalBlock: { number: number; hash: string };
  /** null: there is no contract at that block */
  head: ContractHead | null;
  /** the contract's own `Advanced` event for the anchored size, in a final block; null: not found or not looked for */
  advanced: { size: number; root: Hash; transactionHash: string } | null;
  /** hash of the block that the evidence names, if it is final; null: not final or not looked for */
  anchorBlockHash: string | null;
}

export const developmentNote = 'Test chain: proves nothing against its owner.';

/**
 * The policy's chain and the contract that genesis implies: its address binds code, log id and every role, so that
 * nothing else can stand there. A chain that the policy does not name is left unjudged, and so is a contract that
 * genesis does not give while the log's `anchorage` entries were not read.
 * @returns the policy's chain with the contract that the evidence names
 */
export function checkContract(
  list: Checklist,
  policy: TrustPolicy,
  facts: {
    genesis: Step<EntryOf<'genesis'>>;
    creationCode: string;
    /** of the log, by its `anchorage` entries; null: not read */
    contracts: Step<readonly LogContract[]> | null;
    /** of the evidence; null: there is none, and the policy's own counts */
    evidence: AnchorEvidence | null;
  },
  asked: boolean,
): Step<PolicyChain> {
  return list.run(
    'anchor-contract',
    () => {
      const known = facts.contracts?.use() ?? firstContract(policy, facts);
      const [first] = known;
      if (first === undefined)
        throw new VerifyError('VERIFY_CHAIN', { got: 'a genesis without contract', want: 'one' });
      const { evidence } = facts;
      const chainId = evidence?.chainId ?? first.chainId;
      const chain = policy.chains.find((each) => each.chainId === chainId);
      // Another chain than the policy's proves nothing to its holder, and refutes nothing either.
      if (chain === undefined)
        throw new CouldNotCheck('VERIFY_CHAIN', `chain ${chainId} is not in the policy`);
      const isRead = facts.contracts !== null;
      requireContract(known, chainId, chain.contract, { isRead, whose: "policy's " });
      const address = evidence?.contract ?? chain.contract;
      const contract = requireContract(known, chainId, address, { isRead, whose: '' });
      if (evidence !== null && contract.until !== null && evidence.size > contract.until)
        throw new CouldNotCheck(
          'VERIFY_CHAIN',
          `${address} handed the log over at size ${contract.until}; ask for an anchor of its successor`,
        );
      if (chain.development) list.note(developmentNote);
      return detailed({ ...chain, contract: address }, `${address} on chain ${chainId}`);
    },
    { asked },
  );
}

function requireContract(
  known: readonly LogContract[],
  chainId: number,
  address: string,
  { isRead, whose }: { isRead: boolean; whose: string },
): LogContract {
  const found = known.find((each) => each.chainId === chainId && each.address === address);
  if (found !== undefined) return found;
  const computed = known.map((each) => `${each.address} on chain ${each.chainId}`).join(' or ');
  const got = `${whose}${address} on chain ${chainId}`;
  if (!isRead)
    throw new CouldNotCheck(
      'VERIFY_CHAIN',
      `got ${got}, computed from genesis ${computed}; whether an anchorage entry names it, verify anchor with the log says`,
    );
  throw new VerifyError('VERIFY_CHAIN', { got, want: `${computed}, computed` });
}

/** The log's own checkpoint of exactly the anchored head, which is also the head that the entry was proven under. */
export function checkAnchoredCheckpoint(
  list: Checklist,
  policy: TrustPolicy,
  anchor: AnchorEvidence,
  proven: Step<{ checkpoint: Checkpoint }> | null,
  asked: boolean,
): Step<Checkpoint> {
  return list.run(
    'anchor-checkpoint',
    () => {
      const checkpoint = openLogCheckpoint(fromBase64(anchor.checkpoint), policy);
      requireHead(checkpoint, { size: anchor.size, root: fromHex(anchor.root, 32) });
      if (proven !== null) requireHead(proven.use().checkpoint, checkpoint);
      return detailed(checkpoint, headLine(checkpoint));
    },
    { asked },
  );
}

function requireHead(got: { size: number; root: Hash }, want: { size: number; root: Hash }): void {
  if (got.size !== want.size || !equalBytes(got.root, want.root))
    throw new VerifyError('VERIFY_ANCHOR', { got: headLine(got), want: headLine(want) });
}

export interface FinalFacts {
  anchor: AnchorEvidence;
  contract: Step<PolicyChain>;
  checkpoint: Step<Checkpoint>;
  /** null: nobody asked a node, and the policy does not name the block; an error: the node did not answer */
  chain: ChainObservation | CouldNotCheck | null;
  /** consistency proof from the anchored size to the contract's head, where a log was at hand */
  extension: readonly Hash[] | null;
}

/** Whether the contract holds the anchored head or one that extends it. @returns the check as a step */
export function checkFinal(list: Checklist, facts: FinalFacts, asked: boolean): Step<null> {
  return list.run(
    'anchor-final',
    () => {
      if (facts.chain === null)
        throw new CouldNotCheck(
          'VERIFY_MISSING',
          `recorded in block ${facts.anchor.blockNumber}, not compared with the chain (${wayToCheck(facts.anchor)})`,
        );
      const chain = observed(list, facts.chain);
      const { head, block } = finalHead(chain, facts.contract.use());
      const checkpoint = facts.checkpoint.use();
      if (head === null || head.size < checkpoint.size) {
        const what = head === null ? 'no contract' : headLine(head);
        // A node that has not seen the anchoring block yet may simply be behind.
        if (block < facts.anchor.blockNumber)
          throw new CouldNotCheck('VERIFY_NOT_FINAL', `${what} at final block ${block}`);
        throw new VerifyError('VERIFY_ANCHOR_HEAD', {
          got: `${what} at final block ${block}`,
          want: headLine(checkpoint),
        });
      }
      requireExtension(chain, facts.extension, checkpoint, head);
      requireNamedPlace(facts.anchor, chain);
      return detailed(null, `final block ${block}, ${headLine(head)}`);
    },
    { asked },
  );
}

function wayToCheck({ proof, blockHash }: AnchorEvidence): string {
  return proof === undefined
    ? 'needs --rpc'
    : `needs --rpc, or a policy that names its block ${blockHash}`;
}

function requireExtension(
  { advanced }: ChainObservation,
  extension: readonly Hash[] | null,
  checkpoint: Checkpoint,
  head: { size: number; root: Hash },
): void {
  const refuse = (got: { size: number; root: Hash }): never => {
    throw new VerifyError('VERIFY_ANCHOR_HEAD', { got: headLine(got), want: headLine(checkpoint) });
  };
  if (head.size === checkpoint.size) {
    if (!equalBytes(head.root, checkpoint.root)) refuse(head);
    return;
  }
  if (advanced !== null && advanced.size === checkpoint.size) {
    // The contract's code, bound by its address, lets only heads follow that extend this one.
    if (!equalBytes(advanced.root, checkpoint.root)) refuse(advanced);
    return;
  }
  if (extension === null)
    throw new CouldNotCheck(
      'VERIFY_MISSING',
      `the chain is at size ${head.size} already; give --log for a consistency proof`,
    );
  verifyConsistency(checkpoint.size, checkpoint.root, head.size, head.root, extension);
}

/** Block and transaction are no proof, but evidence that names wrong ones is not what the chain says. */
function requireNamedPlace(
  anchor: AnchorEvidence,
  { advanced, anchorBlockHash }: ChainObservation,
): void {
  if (anchorBlockHash !== null && anchorBlockHash !== anchor.blockHash)
    throw new VerifyError('VERIFY_ANCHOR', {
      got: `block ${anchor.blockHash}`,
      want: anchorBlockHash,
    });
  const { transactionHash } = anchor;
  if (
    advanced?.size === anchor.size &&
    transactionHash !== null &&
    advanced.transactionHash !== transactionHash
  )
    throw new VerifyError('VERIFY_ANCHOR', {
      got: `transaction ${transactionHash}`,
      want: advanced.transactionHash,
    });
}

/** Says whose word it is. @throws {CouldNotCheck} the reason why there is none */
export function observed(
  list: Checklist,
  chain: ChainObservation | CouldNotCheck,
): ChainObservation {
  if (chain instanceof CouldNotCheck) throw chain;
  const note = sourceNote(chain);
  if (note !== null) list.note(note);
  return chain;
}

/** Whose word an observation is; null: not known. */
export function sourceNote({ pinned, finalBlock, endpoint }: ChainObservation): string | null {
  if (pinned === true)
    return `Block ${finalBlock.number} (${finalBlock.hash}) is trusted because the policy names it: what the chain holds is worth as much as the source of that hash.`;
  return endpoint === undefined ? null : endpointNote(endpoint);
}

function endpointNote(endpoint: string): string {
  return `What the chain holds is the word of ${endpoint} alone.`;
}

/** @throws {CouldNotCheck} when the observation is of another chain or contract */
export function finalHead(
  chain: ChainObservation,
  trusted: PolicyChain,
): { head: { size: number; root: Hash } | null; block: number } {
  if (chain.chainId !== trusted.chainId)
    throw new CouldNotCheck('VERIFY_RPC_CHAIN', `chain ${chain.chainId}, want ${trusted.chainId}`);
  if (chain.contract !== trusted.contract)
    throw new CouldNotCheck('VERIFY_RPC_CHAIN', `asked about ${chain.contract}`);
  return { head: chain.head, block: chain.finalBlock.number };
}
