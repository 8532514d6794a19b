import { ExplainError } from '../errors.ts';
import { assertText } from '../kinds.ts';
import { assertRegistry } from './checked.ts';
import {
  PLACEHOLDER,
  eachOf,
  languageTagOf,
  membersOf,
  objectOf,
  parseTexts,
  refused,
  wordsOf,
} from './registry-json.ts';
import type { ReasonRegistry, ReasonTexts, Translation } from './registry.ts';
import { parseUnits } from './units.ts';

type Original = Omit<ReasonRegistry, 'translations'>;

const MAX_LANGUAGES = 30;

/** @throws ExplainError REASON_REGISTRY when a translation lacks something of the original or has more */
export function parseTranslations(
  json: unknown,
  original: Original,
): Readonly<Record<string, Translation>> {
  const translations = eachOf(json, '$.translations', (member, path) =>
    parseTranslation(member, path, original),
  );
  const tags = Object.keys(translations);
  const all = [original.language, ...tags].map((tag) => tag.toLowerCase());
  if (all.length > MAX_LANGUAGES || new Set(all).size !== all.length)
    throw refused('$.translations', `each language once, at most ${MAX_LANGUAGES}`);
  tags.forEach((tag) => languageTagOf(tag, '$.translations'));
  return translations;
}

function parseTranslation(json: unknown, path: string, original: Original): Translation {
  const members = membersOf(json, path, ['reasons'], ['labels', 'units']);
  const given = objectOf(members.reasons, `${path}.reasons`);
  sameNames(
    Object.keys(given),
    original.reasons.map(({ code }) => code),
    `${path}.reasons`,
  );
  const labels = wordsOf(members.labels, `${path}.labels`);
  sameNames(Object.keys(labels), Object.keys(original.labels), `${path}.labels`);
  const units = parseUnits(members.units, `${path}.units`);
  sameNames(Object.keys(units), Object.keys(original.units), `${path}.units`);
  const reasons = original.reasons.map((reason) => [
    reason.code,
    parseTranslated(given[reason.code], `${path}.reasons.${reason.code}`, reason),
  ]);
  return { labels, units, reasons: Object.fromEntries(reasons) as Record<string, ReasonTexts> };
}

function parseTranslated(json: unknown, path: string, original: ReasonTexts): ReasonTexts {
  const texts = parseTexts(membersOf(json, path, ['text', 'statement'], ['next', 'values']), path);
  if ((texts.next === null) !== (original.next === null))
    throw refused(`${path}.next`, 'a next step where the original has one');
  sameNames(Object.keys(texts.values), Object.keys(original.values), `${path}.values`);
  sameNames(bracesOf(texts.text), bracesOf(original.text), `${path}.text`);
  sameNames(bracesOf(texts.next ?? ''), bracesOf(original.next ?? ''), `${path}.next`);
  return texts;
}

function bracesOf(text: string): string[] {
  return [...text.matchAll(PLACEHOLDER)].map(([, name]) => name ?? '');
}

function sameNames(got: readonly string[], wanted: readonly string[], path: string): void {
  const names = new Set(got);
  const lacking = wanted.find((name) => !names.has(name));
  if (lacking !== undefined) throw refused(path, `${lacking.slice(0, 40)} too, as the original`);
  const known = new Set(wanted);
  const stray = got.find((name) => !known.has(name));
  if (stray !== undefined) throw refused(path, `no ${stray.slice(0, 40)}: the original has none`);
}

/** The languages of a registry, its own first. @throws ExplainError REASON_REGISTRY */
export function languagesOf(registry: ReasonRegistry): readonly string[] {
  assertRegistry(registry);
  return [registry.language, ...Object.keys(registry.translations)];
}

const translated = new WeakMap<ReasonRegistry, Map<string, ReasonRegistry>>();

/**
 * A registry as it stands in one of its languages: the same codes, other words; without translations.
 *
 * @throws ExplainError REASON_LANGUAGE, REASON_REGISTRY
 */
export function inLanguage(registry: ReasonRegistry, language: string): ReasonRegistry {
  assertRegistry(registry);
  assertText(language, 'language', 'REASON_LANGUAGE');
  const known = translated.get(registry) ?? new Map<string, ReasonRegistry>();
  translated.set(registry, known);
  const spoken = known.get(language) ?? translate(registry, language);
  known.set(language, spoken);
  return spoken;
}

function translate(registry: ReasonRegistry, language: string): ReasonRegistry {
  if (language === registry.language) return { ...registry, translations: {} };
  const words = Object.hasOwn(registry.translations, language)
    ? registry.translations[language]
    : undefined;
  if (words === undefined)
    throw new ExplainError('REASON_LANGUAGE', {
      got: JSON.stringify(language.slice(0, 35)),
      want: languagesOf(registry).join(', '),
    });
  return {
    ...registry,
    language,
    labels: words.labels,
    units: words.units,
    reasons: registry.reasons.map((reason) => ({ ...reason, ...words.reasons[reason.code] })),
    translations: {},
  };
}
