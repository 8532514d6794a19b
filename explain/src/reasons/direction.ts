import type { Model } from '../model/model.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { ADDITIVITY_BOUND } from '../shapley/explanation.ts';
import { linearChange } from './linear-change.ts';
import { movesOf } from './moves.ts';
import type { ReasonDirection } from './registry.ts';
import { treeChange } from './tree-change.ts';

export interface DirectionQuestion {
  readonly model: Model;
  readonly row: FeatureRow;
  readonly output: number;
  /** indexes of the features of one reason */
  readonly features: readonly number[];
  readonly direction: ReasonDirection;
  readonly adverseDirection: 'higher' | 'lower';
  /** approved rows to take values from; without them the thresholds of the model serve */
  readonly background: readonly FeatureRow[];
}

/**
 * Whether the model bears out the sentence for this row: replace the features, where a background row's value lies
 * on the side that should help, and see whether the score improves on average. False when no value lies there.
 */
export function moveHelps(question: DirectionQuestion): boolean {
  const { model, row, output, adverseDirection } = question;
  const moves = movesOf(question);
  const change =
    model.kind === 'linear'
      ? linearChange(model, row, output, moves)
      : treeChange(model, row, output, moves);
  return adverseDirection === 'higher' ? change < -ADDITIVITY_BOUND : change > ADDITIVITY_BOUND;
}
