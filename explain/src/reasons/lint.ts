import { ExplainError } from '../errors.ts';
import { PLACEHOLDER } from './registry.ts';
import type { ReasonDefinition, ReasonRegistry } from './registry.ts';

/**
 * Phrases that Regulation B, comment 9(b)(2), calls insufficient (internal standards, a failed score), and others that
 * name no fact of the applicant.
 */
const VAGUE: readonly RegExp[] = [
  /\bscores? (?:(?:is|was|are|were) )?(?:too low|low|insufficient|not high enough)/i,
  /\b(?:low|insufficient|failed) (?:credit )?scores?\b/i,
  /\bqualifying score\b/i,
  /\bscoring (?:system|model)\b/i,
  /\binternal (?:policy|policies|standards?|criteria|guidelines?|rules?)\b/i,
  /\brisk appetite\b/i,
  /\balgorithms?\b/i,
  /\b(?:our|the|lending|credit|company) (?:policy|policies|criteria|guidelines)\b/i,
  /\b(?:various|several|other) reasons?\b/i,
  /\bthe (?:model|computer|system) (?:said|decided|found|shows?|rejected|refused|denied)\b/i,
  /\bother, specify\b/i,
];

/** Attributes that are never a reason, whoever else is named. Compared without case and separators. */
const PROTECTED: readonly string[] = [
  'sex',
  'gender',
  'race',
  'ethnicity',
  'color',
  'colour',
  'religion',
  'national origin',
  'nationality',
  'foreign worker',
  'marital status',
  'personal status',
  'disability',
  'sexual orientation',
  'age',
  'age years',
];

const LEAST_LETTERS = 8;

export interface RegistryChecks {
  /** further names that must be neither features of the model nor of a reason */
  readonly protectedFeatures?: readonly string[];
}

/**
 * Whether a registry may serve a model: every feature has a reason, every text is specific, no protected attribute
 * speaks. A model that fails this may not be deployed.
 *
 * @throws ExplainError REASON_UNMAPPED, REASON_VAGUE, REASON_PROTECTED, REASON_TEXT, REASON_REGISTRY (reason or
 * label for a feature that the model does not have)
 */
export function checkRegistry(
  registry: ReasonRegistry,
  featureNames: readonly string[],
  { protectedFeatures = [] }: RegistryChecks = {},
): void {
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
  const stray = Object.keys(registry.labels).find((name) => !featureNames.includes(name));
  if (stray !== undefined)
    throw new ExplainError('REASON_REGISTRY', {
      got: `a label for ${quoted(stray)}`,
      want: 'features of the model',
    });
  const unmapped = featureNames.find((name) => !spoken.has(name));
  if (unmapped !== undefined) throw new ExplainError('REASON_UNMAPPED', { got: quoted(unmapped) });
  registry.reasons.forEach(checkTexts);
}

function checkTexts(reason: ReasonDefinition): void {
  for (const text of [
    reason.text,
    reason.statement,
    ...(reason.next === null ? [] : [reason.next]),
  ]) {
    const words = text.replace(PLACEHOLDER, ' ');
    const letters = words.match(/\p{L}/gu)?.length ?? 0;
    if (letters < LEAST_LETTERS || VAGUE.some((phrase) => phrase.test(words)))
      throw new ExplainError('REASON_VAGUE', { got: `the texts of ${reason.code}` });
  }
  if (reason.features.length === 0) return;
  for (const [, name] of `${reason.text}${reason.next ?? ''}`.matchAll(PLACEHOLDER))
    if (name !== 'value' && name !== 'feature' && !reason.features.includes(name ?? ''))
      throw new ExplainError('REASON_TEXT', {
        got: `{${name}} in ${reason.code}`,
        want: 'a value of its features',
      });
}

function plainName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim();
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}
