import { ExplainError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { ofLanguage } from './numbers.ts';
import { PLACEHOLDER } from './registry-json.ts';
import type { ReasonDefinition, ReasonRegistry } from './registry.ts';
import { unitWord } from './units.ts';

const MISSING_WORDS: Readonly<Record<string, string>> = {
  en: 'not given',
  de: 'keine Angabe',
  es: 'sin dato',
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

/** A value in words: the registry's, then the model's name of the category, then the number with its unit. */
function valueWord(
  registry: ReasonRegistry,
  reason: ReasonDefinition,
  model: Model,
  feature: number,
  value: number,
): string {
  const { language, units } = registry;
  if (Number.isNaN(value)) return missingWord(language);
  const key = String(value);
  if (Object.hasOwn(reason.values, key)) return reason.values[key] ?? key;
  const name = model.featureNames[feature] ?? '';
  return (
    model.categories[feature]?.[value] ??
    unitWord(value, language, Object.hasOwn(units, name) ? units[name] : undefined)
  );
}

/** What stands for a value that is not there. */
export function missingWord(language: string): string {
  return ofLanguage(MISSING_WORDS, language) ?? '-';
}
