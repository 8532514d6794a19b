import { ExplainError } from '../errors.ts';
import type { Model } from '../model/model.ts';
import { castRowInto, sumLeavesInto } from '../model/tree-model.ts';
import type { TreeModel } from '../model/tree-model.ts';
import { outputSpaceOf } from '../shapley/explanation.ts';
import type { OutputSpace } from '../shapley/explanation.ts';
import type { Predict } from './predict.ts';

/** A predict function and what is known of the model behind it. */
export interface PredictSource {
  readonly predict: Predict;
  /** SHA-256 of the model file; null where there is none to name */
  readonly modelHash: string | null;
  /** unit of the answers; `prediction` where nobody said */
  readonly outputSpace: OutputSpace | 'prediction';
}

/**
 * A loaded model as a predict function: in `margin` units (float64, what the exact explainers divide) or as `probability`.
 *
 * @throws ExplainError EXPLAIN_OUTPUT when the model has no probability
 */
export function predictOf(model: Model, space: 'margin' | 'probability' = 'margin'): PredictSource {
  const modelHash = model.hash;
  if (space === 'margin')
    return {
      predict:
        model.kind === 'trees' ? scores(model) : (rows) => rows.map((r) => model.predict(r).score),
      modelHash,
      outputSpace: outputSpaceOf(model),
    };
  if (model.probabilityOf(new Array<number>(model.outputs).fill(0)) === null)
    throw new ExplainError('EXPLAIN_OUTPUT', { got: 'a model without a probability' });
  return {
    predict: (rows) => rows.map((row) => model.predict(row).probability ?? []),
    modelHash,
    outputSpace: 'probability',
  };
}

/** Without an array a row: sampling asks for hundreds of thousands of rows. */
function scores(model: TreeModel): Predict {
  const { outputs } = model;
  const cast = new Float64Array(model.featureNames.length);
  const margin = new Float64Array(outputs);
  const score = new Float64Array(outputs);
  const scored = (row: Float64Array): void => {
    castRowInto(model, row, cast);
    sumLeavesInto(model, cast, margin, score);
  };
  if (outputs > 1)
    return (rows) =>
      rows.map((row) => {
        scored(row);
        return Array.from(score);
      });
  return (rows) => {
    const answers = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      scored(rows[i] as Float64Array);
      answers[i] = score[0] as number;
    }
    return answers;
  };
}

export function asSource(given: Predict | PredictSource): PredictSource {
  return typeof given === 'function'
    ? { predict: given, modelHash: null, outputSpace: 'prediction' }
    : given;
}
