import { CodedError, equalBytes, validCosignatures } from '@showcause/core';
import type { Checkpoint, Hash, PromiseTerms, TrustPolicy } from '@showcause/core';
import type { ChainObservation } from './anchor.ts';
import { CouldNotCheck, VerifyError } from './errors.ts';
import { headLine, openLogCheckpoint } from './logged.ts';
import type { Checklist, Step } from './report.ts';
import { isoTime } from './time.ts';

/** A search of every leaf of a log that did not find the promised one. */
export interface LeafSearch {
  /** the signed checkpoint up to which was searched */
  checkpoint: Uint8Array;
  /** root that the searched leaf hashes give: it shows that none was held back */
  root: Hash;
}

/** A head may be signed a while before it is cosigned or anchored, and an honest log may grow in between. */
const HANDLING_SECONDS = 60 * 60;

/**
 * Whoever holds a promise can prove that it was broken: every leaf of the log is known by its root, the promised one
 * is not among them, and its time is over. A checkpoint has no time of its own, and an old one can be shown again: only
 * what others say of its age refutes.
 */
export function checkKept(
  list: Checklist,
  policy: TrustPolicy,
  terms: Step<PromiseTerms>,
  {
    search,
    chain,
  }: {
    search: LeafSearch | CouldNotCheck;
    chain: ChainObservation | CouldNotCheck | null;
  },
): void {
  list.run('kept', () => {
    const { mergeBy } = terms.use();
    if (search instanceof CouldNotCheck) throw search;
    const head = openLogCheckpoint(search.checkpoint, policy);
    if (!equalBytes(head.root, search.root))
      throw new CouldNotCheck('LOG_FETCH', `the served leaves do not give ${headLine(head)}`);
    const time = Math.max(
      witnessedAt(search.checkpoint, policy),
      chain === null || chain instanceof CouldNotCheck ? 0 : anchoredAt(head, chain, policy),
    );
    const due = isoTime(mergeBy);
    if (time <= mergeBy + HANDLING_SECONDS)
      throw new CouldNotCheck(
        'VERIFY_MISSING',
        `not under this head of ${head.size} entries; due ${due}; no witness or anchor shows that the head is later`,
      );
    throw new VerifyError('VERIFY_OMITTED', {
      got: `${headLine(head)}, the head still at ${isoTime(time)}`,
      want: `the entry by ${due}`,
    });
  });
}

/** Unix seconds by which as many witnesses as the policy wants saw no larger head; 0: not that many did. */
function witnessedAt(checkpoint: Uint8Array, { witnesses }: TrustPolicy): number {
  const vkeys = witnesses.keys.map(({ vkey }) => vkey);
  const times = cosignatureTimes(checkpoint, vkeys).sort((a, b) => b - a);
  return times[Math.max(1, witnesses.quorum) - 1] ?? 0;
}

/** Anybody can spoil a cosignature: a bad one dates nothing, and refutes nothing here. */
function cosignatureTimes(checkpoint: Uint8Array, vkeys: readonly string[]): number[] {
  try {
    return validCosignatures(checkpoint, vkeys).map(({ time }) => time);
  } catch (error) {
    if (error instanceof CodedError) return [];
    throw error;
  }
}

/** Unix seconds at which the policy's contract took exactly this head; 0: it holds another. */
function anchoredAt(
  head: Checkpoint,
  { chainId, contract, head: held }: ChainObservation,
  policy: TrustPolicy,
): number {
  const trusted = policy.chains.some(
    (chain) => chain.chainId === chainId && chain.contract === contract,
  );
  if (!trusted || held?.size !== head.size || !equalBytes(held.root, head.root)) return 0;
  return held.advancedAt ?? 0;
}
