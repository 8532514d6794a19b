import { ExplainError } from '../errors.ts';
import { assertOptions, assertTexts } from '../kinds.ts';
import { assertRegistry } from './checked.ts';
import { PLACEHOLDER } from './registry-json.ts';
import { PROTECTED, VAGUE } from './lint-words.ts';
import type { ReasonDefinition, ReasonRegistry } from './registry.ts';
import { inLanguage, languagesOf } from './translations.ts';

const LEAST_LETTERS = 8;

export interface RegistryChecks {
  /** further names that must be neither features of the model nor of a reason */
  readonly protectedFeatures?: readonly string[];
}

/**
 * Whether a registry may serve a model: every feature has a reason, every text is specific in every language, no
 * protected attribute speaks. A model that fails this may not be deployed.
 *
 * @throws ExplainError REASON_UNMAPPED, REASON_VAGUE, REASON_PROTECTED, REASON_TEXT, REASON_REGISTRY (reason or
 * label for a feature that the model does not have)
 */
export function checkRegistry(
  registry: ReasonRegistry,
  featureNames: readonly string[],
  checks: RegistryChecks = {},
): void {
  assertRegistry(registry);
  assertTexts(featureNames, 'featureNames');
  assertOptions(checks, 'checks');
  const { protectedFeatures = [] } = checks;
  assertTexts(protectedFeatures, 'protectedFeatures', 'EXPLAIN_OPTION');
  const banned = new Set([...PROTECTED, ...protectedFeatures].map(plainName));
  const spoken = new Set(registry.reasons.flatMap(({ features }) => features));
  for (const name of [...featureNames, ...spoken])
    if (banned.has(plainName(name)))
      throw new ExplainError('REASON_PROTECTED', { got: quoted(name) });
  for (const name of spoken)
    if (!featureNames.includes(name))
      throw new ExplainError('REASON_REGISTRY', {
        got: `a reason for ${quoted(name)}`,
        want: 'features of the model',
      });
  const stray = [...Object.keys(registry.labels), ...Object.keys(registry.units)].find(
    (name) => !featureNames.includes(name),
  );
  if (stray !== undefined)
    throw new ExplainError('REASON_REGISTRY', {
      got: `a label for ${quoted(stray)}`,
      want: 'features of the model',
    });
  const unmapped = featureNames.find((name) => !spoken.has(name));
  if (unmapped !== undefined) throw new ExplainError('REASON_UNMAPPED', { got: quoted(unmapped) });
  for (const language of languagesOf(registry))
    inLanguage(registry, language).reasons.forEach((reason) => checkTexts(reason, language));
}

function checkTexts(reason: ReasonDefinition, language: string): void {
  for (const text of [
    reason.text,
    reason.statement,
    ...(reason.next === null ? [] : [reason.next]),
  ]) {
    const words = text.replace(PLACEHOLDER, ' ');
    const letters = words.match(/\p{L}/gu)?.length ?? 0;
    if (letters < LEAST_LETTERS || VAGUE.some((phrase) => phrase.test(words)))
      throw new ExplainError('REASON_VAGUE', { got: `the texts of ${reason.code} in ${language}` });
  }
  if (reason.features.length === 0) return;
  for (const [, name] of `${reason.text}${reason.next ?? ''}`.matchAll(PLACEHOLDER))
    if (name !== 'value' && name !== 'feature' && !reason.features.includes(name ?? ''))
      throw new ExplainError('REASON_TEXT', {
        got: `{${name}} in ${reason.code} (${language})`,
        want: 'a value of its features',
      });
}

function plainName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .normalize('NFD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/[^a-z0-9]+/g, ' ')
    .trim();
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}
