import { assertNumbers, assertObject } from '../kinds.ts';
import { assertModel } from '../model/model.ts';
import type { Model } from '../model/model.ts';
import { explanationFacts } from '../shapley/explanation.ts';
import type { Explanation } from '../shapley/explanation.ts';
import { checkPlace } from './arrays.ts';
import type { BatchExplanation } from './batch.ts';

/**
 * One row of a batch as `explain` gives it: a copy.
 *
 * @param model  the model that the batch is of
 * @throws ExplainError EXPLAIN_ARRAYS when the batch has no such row, or is of another model
 */
export function explanationAt(model: Model, batch: BatchExplanation, index: number): Explanation {
  assertModel(model);
  assertObject(batch, 'batch', 'what explainBatch gives', 'EXPLAIN_ARRAYS');
  checkPlace(batch, { outputs: model.outputs, features: model.featureNames.length }, index);
  assertNumbers(batch.baseValue, 'baseValue of the batch');
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
