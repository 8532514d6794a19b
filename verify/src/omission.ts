import { equalBytes } from '@showcause/core';
import type { Hash, PromiseTerms, TrustPolicy } from '@showcause/core';
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
  /** Unix seconds at which the log served this checkpoint as its newest; null: a copy of unknown age */
  servedAt: number | null;
}

/**
 * Whoever holds a promise can prove that it was broken: every leaf of the log is known by its root, the promised one
 * is not among them, and its time is over.
 */
export function checkKept(
  list: Checklist,
  policy: TrustPolicy,
  terms: Step<PromiseTerms>,
  search: LeafSearch | CouldNotCheck,
): void {
  list.run('kept', () => {
    const { mergeBy } = terms.use();
    if (search instanceof CouldNotCheck) throw search;
    const head = openLogCheckpoint(search.checkpoint, policy);
    if (!equalBytes(head.root, search.root))
      throw new CouldNotCheck('LOG_FETCH', `the served leaves do not give ${headLine(head)}`);
    const { servedAt } = search;
    const due = isoTime(mergeBy);
    if (servedAt === null)
      throw new CouldNotCheck('VERIFY_MISSING', `not in this copy of the log; due ${due}`);
    if (servedAt <= mergeBy)
      throw new CouldNotCheck('VERIFY_MISSING', `not in the log yet; due ${due}`);
    throw new VerifyError('VERIFY_OMITTED', { got: headLine(head), want: `the entry by ${due}` });
  });
}
