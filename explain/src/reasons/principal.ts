import { ExplainError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { assertAdditive } from '../shapley/explanation.ts';
import type { Explanation } from '../shapley/explanation.ts';
import { moveHelps } from './direction.ts';
import type { ReasonDefinition, ReasonRegistry } from './registry.ts';
import { fillText, languageOf, numberWord, rowWords } from './text.ts';

/** A policy rule that decided against the applicant, with the values that its reason text names. */
export interface FiredRule {
  readonly code: string;
  readonly values?: Readonly<Record<string, string | number>>;
}

/** One reason as it is given to the applicant. */
export interface Reason {
  readonly code: string;
  /** from 1, the weightiest first; rules come before the model */
  readonly rank: number;
  readonly source: 'rule' | 'model';
  readonly text: string;
  readonly statement: string;
  readonly next: string | null;
  readonly features: readonly string[];
  /** the applicant's own value in words; null for a rule without one */
  readonly value: string | null;
  /** summed attribution in margin units; null for a rule */
  readonly attribution: number | null;
}

/**
 * Why a group is no principal reason: it helped the applicant; a rule or a weightier reason names the same already; the
 * model contradicts its sentence; enough reasons weigh more.
 */
export type Dropped = 'helped' | 'named' | 'direction' | 'rank';

/** A reason of the model with its summed attribution, chosen or not: all of them are logged. */
export interface ReasonGroup {
  readonly code: string;
  readonly features: readonly string[];
  readonly attribution: number;
  readonly dropped: Dropped | null;
}

export interface ReasonQuestion {
  readonly registry: ReasonRegistry;
  /** null when rules decided and nothing was scored */
  readonly explanation: Explanation | null;
  /** the row that was explained; null only without an explanation */
  readonly row: FeatureRow | null;
  readonly model: Model;
  /** which way of the score goes against the applicant */
  readonly adverseDirection: 'higher' | 'lower';
  /** needed when the model has several outputs */
  readonly output?: number;
  readonly rules?: readonly FiredRule[];
  /** 4 by default: more is "not likely to be helpful" (Regulation B, comment 9(b)(2)-1) */
  readonly most?: number;
  /** approved rows for the check of directions; without them the thresholds of the model serve */
  readonly background?: readonly FeatureRow[];
}

export interface PrincipalReasons {
  readonly principal: Reason[];
  /** every group of the model in the order of the registry */
  readonly all: ReasonGroup[];
}

interface Group {
  readonly reason: ReasonDefinition;
  /** indexes in the model */
  readonly features: readonly number[];
  readonly attribution: number;
  /** how far the group pushes against the applicant */
  readonly harm: number;
}

const MOST = 4;

/**
 * The principal reasons of an adverse decision: fired rules first, in their order; then those of the model, by
 * attributions summed per reason before ranking, only where they push against the applicant and the model bears out the
 * sentence for this row; ties by the order of the registry.
 *
 * @throws ExplainError EXPLAIN_ADDITIVITY, EXPLAIN_OUTPUT, REASON_UNMAPPED, REASON_REGISTRY, REASON_RULE, REASON_TEXT:
 * refused, never guessed
 */
export function principalReasons(question: ReasonQuestion): PrincipalReasons {
  const { rules = [], most = MOST } = question;
  const fired = rules.filter(
    ({ code }, index) => rules.findIndex((rule) => rule.code === code) === index,
  );
  const scored = scoredOf(question);
  const groups = scored === null ? [] : groupsOf(scored);
  const room = Math.max(0, most - fired.length);
  const dropped =
    scored === null
      ? new Map<string, Dropped>()
      : chooseGroups(scored, groups, new Set(fired.map(({ code }) => code)), room);
  const chosen = groups
    .filter(({ reason }) => !dropped.has(reason.code))
    .sort((a, b) => b.harm - a.harm);
  const unranked = [
    ...fired.slice(0, most).map((rule) => ruleReason(question, rule)),
    ...chosen.flatMap((group) => (scored === null ? [] : [modelReason(scored, group)])),
  ];
  return {
    principal: unranked.map((reason, index) => ({ ...reason, rank: index + 1 })),
    all: groups.map(({ reason, attribution }) => ({
      code: reason.code,
      features: reason.features,
      attribution,
      dropped: dropped.get(reason.code) ?? null,
    })),
  };
}

type Scored = ReasonQuestion & { readonly explanation: Explanation; readonly row: FeatureRow };

function scoredOf(question: ReasonQuestion): Scored | null {
  const { explanation, row } = question;
  if (explanation === null) return null;
  if (row === null) throw new TypeError('an explanation needs the row that it explains');
  assertAdditive(explanation.baseValue, explanation.attributions, explanation.score);
  return { ...question, explanation, row };
}

/** Each reason of the model with the sum of its attributions, in the order of the registry. */
function groupsOf(question: Scored): readonly Group[] {
  const { registry, model, explanation, adverseDirection } = question;
  const attributions = explanation.attributions[outputOf(question)] ?? new Float64Array();
  const spoken = new Set(registry.reasons.flatMap(({ features }) => features));
  const unmapped = model.featureNames.find((name) => !spoken.has(name));
  if (unmapped !== undefined)
    throw new ExplainError('REASON_UNMAPPED', { got: JSON.stringify(unmapped) });
  return registry.reasons
    .filter(({ features }) => features.length > 0)
    .map((reason) => {
      const features = reason.features.map((name) => indexOf(model, name));
      const attribution = features.reduce(
        (sum, feature) => sum + (attributions[feature] ?? NaN),
        0,
      );
      return {
        reason,
        features,
        attribution,
        harm: adverseDirection === 'higher' ? attribution : -attribution,
      };
    });
}

/** Which groups are dropped and why; those left out of the map are the principal ones, `room` at most. */
function chooseGroups(
  question: Scored,
  groups: readonly Group[],
  firedCodes: ReadonlySet<string>,
  room: number,
): ReadonlyMap<string, Dropped> {
  const dropped = new Map<string, Dropped>();
  const named = new Set<number>();
  let chosen = 0;
  for (const group of [...groups].sort((a, b) => b.harm - a.harm)) {
    const { reason, features, harm } = group;
    if (!(harm > 0)) dropped.set(reason.code, 'helped');
    else if (firedCodes.has(reason.code) || features.some((feature) => named.has(feature)))
      dropped.set(reason.code, 'named');
    else if (chosen === room) dropped.set(reason.code, 'rank');
    else if (!bearsOut(question, group)) dropped.set(reason.code, 'direction');
    else {
      chosen++;
      features.forEach((feature) => named.add(feature));
    }
  }
  return dropped;
}

function bearsOut(question: Scored, { reason, features }: Group): boolean {
  const { model, row, adverseDirection, background = [] } = question;
  return moveHelps({
    model,
    row,
    output: outputOf(question),
    features,
    direction: reason.direction,
    adverseDirection,
    background,
  });
}

type Unranked = Omit<Reason, 'rank'>;

function ruleReason({ registry, model, row }: ReasonQuestion, rule: FiredRule): Unranked {
  const reason = registry.reasons.find(({ code }) => code === rule.code);
  if (reason === undefined)
    throw new ExplainError('REASON_RULE', { got: JSON.stringify(rule.code.slice(0, 40)) });
  const words =
    row === null
      ? new Map<string, string>()
      : rowWords(registry, reason, model, row, reason.features[0]);
  const language = languageOf(registry);
  for (const [name, value] of Object.entries(rule.values ?? {}))
    words.set(name, typeof value === 'number' ? numberWord(value, language) : value);
  return { ...wordsOf(reason, words), source: 'rule', attribution: null };
}

function modelReason(question: Scored, { reason, attribution }: Group): Unranked {
  const { registry, model, row } = question;
  const words = rowWords(registry, reason, model, row, leadingFeature(question, reason));
  return { ...wordsOf(reason, words), source: 'model', attribution };
}

function wordsOf(
  reason: ReasonDefinition,
  words: ReadonlyMap<string, string>,
): Omit<Unranked, 'source' | 'attribution'> {
  return {
    code: reason.code,
    text: fillText(reason, reason.text, words),
    statement: reason.statement,
    next: reason.next === null ? null : fillText(reason, reason.next, words),
    features: reason.features,
    value: words.get('value') ?? null,
  };
}

/** The feature of a reason that pushes hardest against the applicant: its value stands for `{value}`. */
function leadingFeature(question: Scored, reason: ReasonDefinition): string | undefined {
  const { model, explanation, adverseDirection } = question;
  const attributions = explanation.attributions[outputOf(question)] ?? new Float64Array();
  const harm = (name: string): number =>
    (attributions[indexOf(model, name)] ?? 0) * (adverseDirection === 'higher' ? 1 : -1);
  return [...reason.features].sort((a, b) => harm(b) - harm(a))[0];
}

function indexOf(model: Model, name: string): number {
  const index = model.featureNames.indexOf(name);
  if (index < 0)
    throw new ExplainError('REASON_REGISTRY', {
      got: `a reason for ${JSON.stringify(name)}`,
      want: 'features of the model',
    });
  return index;
}

function outputOf({ model, output }: ReasonQuestion): number {
  const chosen = output ?? (model.outputs === 1 ? 0 : -1);
  if (!Number.isInteger(chosen) || chosen < 0 || chosen >= model.outputs)
    throw new ExplainError('EXPLAIN_OUTPUT', {
      got: output === undefined ? 'none' : `${output}`,
      want: `below ${model.outputs}`,
    });
  return chosen;
}
