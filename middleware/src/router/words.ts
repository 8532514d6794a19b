import type { DecisionView } from './view.ts';

/** The result in one sentence, plain English. */
export function outcomeSentence({
  outcome,
  status,
}: Pick<DecisionView, 'outcome' | 'status'>): string {
  if (outcome !== null) return outcomes[outcome] ?? `The result is: ${outcome}.`;
  if (status === 'decided') return 'Your request was answered.';
  return 'No decision was made, because something went wrong on our side.';
}

const outcomes: Readonly<Record<string, string>> = {
  approved: 'Your application was approved.',
  denied: 'Your application was not approved.',
  'counter-offer': 'We could not approve what you asked for, but we can offer you something else.',
  referred: 'Your application is not decided yet. A person will look at it.',
  incomplete: 'We could not decide, because some information is missing.',
  withdrawn: 'Your application was withdrawn.',
};

const followups: Readonly<Record<string, string>> = {
  review: 'A person reviewed the decision',
  notice: 'We sent you a notice',
  contest: 'You asked us to look at it again',
  correction: 'Your data was corrected',
  incompleteDelivery: 'The answer may not have reached you',
  explanation: 'An explanation was added',
};

export function followupSentence(kind: string): string {
  return followups[kind] ?? kind;
}

/** '3 November 2026, 14:05 UTC' */
export function dateWords(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })}, ${date.toISOString().slice(11, 16)} UTC`;
}

/** What the receipt shows so far, one sentence each, nothing promised that is not shown. */
export function receiptSentences({ receipt }: Pick<DecisionView, 'receipt'>): string[] {
  const sentences = [
    `This decision was written down and signed on ${dateWords(receipt.promisedAt)}, before you got the answer.`,
  ];
  if (receipt.index === null)
    sentences.push(
      `It will be in the log by ${dateWords(receipt.mergeBy)}. If it is not, your receipt proves that it was left out.`,
    );
  else
    sentences.push(`It is in the log, at index ${receipt.index}. A later change to it would show.`);
  if (receipt.anchor !== null) sentences.push(anchorSentence(receipt.anchor));
  return sentences;
}

/** Chain ids of local development nodes: whoever runs one can change what is on it. */
const developmentChainIds: readonly number[] = [1337, 31_337];

function anchorSentence({
  blockNumber,
  chainId,
}: {
  blockNumber: number;
  chainId: number;
}): string {
  const stands = `The state of the log that contains it stands in block ${blockNumber} of chain ${chainId}`;
  return developmentChainIds.includes(chainId)
    ? `${stands}. That is a test chain: it proves nothing against whoever runs it.`
    : `${stands}, where we cannot change it.`;
}
