import { ExplainError } from '../errors.ts';
import { assertObject, said } from '../kinds.ts';
import type { Prediction } from '../model/tree-model.ts';

/** The outcome that is wanted: a number of the model below, or at least at, a threshold. */
export interface Goal {
  readonly measure: 'probability' | 'score';
  /** exactly one of the two */
  readonly below?: number;
  readonly atLeast?: number;
  /** class whose number it is; 0 by default */
  readonly output?: number;
}

/** A goal that was checked. */
export interface CheckedGoal {
  readonly measure: 'probability' | 'score';
  readonly output: number;
  readonly threshold: number;
  /** true: below the threshold; false: at it or above */
  readonly isBelow: boolean;
}

const MEASURES: readonly Goal['measure'][] = ['probability', 'score'];

/** @throws ExplainError COUNTERFACTUAL_GOAL, EXPLAIN_OUTPUT */
export function checkGoal(goal: Goal, outputs: number): CheckedGoal {
  assertObject(goal, 'goal', '{ measure, below or atLeast, output }', 'COUNTERFACTUAL_GOAL');
  const { measure, below, atLeast, output = 0 } = goal as Goal;
  const threshold = below ?? atLeast;
  if (!MEASURES.includes(measure))
    throw new ExplainError('COUNTERFACTUAL_GOAL', {
      got: `measure ${said(measure)}`,
      want: MEASURES.join(' or '),
    });
  if ((below === undefined) === (atLeast === undefined) || !Number.isFinite(threshold))
    throw new ExplainError('COUNTERFACTUAL_GOAL', { got: 'no one threshold' });
  if (!Number.isInteger(output) || output < 0 || output >= outputs)
    throw new ExplainError('EXPLAIN_OUTPUT', { got: said(output), want: `below ${outputs}` });
  return { measure, output, threshold: threshold ?? NaN, isBelow: below !== undefined };
}

/** The number that the goal speaks of. @throws ExplainError COUNTERFACTUAL_GOAL for a model without probabilities */
export function measured({ measure, output }: CheckedGoal, prediction: Prediction): number {
  const values = measure === 'score' ? prediction.score : prediction.probability;
  if (values === null)
    throw new ExplainError('COUNTERFACTUAL_GOAL', {
      got: 'a probability of a model that has none',
      want: 'score',
    });
  return values[output] ?? NaN;
}

export function isMet({ isBelow, threshold }: CheckedGoal, value: number): boolean {
  return isBelow ? value < threshold : value >= threshold;
}
