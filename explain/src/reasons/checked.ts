import { ExplainError } from '../errors.ts';
import { assertObject, assertText, isObject, said, wrongKind } from '../kinds.ts';
import { asBackground } from '../model/hash.ts';
import { assertNumberRow } from '../model/feature-row.ts';
import { assertModel } from '../model/model.ts';
import type { Model } from '../model/model.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { assertExplanation } from '../shapley/explanation.ts';
import type { ReasonQuestion } from './principal.ts';
import type { ReasonRegistry } from './registry.ts';
import type { FiredRule, RuleValue } from './said.ts';

const CODE = 'REASON_REGISTRY';

/** @throws ExplainError REASON_REGISTRY for what `parseReasonRegistry` never gave */
export function assertRegistry(registry: unknown): asserts registry is ReasonRegistry {
  assertObject(registry, 'registry', 'what parseReasonRegistry gives', CODE);
  const { reasons, labels, units, translations, language } = registry;
  assertText(language, 'language of the registry', CODE);
  for (const member of [labels, units, translations])
    assertObject(member, 'a member of the registry', 'what parseReasonRegistry gives', CODE);
  if (!Array.isArray(reasons) || !Array.from<unknown>(reasons).every(isObject))
    throw wrongKind('reasons of the registry', reasons, 'a list of reasons', CODE);
}

/**
 * A question of reasons as callers without types may ask it; `most` has a check of its own.
 *
 * @throws ExplainError EXPLAIN_OPTION, REASON_REGISTRY, EXPLAIN_ARGUMENT, EXPLAIN_BACKGROUND, FEATURE_COUNT, FEATURE_TYPE,
 * REASON_RULE
 */
export function assertQuestion(question: unknown): asserts question is ReasonQuestion {
  assertObject(question, 'question', '{ registry, explanation, row, model, adverseDirection }');
  const { registry, model, explanation, adverseDirection, language, background } = question;
  assertRegistry(registry);
  assertModel(model);
  if (explanation !== null) assertExplanation(explanation);
  if (adverseDirection !== 'higher' && adverseDirection !== 'lower')
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `adverseDirection ${said(adverseDirection)}`,
      want: 'higher or lower: the way of the score that goes against the applicant',
    });
  if (language !== undefined) assertText(language, 'language', 'REASON_LANGUAGE');
  if (background !== undefined && !Array.isArray(background))
    throw wrongKind('background', background, 'a list of rows', 'EXPLAIN_BACKGROUND');
  if (background !== undefined) assertBackground(background, model);
  if (question.rules !== undefined) assertRules(question.rules);
}

const checkedWidth = new WeakMap<FeatureRow, number>();

/**
 * Rows of the model: one that is none would drop reasons without a word. Each is looked through once, since every decision
 * asks the same rows; what is written into a row afterwards is not seen.
 */
function assertBackground(background: readonly FeatureRow[], { featureNames }: Model): void {
  for (const row of asBackground(background).rows) {
    if (checkedWidth.get(row) === featureNames.length) continue;
    assertNumberRow(row, featureNames.length);
    checkedWidth.set(row, featureNames.length);
  }
}

function assertRules(rules: unknown): asserts rules is readonly FiredRule[] {
  const want = '{ code, values } of each rule that fired';
  if (!Array.isArray(rules)) throw wrongKind('rules', rules, want, 'REASON_RULE');
  for (const rule of rules as unknown[]) {
    if (!isObject(rule) || typeof rule.code !== 'string')
      throw wrongKind('a rule', rule, want, 'REASON_RULE');
    const { values = {} } = rule;
    assertObject(values, 'values of a rule', 'values by name', 'REASON_RULE');
    if (!Object.values(values).every(isRuleValue))
      throw new ExplainError('REASON_TEXT', {
        got: `another kind of value for ${rule.code.slice(0, 40)}`,
        want: 'a text, a number or a list of texts',
      });
  }
}

function isRuleValue(value: unknown): value is RuleValue {
  return Array.isArray(value)
    ? Array.from<unknown>(value).every((item) => typeof item === 'string')
    : typeof value === 'string' || typeof value === 'number';
}
