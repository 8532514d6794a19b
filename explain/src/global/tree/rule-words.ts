import type { FeatureFacts } from '../features.ts';
import type { Condition, Rule } from './rules.ts';

/** Letters, digits and a few marks that need no quotes. */
const PLAIN = /^[\p{L}\p{N}_.][\p{L}\p{N}_.%/-]*$/u;

/**
 * A rule in words, such as `income > 0.5 and home is own or rent (or missing)`; `always` without conditions. Names of
 * features and categories that are not plain words are quoted as JSON, with invisible and direction marks escaped.
 */
export function ruleWords(rule: Rule, features: FeatureFacts): string {
  if (rule.conditions.length === 0) return 'always';
  return rule.conditions.map((condition) => conditionWords(condition, features)).join(' and ');
}

/** A name that cannot be mistaken for the words around it. */
export function plainName(name: string): string {
  if (PLAIN.test(name)) return name;
  return JSON.stringify(name).replace(
    /[\u007f-\u009f\p{Cf}\u2028\u2029]/gu,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function conditionWords(condition: Condition, features: FeatureFacts): string {
  const { feature, missing } = condition;
  const name = plainName(features.featureNames[feature] ?? `feature ${feature}`);
  const words =
    condition.oneOf === null && condition.noneOf === null
      ? numberWords(condition)
      : categoryWords(condition, features);
  if (words === null) return missing ? `${name} is missing` : `${name} is not missing`;
  const zero = condition.zero === null ? '' : condition.zero ? ' (or 0)' : ' (but not 0)';
  return `${name} ${words}${zero}${missing ? ' (or missing)' : ''}`;
}

/** Null where every number fits, or none does. */
function numberWords({ above, upTo }: Condition): string | null {
  if (above !== null && (above === Infinity || (upTo !== null && above >= upTo))) return null;
  if (above !== null && upTo !== null) return `> ${above} and <= ${upTo}`;
  if (above !== null) return `> ${above}`;
  return upTo === null ? null : `<= ${upTo}`;
}

function categoryWords(
  { feature, oneOf, noneOf }: Condition,
  features: FeatureFacts,
): string | null {
  const names = features.categories[feature] ?? null;
  const word = (code: number) => plainName(names?.[code] ?? String(code));
  if (oneOf !== null) return oneOf.length === 0 ? null : `is ${oneOf.map(word).join(' or ')}`;
  return `is not ${(noneOf ?? []).map(word).join(' or ')}`;
}
