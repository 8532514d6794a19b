import { ExplainError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { leadingFeature } from './groups.ts';
import type { Group, Scored } from './groups.ts';
import { dateWord, numberWord } from './numbers.ts';
import type { ReasonDefinition, ReasonRegistry, ReasonTexts } from './registry.ts';
import { fillText, rowWords } from './text.ts';
import { inLanguage, languagesOf } from './translations.ts';

/** A policy rule that decided against the applicant, with the values that its reason text names. */
export interface FiredRule {
  readonly code: string;
  readonly values?: Readonly<Record<string, RuleValue>>;
}

/**
 * Numbers and dates (`2026-11-03`) are written as each language does; a text that is a key of the reason's `values` is
 * said in its words; of a list every item is.
 */
export type RuleValue = string | number | readonly string[];

/** A reason in one language, filled in. */
export interface SaidReason extends Omit<ReasonTexts, 'values'> {
  /** the applicant's own value in words; null for a rule without one */
  readonly value: string | null;
}

/** One reason as it is given to the applicant. */
export interface Reason extends SaidReason {
  readonly code: string;
  /** from 1, the weightiest first; rules come before the model */
  readonly rank: number;
  readonly source: 'rule' | 'model';
  /** BCP 47 tag of the texts */
  readonly language: string;
  /** the same in the other languages of the registry, by tag */
  readonly translations: Readonly<Record<string, SaidReason>>;
  readonly features: readonly string[];
  /** summed attribution in the explanation's `outputSpace`; null for a rule */
  readonly attribution: number | null;
}

export type Unranked = Omit<Reason, 'rank'>;

/** How a reason is worded in one language of its registry. */
type Words = (spoken: ReasonRegistry, reason: ReasonDefinition) => ReadonlyMap<string, string>;

/** @throws ExplainError REASON_RULE, REASON_TEXT, REASON_LANGUAGE */
export function ruleReason(
  registry: ReasonRegistry,
  rule: FiredRule,
  { model, row, language }: { model: Model; row: FeatureRow | null; language: string },
): Unranked {
  const original = registry.reasons.find(({ code }) => code === rule.code);
  if (original === undefined)
    throw new ExplainError('REASON_RULE', { got: JSON.stringify(rule.code.slice(0, 40)) });
  const wordsIn: Words = (spoken, reason) => {
    const words =
      row === null
        ? new Map<string, string>()
        : rowWords(spoken, reason, model, row, reason.features[0]);
    for (const [name, value] of Object.entries(rule.values ?? {}))
      words.set(name, ruleWord(value, reason, spoken.language));
    return words;
  };
  return { ...said(registry, original, language, wordsIn), source: 'rule', attribution: null };
}

function ruleWord(value: RuleValue, { values }: ReasonDefinition, language: string): string {
  if (typeof value === 'number') return numberWord(value, language);
  const items = typeof value === 'string' ? [value] : value;
  return items
    .map((item) => (Object.hasOwn(values, item) ? values[item] : dateWord(item, language)))
    .join(', ');
}

/** @throws ExplainError REASON_TEXT, REASON_LANGUAGE */
export function modelReason(
  question: Scored,
  { reason: original, attribution }: Group,
  language: string,
): Unranked {
  const { registry, model, row } = question;
  const leading = leadingFeature(question, original);
  const wordsIn: Words = (spoken, reason) => rowWords(spoken, reason, model, row, leading);
  return { ...said(registry, original, language, wordsIn), source: 'model', attribution };
}

function said(
  registry: ReasonRegistry,
  { code, features }: ReasonDefinition,
  language: string,
  wordsIn: Words,
): Omit<Unranked, 'source' | 'attribution'> {
  const place = registry.reasons.findIndex((reason) => reason.code === code);
  const inOne = (tag: string): SaidReason => {
    const spoken = inLanguage(registry, tag);
    const reason = spoken.reasons[place]!;
    const words = wordsIn(spoken, reason);
    return {
      text: fillText(reason, reason.text, words),
      statement: reason.statement,
      next: reason.next === null ? null : fillText(reason, reason.next, words),
      value: words.get('value') ?? null,
    };
  };
  const others = languagesOf(registry).filter((tag) => tag !== language);
  return {
    code,
    ...inOne(language),
    language,
    translations: Object.fromEntries(others.map((tag) => [tag, inOne(tag)])),
    features,
  };
}
