import { ExplainError } from '../errors.ts';
import { said } from '../kinds.ts';
import { ADDITIVITY_BOUND, assertAdditive } from '../shapley/explanation.ts';
import type { Explanation, Perturbation } from '../shapley/explanation.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import type { Model } from '../model/model.ts';
import { moveHelps } from './direction.ts';
import type { ReasonDefinition, ReasonRegistry } from './registry.ts';

/**
 * Why a group is no principal reason: it helped the applicant; a rule or a weightier reason names the same already; the
 * model contradicts its sentence; enough reasons weigh more.
 */
export type Dropped = 'helped' | 'named' | 'direction' | 'rank';

/** A scored row to be reasoned about. */
export interface Scored {
  readonly registry: ReasonRegistry;
  readonly explanation: Explanation;
  /** the row that was explained */
  readonly row: FeatureRow;
  readonly model: Model;
  /** which way of the score goes against the applicant */
  readonly adverseDirection: 'higher' | 'lower';
  /** needed when the model has several outputs */
  readonly output?: number;
  /** approved rows for the check of directions; without them the thresholds of the model serve */
  readonly background?: readonly FeatureRow[];
}

export interface Group {
  readonly reason: ReasonDefinition;
  /** indexes in the model */
  readonly features: readonly number[];
  /** summed in the order of the reason's features, in the unit of the score */
  readonly attribution: number;
  /** how far the group pushes against the applicant, in steps of {@link ADDITIVITY_BOUND}: whole, so that ties are ties */
  readonly harm: number;
}

/**
 * Only interventional attributions may become reasons for people. Others say what tends to go with a value, not what the
 * model did with it (Regulation B, comment 9(b)(2)-4: factors actually scored).
 *
 * @throws ExplainError REASON_METHOD
 */
export function assertReasonMethod(method: Perturbation): void {
  if (method !== 'interventional') throw new ExplainError('REASON_METHOD', { got: said(method) });
}

/** What reasons are given from: an explanation, and the model and row that it has to be of. */
export interface Explained {
  readonly explanation: Explanation;
  readonly model: Model;
  readonly row: FeatureRow;
}

/**
 * Reasons of another row or model would name what nobody decided by.
 *
 * @throws ExplainError REASON_METHOD, EXPLAIN_ADDITIVITY, REASON_EXPLANATION, FEATURE_COUNT
 */
export function assertReasonable({ explanation, model, row }: Explained): void {
  const { method, baseValue, attributions, modelHash, score } = explanation;
  assertReasonMethod(method);
  assertAdditive(baseValue, attributions, score);
  if (modelHash !== model.hash)
    throw new ExplainError('REASON_EXPLANATION', { got: 'one of another model' });
  const own = model.predict(row).score;
  if (own.length !== score.length || own.some((value, i) => value !== score[i]))
    throw new ExplainError('REASON_EXPLANATION', { got: 'one of another row' });
}

/**
 * Each reason of the model with the sum of its attributions, in the order of the registry.
 *
 * @throws ExplainError REASON_UNMAPPED, REASON_REGISTRY, EXPLAIN_OUTPUT
 */
export function groupsOf(question: Scored): readonly Group[] {
  const { registry, model, explanation } = question;
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
      return { reason, features, attribution, harm: harmOf(question, attribution) };
    });
}

/**
 * What is equal in theory differs by the rounding of sums, and two kernels round differently: smaller steps than the
 * bound on additivity decide nothing.
 */
function harmOf({ adverseDirection }: Scored, attribution: number): number {
  return Math.round(
    (adverseDirection === 'higher' ? attribution : -attribution) / ADDITIVITY_BOUND,
  );
}

/** By harm; `sort` keeps the order of the registry among equals. */
export function weightiestFirst(groups: readonly Group[]): readonly Group[] {
  return [...groups].sort((a, b) => b.harm - a.harm);
}

/** Which groups are dropped and why; those left out of the map are the principal ones, `room` at most. */
export function chooseGroups(
  question: Scored,
  groups: readonly Group[],
  firedCodes: ReadonlySet<string>,
  room: number,
): ReadonlyMap<string, Dropped> {
  const dropped = new Map<string, Dropped>();
  const named = new Set<number>();
  let chosen = 0;
  for (const group of weightiestFirst(groups)) {
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

/** Whether the model bears out the sentence of a group for this row. */
export function bearsOut(question: Scored, { reason, features }: Group): boolean {
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

/** The feature of a reason that pushes hardest against the applicant: its value stands for `{value}`. */
export function leadingFeature(question: Scored, reason: ReasonDefinition): string | undefined {
  const { model, explanation } = question;
  const attributions = explanation.attributions[outputOf(question)] ?? new Float64Array();
  const harm = (name: string): number => harmOf(question, attributions[indexOf(model, name)] ?? 0);
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

function outputOf({ model, output }: Scored): number {
  const chosen = output ?? (model.outputs === 1 ? 0 : -1);
  if (!Number.isInteger(chosen) || chosen < 0 || chosen >= model.outputs)
    throw new ExplainError('EXPLAIN_OUTPUT', {
      got: output === undefined ? 'none' : said(output),
      want: `below ${model.outputs}`,
    });
  return chosen;
}
