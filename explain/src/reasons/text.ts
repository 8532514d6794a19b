import { ExplainError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { PLACEHOLDER } from './registry.ts';
import type { ReasonDefinition, ReasonRegistry } from './registry.ts';

const MISSING_WORDS: Readonly<Record<string, string>> = {
  en: 'not given',
  de: 'keine Angabe',
  es: 'sin dato',
};
const SEPARATORS: Readonly<Record<string, readonly [thousands: string, decimal: string]>> = {
  en: [',', '.'],
  de: ['.', ','],
  es: ['.', ','],
};

/** Fills the braces of a text. @throws ExplainError REASON_TEXT when a value is not there */
export function fillText(
  reason: ReasonDefinition,
  text: string,
  values: ReadonlyMap<string, string>,
): string {
  return text.replace(PLACEHOLDER, (_, name: string) => {
    const value = values.get(name);
    if (value === undefined)
      throw new ExplainError('REASON_TEXT', { got: `nothing for {${name}} in ${reason.code}` });
    return value;
  });
}

/** What the braces of a reason stand for, from the row: `{value}` and `{feature}` are those of `leading`. */
export function rowWords(
  registry: ReasonRegistry,
  reason: ReasonDefinition,
  model: Model,
  row: FeatureRow,
  leading: string | undefined,
): Map<string, string> {
  const words = new Map<string, string>();
  for (const name of reason.features) {
    const feature = model.featureNames.indexOf(name);
    const word = valueWord(registry, reason, model, feature, row[feature] ?? NaN);
    words.set(name, word);
    if (name !== leading) continue;
    words.set('value', word);
    words.set(
      'feature',
      Object.hasOwn(registry.labels, name) ? (registry.labels[name] ?? name) : name,
    );
  }
  return words;
}

/** A value in words: the registry's, then the model's name of the category, then the number. */
function valueWord(
  registry: ReasonRegistry,
  reason: ReasonDefinition,
  model: Model,
  feature: number,
  value: number,
): string {
  const language = languageOf(registry);
  if (Number.isNaN(value)) return MISSING_WORDS[language] ?? '-';
  const key = String(value);
  if (Object.hasOwn(reason.values, key)) return reason.values[key] ?? key;
  return model.categories[feature]?.[value] ?? numberWord(value, language);
}

/** The primary subtag of the registry's language. */
export function languageOf(registry: ReasonRegistry): string {
  return (registry.language.split('-')[0] ?? '').toLowerCase();
}

/** At most two decimals, thousands in groups; the same text on every engine. */
export function numberWord(value: number, language: string): string {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e15) return String(value);
  const [thousands, decimal] = SEPARATORS[language] ?? ['', '.'];
  const [whole = '0', fraction = ''] = Math.abs(value).toFixed(2).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, thousands);
  const digits = fraction.replace(/0+$/, '');
  const text = digits === '' ? grouped : `${grouped}${decimal}${digits}`;
  return value < 0 && text !== '0' ? `-${text}` : text;
}
