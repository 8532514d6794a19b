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
  const words = valueWords(condition, features);
  if (words === NO_VALUE) return `${name} is missing`;
  if (words === ANY_VALUE) return `${name} is not missing`;
  return `${name} ${words}${missing ? ' (or missing)' : ''}`;
}

const NO_VALUE = 'no value';
const ANY_VALUE = 'any value';

function valueWords(condition: Condition, features: FeatureFacts): string {
  const { above, upTo, zero, oneOf, noneOf } = condition;
  if (oneOf !== null || noneOf !== null) return categoryWords(condition, features);
  const isEmpty = above !== null && above >= (upTo ?? Infinity);
  if (isEmpty) return zero === true ? 'is 0' : NO_VALUE;
  if (above === null && upTo === null) return zero === false ? 'is not 0' : ANY_VALUE;
  const bounds = [
    ...(above === null ? [] : [`> ${above}`]),
    ...(upTo === null ? [] : [`<= ${upTo}`]),
  ].join(' and ');
  return zero === null ? bounds : `${bounds}${zero ? ' (or 0)' : ' (but not 0)'}`;
}

function categoryWords({ feature, oneOf, noneOf }: Condition, features: FeatureFacts): string {
  const names = features.categories[feature] ?? null;
  const word = (code: number) => plainName(names?.[code] ?? String(code));
  if (oneOf !== null) return oneOf.length === 0 ? NO_VALUE : `is ${oneOf.map(word).join(' or ')}`;
  return `is not ${(noneOf ?? []).map(word).join(' or ')}`;
}
