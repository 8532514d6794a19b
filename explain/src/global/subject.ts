import { predictLimits } from '../agnostic/options.ts';
import { asSource, predictOf } from '../agnostic/predict-of.ts';
import type { PredictSource } from '../agnostic/predict-of.ts';
import type { Predict, PredictOptions, RunOptions } from '../agnostic/predict.ts';
import { openSession } from '../agnostic/session.ts';
import type { Model } from '../model/model.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import type { FeatureFacts } from './features.ts';

/** A model that is known by its answers alone: behind HTTP, say. */
export interface PredictedModel extends FeatureFacts {
  readonly kind: 'predicted';
  readonly outputs: number;
  readonly source: PredictSource;
}

/** What is explained as a whole: a loaded model, or one that can only be asked. */
export type Subject = Model | PredictedModel;

/**
 * A predict function with what is known of its features. Asks for one row, to learn how many outputs there are.
 *
 * @throws ExplainError PREDICT_*
 */
export async function predictedModel(
  predict: Predict | PredictSource,
  { featureNames, featureTypes, categories }: FeatureFacts,
  row: FeatureRow,
  options: PredictOptions & RunOptions = {},
): Promise<PredictedModel> {
  const source = asSource(predict);
  const session = openSession(source.predict, predictLimits(options), options);
  let outputs = 1;
  await session.ask({
    rows: 1,
    width: row.length,
    write: (asked) => asked.set(row),
    read: (answers) => (outputs = answers.outputs),
  });
  return { kind: 'predicted', featureNames, featureTypes, categories, outputs, source };
}

/** How to ask it: a loaded model for scores or probabilities, a predicted one for what it answers. @throws ExplainError EXPLAIN_OUTPUT */
export function sourceOf(
  subject: Subject,
  space: 'margin' | 'probability' = 'margin',
): PredictSource {
  return subject.kind === 'predicted' ? subject.source : predictOf(subject, space);
}

/** SHA-256 of the model file; null of a model without one. */
export function hashOf(subject: Subject): string | null {
  return subject.kind === 'predicted' ? subject.source.modelHash : subject.hash;
}
