import { isJsonObject } from '@showcause/core';
import type { Json } from '@showcause/core';
import { counterfactualSentence, searchBoundsWords } from '@showcause/explain';
import type {
  Counterfactual,
  CounterfactualWords,
  Counterfactuals,
  SearchedFeature,
} from '@showcause/explain';
import type { CounterfactualStatus } from '../counterfactuals/detail.ts';
import { isAdverse } from '../decision.ts';
import type { ReadDecision, ReadEntry } from '../sealing/read.ts';
import type { ViewFacts } from './view.ts';
import { boundsWords, changeWords } from './words.ts';
import { wordsIn } from './words/page-words.ts';
import type { PageWords } from './words/page-words.ts';

/** What the page says of changes that would have led to another answer. */
export interface ShownCounterfactuals {
  /** `pending`: the entry is not written yet */
  status: 'pending' | Exclude<CounterfactualStatus, 'not-adverse'>;
  intro: string;
  /** one sentence each, and the numbers behind it */
  options: readonly { text: string; changes: Counterfactual['changes'] }[];
  /** what was allowed to change, and within which bounds */
  within: readonly string[];
  /** null where nothing is said that needs one */
  caveat: string | null;
}

/** Null for an answer that did not go against the person, and where no explanation follows. */
export function shownCounterfactuals(
  { decisionId, entries }: ReadDecision,
  { claims }: ReadEntry,
  { isOwed, language, policy }: ViewFacts,
  words: CounterfactualWords,
): ShownCounterfactuals | null {
  if (!isAdverse(policy, claims['outcome'])) return null;
  const page = wordsIn(language);
  const entry = entries.findLast(
    (one) => one.type === 'explanation' && one.claims['kind'] === 'counterfactuals',
  );
  if (entry === undefined) return isOwed(decisionId) ? shown('pending', [], [], null, page) : null;
  const detail = entry.claims['detail'];
  if (detail === undefined || detail === null || !isJsonObject(detail)) return null;
  // Written by this producer and bound to the decision by its claims: its own words come back.
  const { constraints, options, search, status, within } = detail as unknown as {
    status: CounterfactualStatus;
    options: readonly Counterfactual[];
    within: readonly SearchedFeature[];
    constraints?: Counterfactuals['constraints'];
    search: Counterfactuals['search'] | null;
  };
  if (status === 'not-adverse') return null;
  const texts = options.map((option) => ({
    text: counterfactualSentence(option, words),
    changes: option.changes,
  }));
  return shown(
    status,
    texts,
    [
      ...within.map((one) => boundsWords(one, words, page.changes)),
      ...(search === null
        ? []
        : searchBoundsWords({ constraints: constraints ?? [], search }, words)),
    ],
    dateOf(claims['endedAt']),
    page,
  );
}

function shown(
  status: ShownCounterfactuals['status'],
  options: ShownCounterfactuals['options'],
  within: readonly string[],
  decidedAt: string | null,
  words: PageWords,
): ShownCounterfactuals {
  return { status, options, within, ...changeWords(status, decidedAt, words) };
}

function dateOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
