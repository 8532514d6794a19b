import type { ShownCounterfactuals } from '../counterfactuals.ts';
import type { DecisionView } from '../view.ts';
import { german } from './german.ts';
import { english } from './english.ts';
import { spanish } from './spanish.ts';

/** Everything that the pages say of themselves, in one language. Plain sentences for a person, at most B2. */
export interface PageWords {
  readonly language: PageLanguage;
  readonly title: string;
  readonly questions: string;
  readonly ask: (name: string) => string;
  readonly phone: string;
  readonly otherLanguages: string;
  readonly code: {
    readonly intro: string;
    readonly label: string;
    readonly show: string;
    /** by the code of the refusal */
    readonly problems: Readonly<Record<string, string>>;
  };
  readonly outcomes: Readonly<Record<string, string>>;
  readonly otherOutcome: (outcome: string) => string;
  readonly answered: string;
  readonly undecided: string;
  readonly offer: string;
  readonly agreed: string;
  readonly mainReason: string;
  readonly mainReasons: string;
  readonly next: string;
  readonly changes: ChangeWords;
  readonly noPromise: string;
  readonly wrong: string;
  readonly wrongText: string;
  readonly person: string;
  readonly automated: string;
  readonly personText: string;
  readonly responsible: (team: string, role: string) => string;
  readonly later: string;
  readonly followups: Readonly<Record<string, string>>;
  readonly receipt: string;
  readonly written: (date: string) => string;
  readonly notYetInLog: (date: string) => string;
  readonly inLog: (index: number) => string;
  readonly anchored: (block: number, chain: number) => string;
  readonly testChain: string;
  readonly realChain: string;
  readonly download: string;
  readonly check: string;
  readonly checkText: string;
  readonly number: string;
  readonly log: string;
  readonly data: string;
  readonly showData: string;
}

/** What would have changed the answer. */
export interface ChangeWords {
  readonly title: string;
  readonly looked: string;
  readonly intros: Readonly<Record<ShownCounterfactuals['status'], string>>;
  /** `day`: of the decision, null where it is not known */
  readonly caveat: (day: string | null) => string;
  /** which way a feature may move, and how far */
  readonly bounds: Readonly<Record<'up' | 'down' | 'any', string>> & {
    readonly limits: (min: string | null, max: string | null) => string;
  };
}

export type PageLanguage = 'en' | 'es' | 'de';

/** In the order of the choice on the page, each in its own name. */
export const PAGE_LANGUAGES: Readonly<Record<PageLanguage, string>> = {
  en: 'English',
  es: 'Español',
  de: 'Deutsch',
};

const WORDS: Readonly<Record<PageLanguage, PageWords>> = {
  en: english,
  es: spanish,
  de: german,
};

export function wordsIn(language: PageLanguage): PageWords {
  return WORDS[language];
}

/** The page's language for a registry's tag, if there is one. */
export function pageLanguageOf(tag: string): PageLanguage | null {
  const primary = (tag.split('-')[0] ?? '').toLowerCase();
  return Object.hasOwn(WORDS, primary) ? (primary as PageLanguage) : null;
}

/** The result in one sentence. */
export function outcomeSentence(
  { outcome, status }: Pick<DecisionView, 'outcome' | 'status'>,
  words: PageWords,
): string {
  if (outcome !== null)
    return Object.hasOwn(words.outcomes, outcome)
      ? (words.outcomes[outcome] ?? outcome)
      : words.otherOutcome(outcome);
  return status === 'decided' ? words.answered : words.undecided;
}

export function followupSentence(kind: string, words: PageWords): string {
  return Object.hasOwn(words.followups, kind) ? (words.followups[kind] ?? kind) : kind;
}
