import { ExplainError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import type { FeatureRow, Prediction } from '../model/tree-model.ts';

/** Which score is good enough: exactly one of the two, in the unit of `measure`. */
export interface Approval {
  /** the probability where the model has one, by default; `score` is the margin in float64 */
  readonly measure?: 'probability' | 'score';
  readonly approveBelow?: number;
  readonly approveAtLeast?: number;
  /** 0 by default */
  readonly output?: number;
}

/** Whether the model itself approves what it predicted. */
export function approves(prediction: Prediction, approval: Approval): boolean {
  const { measure, approveBelow, approveAtLeast, output = 0 } = approval;
  const { score, probability } = prediction;
  const measured =
    (measure === 'score'
      ? score
      : measure === 'probability'
        ? probability
        : (probability ?? score))?.[output] ?? NaN;
  if (approveBelow !== undefined) return measured < approveBelow;
  return approveAtLeast !== undefined && measured >= approveAtLeast;
}

/**
 * Reasons are measured against applicants who were approved (Regulation B, comment 9(b)(2)-5: at or slightly above the
 * cut-off): a row that the model would refuse is no such applicant.
 *
 * @throws ExplainError REASON_BACKGROUND
 */
export function assertApproved(
  model: Model,
  background: readonly FeatureRow[],
  approval: Approval,
): void {
  const refused = background.findIndex((row) => !approves(model.predict(row), approval));
  if (refused >= 0)
    throw new ExplainError('REASON_BACKGROUND', {
      got: `row ${refused + 1} that the model does not approve`,
      want: `${background.length} approved rows`,
    });
}
