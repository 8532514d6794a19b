import { counterfactualValue, dateWord, stepWords } from '@showcause/explain';
import type { CounterfactualWords, SearchedFeature } from '@showcause/explain';
import type { ShownCounterfactuals } from './counterfactuals.ts';
import type { DecisionView } from './view.ts';
import type { PageWords } from './words/page-words.ts';

/** '3 November 2026, 14:05 UTC' */
export function dateWords(iso: string, language: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const [day = '', time = ''] = date.toISOString().split('T');
  return `${dateWord(day, language)}, ${time.slice(0, 5)} UTC`;
}

/** What the receipt shows so far, one sentence each, nothing promised that is not shown. */
export function receiptSentences(
  { receipt }: Pick<DecisionView, 'receipt'>,
  words: PageWords,
): string[] {
  const { language } = words;
  const sentences = [
    words.written(dateWords(receipt.promisedAt, language)),
    receipt.index === null
      ? words.notYetInLog(dateWords(receipt.mergeBy, language))
      : words.inLog(receipt.index),
  ];
  return receipt.anchor === null
    ? sentences
    : [...sentences, anchorSentence(receipt.anchor, words)];
}

/** Chain ids of local development nodes: whoever runs one can change what is on it. */
const developmentChainIds: readonly number[] = [1337, 31_337];

function anchorSentence(
  { blockNumber, chainId }: NonNullable<DecisionView['receipt']['anchor']>,
  words: PageWords,
): string {
  const stands = words.anchored(blockNumber, chainId);
  return developmentChainIds.includes(chainId)
    ? `${stands}. ${words.testChain}`
    : `${stands}, ${words.realChain}.`;
}

/** How the part about changes begins, and what it does not promise. */
export function changeWords(
  status: ShownCounterfactuals['status'],
  decidedAt: string | null,
  { changes, language }: PageWords,
): Pick<ShownCounterfactuals, 'intro' | 'caveat'> {
  const day = decidedAt === null ? null : dateWords(decidedAt, language).replace(/,[^,]*UTC$/, '');
  const isLooked = status === 'found' || status === 'none';
  return { intro: changes.intros[status], caveat: isLooked ? changes.caveat(day) : null };
}

/** 'savings: only more, from 0 to 4' */
export function boundsWords(
  { categories, direction, feature, max, min, step }: SearchedFeature,
  words: CounterfactualWords,
  { bounds }: PageWords['changes'],
): string {
  const said = (value: number): string => counterfactualValue(feature, value, words);
  if (categories !== null) return `${words.label(feature)}: ${categories.map(said).join(', ')}`;
  const limits = bounds.limits(min === null ? null : said(min), max === null ? null : said(max));
  return `${words.label(feature)}: ${bounds[direction]}${limits}${stepWords({ feature, step }, words)}`;
}
