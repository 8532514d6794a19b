import {
  CodedError,
  decodeAnchorProof,
  equalBytes,
  fromHex,
  provenContractState,
  toHex,
  verifyInclusion,
} from '@showcause/core';
import type {
  AnchorEvidence,
  AnchorProof,
  Checkpoint,
  Hash,
  PolicyBlock,
  PolicyChain,
  ProvenState,
  TrustPolicy,
} from '@showcause/core';
import type { ChainObservation } from './anchor.ts';
import { VerifyError } from './errors.ts';
import { detailed } from './report.ts';
import type { Checklist, Step } from './report.ts';
import { isoTime } from './time.ts';

/** Evidence that carries a proof. */
export type Proven = AnchorEvidence & { proof: AnchorProof };

/** Whether the policy names the block that the evidence starts from, so that its proof can be judged without a node. */
export function isPinned(policy: TrustPolicy, anchor: AnchorEvidence | null): boolean {
  const chain = policy.chains.find(({ chainId }) => chainId === anchor?.chainId);
  return (
    anchor?.proof !== undefined &&
    chain !== undefined &&
    blockOf(chain, anchor.blockNumber) !== null
  );
}

/**
 * What a policy that names the evidence's block lets one know of the contract without asking a node.
 * @param contract  default: the policy's; a successor's only for whoever judges then whether the log names it
 * @returns null where the policy names no such block, or the evidence does not prove its head
 */
export function pinnedObservation(
  policy: TrustPolicy,
  anchor: AnchorEvidence | null,
  contract?: string,
): ChainObservation | null {
  const chain = policy.chains.find(({ chainId }) => chainId === anchor?.chainId);
  if (anchor === null || chain === undefined || !isPinned(policy, anchor)) return null;
  try {
    return judgeProof(anchor as Proven, contract === undefined ? chain : { ...chain, contract })
      .pinned;
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
}

/**
 * Whether the evidence's own bytes lead from its block's hash to its head, and from genesis to its root.
 * @returns null where the evidence carries no proof; else what is known by a block that the policy names, or null
 */
export function checkAnchorProof(
  list: Checklist,
  facts: { anchor: AnchorEvidence; contract: Step<PolicyChain> },
  asked: boolean,
): Step<ChainObservation | null> | null {
  const { anchor, contract } = facts;
  if (anchor.proof === undefined) return null;
  return list.run(
    'anchor-proof',
    () => {
      const { state, pinned } = judgeProof(anchor as Proven, contract.use());
      const { number, hash, timestamp } = state.block;
      const trust = pinned === null ? 'which the policy does not name' : 'named by the policy';
      return detailed(
        pinned,
        `block ${number} of ${isoTime(timestamp)}, ${hash}, ${trust}; code hash ${state.codeHash}`,
      );
    },
    { asked },
  );
}

/**
 * The contract's state that the evidence's own bytes prove, which is the block and the head that it states.
 * @throws {CodedError} `VERIFY_BLOCK`, `VERIFY_ANCHOR`; what `provenContractState` throws
 */
export function provenState(anchor: Proven, contract: string): ProvenState {
  const state = provenContractState(contract, decodeAnchorProof(anchor.proof).state);
  requireBlock(state.block, { number: anchor.blockNumber, hash: anchor.blockHash });
  if (state.size !== anchor.size || !equalBytes(state.root, fromHex(anchor.root, 32)))
    throw new VerifyError('VERIFY_ANCHOR', {
      got: `size ${state.size}, root ${toHex(state.root)} in the contract`,
      want: `size ${anchor.size}, root ${anchor.root}`,
    });
  return state;
}

function judgeProof(
  anchor: Proven,
  chain: PolicyChain,
): { state: ProvenState; pinned: ChainObservation | null } {
  const state = provenState(anchor, chain.contract);
  const known = blockOf(chain, state.block.number);
  if (known === null) return { state, pinned: null };
  requireBlock(state.block, known);
  return {
    state,
    pinned: {
      pinned: true,
      chainId: chain.chainId,
      contract: chain.contract,
      finalBlock: known,
      head: { size: state.size, root: state.root, advancedAt: state.lastAdvance },
      advanced: null,
      anchorBlockHash: null,
    },
  };
}

function requireBlock(got: PolicyBlock, want: PolicyBlock): void {
  if (got.number !== want.number || got.hash !== want.hash)
    throw new VerifyError('VERIFY_BLOCK', {
      got: `block ${got.number}, ${got.hash}`,
      want: `block ${want.number}, ${want.hash}`,
    });
}

function blockOf(chain: PolicyChain, number: number): PolicyBlock | null {
  return chain.blocks?.find((block) => block.number === number) ?? null;
}

/**
 * Whether entry 0 is in the anchored tree.
 * @param facts.path  inclusion path of entry 0 from a log; null: the evidence's own, where it has one
 */
export function checkAnchorGenesis(
  list: Checklist,
  policy: TrustPolicy,
  facts: {
    genesis: Step<unknown>;
    checkpoint: Step<Checkpoint>;
    anchor: AnchorEvidence;
    path: readonly Hash[] | null;
  },
): void {
  const path = facts.path ?? facts.anchor.proof?.genesis.map((hash) => fromHex(hash, 32));
  if (path === undefined) return;
  list.run('anchor-genesis', () => {
    facts.genesis.use();
    const { size, root } = facts.checkpoint.use();
    // The logId is the leaf hash of entry 0.
    verifyInclusion(fromHex(policy.logId, 32), 0, size, root, path);
    return detailed(null, `index 0 of ${size}`);
  });
}
