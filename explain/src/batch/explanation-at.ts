import type { Model } from '../model/model.ts';
import { explanationFacts } from '../shapley/explanation.ts';
import type { Explanation } from '../shapley/explanation.ts';
import type { BatchExplanation } from './batch.ts';

/**
 * One row of a batch as `explain` gives it: a copy.
 *
 * @param model  the model that the batch is of
 */
export function explanationAt(model: Model, batch: BatchExplanation, index: number): Explanation {
  const { outputs, features, attributions } = batch;
  const first = index * outputs;
  const margin = Array.from(batch.margins.subarray(first, first + outputs));
  return {
    margin,
    score: Array.from(batch.scores.subarray(first, first + outputs)),
    probability: model.probabilityOf(margin),
    response: model.responseOf(margin),
    ...explanationFacts(batch),
    baseValue: Array.from(batch.baseValue),
    attributions: Array.from({ length: outputs }, (_, output) =>
      attributions.slice((first + output) * features, (first + output + 1) * features),
    ),
    additivityError: batch.additivityErrors[index] ?? NaN,
  };
}
