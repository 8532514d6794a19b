import { ExplainError } from '../errors.ts';
import { assertObject, said } from '../kinds.ts';
import { asBackground } from '../model/hash.ts';
import { assertModel } from '../model/model.ts';
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

/** Whether the model itself approves what it predicted. @throws ExplainError EXPLAIN_OPTION, EXPLAIN_ARGUMENT */
export function approves(
  prediction: Pick<Prediction, 'score' | 'probability'>,
  approval: Approval,
): boolean {
  assertObject(prediction, 'prediction', 'what predict gives');
  assertApproval(approval);
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

function assertApproval(approval: unknown): void {
  assertObject(approval, 'approval', '{ approveBelow } or { approveAtLeast }', 'EXPLAIN_OPTION');
  const { measure, approveBelow, approveAtLeast, output } = approval;
  if (![undefined, 'probability', 'score'].includes(measure as string | undefined))
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `measure ${said(measure)}`,
      want: 'probability or score',
    });
  for (const number of [approveBelow, approveAtLeast, output])
    if (number !== undefined && typeof number !== 'number')
      throw new ExplainError('EXPLAIN_OPTION', { got: said(number), want: 'a number' });
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
  assertModel(model);
  const refused = asBackground(background).rows.findIndex(
    (row) => !approves(model.predict(row), approval),
  );
  if (refused >= 0)
    throw new ExplainError('REASON_BACKGROUND', {
      got: `row ${refused + 1} that the model does not approve`,
      want: `${background.length} approved rows`,
    });
}
