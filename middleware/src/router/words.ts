import { dateWord } from '@showcause/explain';
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
