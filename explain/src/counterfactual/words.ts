import { assertNumber, assertText } from '../kinds.ts';
import { exactNumberWord } from '../reasons/numbers.ts';
import { inUnit } from '../reasons/units.ts';
import type { Unit } from '../reasons/units.ts';
import type { Change, Counterfactual, Counterfactuals } from './result.ts';
import { assertBounds, assertChange, assertChanges, assertWords } from './said.ts';
import { phrasesIn } from './phrases.ts';
import type { Phrases } from './phrases.ts';

/** What the features and their values are called. */
export interface CounterfactualWords {
  /** BCP 47 tag; English, Spanish and German are known, English is spoken otherwise */
  readonly language: string;
  readonly label: (feature: string) => string;
  /** a word for a value, or null where it is a plain number */
  readonly valueWord: (feature: string, value: number) => string | null;
  /** how the feature's numbers are written */
  readonly unit?: (feature: string) => Unit | undefined;
}

/** So many values are listed one by one where each has a word. */
const MOST_LISTED = 8;

/**
 * 'With these details the answer would have been yes. Amount of the loan: 2,100 DM or less (it was 3,500 DM).'
 *
 * @throws ExplainError EXPLAIN_ARGUMENT
 */
export function counterfactualSentence(
  option: Pick<Counterfactual, 'changes'>,
  words: CounterfactualWords,
  answer?: string,
): string {
  assertChanges(option);
  assertWords(words);
  const phrases = phrasesIn(words.language);
  if (answer !== undefined) assertText(answer, 'answer');
  const parts = option.changes.map((change) => ({
    label: labelOf(change.feature, words),
    range: rangeText(change, words),
  }));
  return phrases.sentence(parts, answer ?? phrases.yes);
}

function labelOf(feature: string, words: CounterfactualWords): string {
  const label = words.label(feature);
  assertText(label, 'label');
  return label;
}

/**
 * The bounds of a search beside those of each feature: constraints, changes together, and what was left out.
 *
 * @throws ExplainError EXPLAIN_ARGUMENT
 */
export function searchBoundsWords(
  found: Pick<Counterfactuals, 'constraints' | 'search'>,
  words: CounterfactualWords,
): string[] {
  assertBounds(found);
  assertWords(words);
  const { constraints, search } = found;
  const phrases = phrasesIn(words.language);
  const { budget, changes, exhaustive, radius } = search;
  return [
    ...constraints.map(({ if: cause, then }) =>
      phrases.constraint(
        labelOf(cause.feature, words),
        phrases.moves[cause.moves],
        labelOf(then.feature, words),
        phrases.must[then.moves],
      ),
    ),
    phrases.together(changes),
    ...(exhaustive && radius >= changes
      ? []
      : [phrases.searched(exhaustive ? radius : 0, exactNumberWord(budget, words.language))]),
  ];
}

/** ', in steps of 100'; nothing for whole numbers, which have no others. @throws ExplainError EXPLAIN_ARGUMENT */
export function stepWords(
  change: Pick<Change, 'feature' | 'step'>,
  words: CounterfactualWords,
): string {
  assertChange(change, ['feature', 'step']);
  assertWords(words);
  const { feature, step } = change;
  if (step === null || step === 1) return '';
  const said = inUnit(step, exactNumberWord(step, words.language), words.unit?.(feature));
  return phrasesIn(words.language).inSteps(said);
}

/** A value in the person's words: '3 or more years', '2,100 DM'. @throws ExplainError EXPLAIN_ARGUMENT */
export function counterfactualValue(
  feature: string,
  value: number,
  words: CounterfactualWords,
): string {
  assertText(feature, 'feature');
  assertNumber(value, 'value');
  assertWords(words);
  const word = words.valueWord(feature, value);
  if (word !== null) {
    assertText(word, 'word of a value');
    return word;
  }
  return inUnit(value, exactNumberWord(value, words.language), words.unit?.(feature));
}

function rangeText(change: Change, words: CounterfactualWords): string {
  const phrases = phrasesIn(words.language);
  const said = (value: number): string => counterfactualValue(change.feature, value, words);
  const was = phrases.was(change.own === null ? phrases.notGiven : said(change.own));
  return `${targetText(change, words, said, phrases)} ${was}`;
}

function targetText(
  change: Change,
  words: CounterfactualWords,
  said: (value: number) => string,
  phrases: Phrases,
): string {
  const { feature, from, oneOf, step, to } = change;
  const either = (values: readonly number[]): string => joined(values.map(said), phrases.or);
  const listed = oneOf ?? listedValues(change);
  if (listed?.every((value) => words.valueWord(feature, value) !== null)) return either(listed);
  if (oneOf !== null) return either(oneOf);
  const [low, high] = step === null ? shortest(from, to) : [from, to];
  if (low !== null && low === high) return said(low);
  return `${rangeOf(low, high, said, phrases)}${stepWords(change, words)}`;
}

function rangeOf(
  low: number | null,
  high: number | null,
  said: (value: number) => string,
  phrases: Phrases,
): string {
  if (low === null) return high === null ? phrases.any : phrases.orLess(said(high));
  return high === null ? phrases.orMore(said(low)) : phrases.between(said(low), said(high));
}

/** Every admissible value, where there are few. */
function listedValues({ from, step, to }: Change): number[] | null {
  if (from === null || to === null || step === null) return null;
  const count = Math.round((to - from) / step) + 1;
  if (count > MOST_LISTED) return null;
  return Array.from({ length: count }, (_, i) => from + i * step);
}

function joined(texts: readonly string[], or: string): string {
  return texts.length < 2
    ? texts.join('')
    : `${texts.slice(0, -1).join(', ')} ${or} ${texts.at(-1) ?? ''}`;
}

const MOST_DIGITS = 12;

/** The shortest decimals that lie within: an end that was rounded outwards would promise too much. */
function shortest(from: number | null, to: number | null): [number | null, number | null] {
  const width = from !== null && to !== null ? to - from : Infinity;
  return [
    from === null ? null : rounded(from, width, Math.ceil),
    to === null ? null : rounded(to, width, Math.floor),
  ];
}

/** Gives up at most a thousandth of the width, or of the number itself where there is no width. */
function rounded(value: number, width: number, round: (value: number) => number): number {
  const most = Number.isFinite(width) ? width / 1000 : Math.abs(value) / 1000;
  for (let digits = 0; digits <= MOST_DIGITS; digits++) {
    const near = round(value * 10 ** digits) / 10 ** digits;
    const isInside = round === Math.ceil ? near >= value : near <= value;
    if (isInside && Math.abs(near - value) <= most) return near;
  }
  return value;
}
