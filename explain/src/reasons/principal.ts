import { ExplainError } from '../errors.ts';
import { said, wrongKind } from '../kinds.ts';
import type { Model } from '../model/model.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import type { Explanation } from '../shapley/explanation.ts';
import { assertReasonable, chooseGroups, groupsOf, weightiestFirst } from './groups.ts';
import type { Dropped, Group, Scored } from './groups.ts';
import { assertQuestion } from './checked.ts';
import { assertList } from './registry.ts';
import type { ReasonRegistry } from './registry.ts';
import { modelReason, ruleReason } from './said.ts';
import type { FiredRule, Reason, Unranked } from './said.ts';

/** A reason of the model with its summed attribution, chosen or not: all of them are logged. */
export interface ReasonGroup {
  readonly code: string;
  readonly features: readonly string[];
  /** in the explanation's `outputSpace` */
  readonly attribution: number;
  readonly dropped: Dropped | null;
}

export interface ReasonQuestion {
  readonly registry: ReasonRegistry;
  /** interventional; null when rules decided and nothing was scored */
  readonly explanation: Explanation | null;
  /** the row that was explained; null only without an explanation */
  readonly row: FeatureRow | null;
  readonly model: Model;
  /** which way of the score goes against the applicant */
  readonly adverseDirection: 'higher' | 'lower';
  /** needed when the model has several outputs */
  readonly output?: number;
  readonly rules?: readonly FiredRule[];
  /** 1 to 4, 4 by default: more is "not likely to be helpful" (Regulation B, comment 9(b)(2)-1) */
  readonly most?: number;
  /** approved rows for the check of directions; without them the thresholds of the model serve */
  readonly background?: readonly FeatureRow[];
  /** a language of the registry; its own by default */
  readonly language?: string;
}

export interface PrincipalReasons {
  readonly principal: Reason[];
  /** every group of the model in the order of the registry */
  readonly all: ReasonGroup[];
}

const MOST_REASONS = 4;

/**
 * The principal reasons of an adverse decision: fired rules first, in their order; then those of the model, by
 * attributions summed per reason before ranking, only where they push against the applicant and the model bears out the
 * sentence for this row; ties (below 1e-9) by the order of the registry. Of a scorecard they are points below the mean
 * of the background, not below the most that a feature can give.
 *
 * @throws ExplainError EXPLAIN_ADDITIVITY, EXPLAIN_OUTPUT, REASON_METHOD, REASON_UNMAPPED, REASON_REGISTRY (a list of
 * key factors too), REASON_RULE, REASON_TEXT, REASON_LANGUAGE: refused, never guessed
 */
export function principalReasons(question: ReasonQuestion): PrincipalReasons {
  assertQuestion(question);
  assertList(question.registry, 'principal-reasons');
  const { registry, model, row, rules = [], language = registry.language } = question;
  const most = mostOf(question.most);
  const fired = rules.filter(
    ({ code }, index) => rules.findIndex((rule) => rule.code === code) === index,
  );
  const scored = scoredOf(question);
  const groups = scored === null ? [] : groupsOf(scored);
  const dropped =
    scored === null
      ? new Map<string, Dropped>()
      : chooseGroups(
          scored,
          groups,
          new Set(fired.map(({ code }) => code)),
          Math.max(0, most - fired.length),
        );
  const chosen = weightiestFirst(groups.filter(({ reason }) => !dropped.has(reason.code)));
  return {
    principal: ranked([
      ...fired.slice(0, most).map((rule) => ruleReason(registry, rule, { model, row, language })),
      ...chosen.flatMap((group) => (scored === null ? [] : [modelReason(scored, group, language)])),
    ]),
    all: groups.map((group) => loggedGroup(group, dropped)),
  };
}

function scoredOf(question: ReasonQuestion): Scored | null {
  const { explanation, row } = question;
  if (explanation === null) return null;
  if (row === null) throw wrongKind('row', row, 'the row that was explained', 'REASON_EXPLANATION');
  assertReasonable({ explanation, model: question.model, row });
  return { ...question, explanation, row };
}

export function ranked(reasons: readonly Unranked[]): Reason[] {
  return reasons.map((reason, index) => ({ ...reason, rank: index + 1 }));
}

export function loggedGroup(
  { reason, attribution }: Group,
  dropped: ReadonlyMap<string, Dropped>,
): ReasonGroup {
  const { code, features } = reason;
  return { code, features, attribution, dropped: dropped.get(code) ?? null };
}

export function mostOf(most = MOST_REASONS): number {
  if (!Number.isInteger(most) || most < 1 || most > MOST_REASONS)
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `most ${said(most)}`,
      want: `a whole number from 1 to ${MOST_REASONS}`,
    });
  return most;
}
