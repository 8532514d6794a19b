import type { FeatureRow, Prediction } from '../model/tree-model.ts';
import type { Explainer, ExplanationFacts } from '../shapley/explanation.ts';
import { assertAdditive } from '../shapley/explanation.ts';
import { checkPlace } from './arrays.ts';
import type { ExplanationArrays } from './arrays.ts';
import { explainBatch } from './batch.ts';

/** Where an engine writes one row. */
export interface RowArrays {
  /** [output] */
  readonly margin: Float64Array;
  /** [output] */
  readonly score: Float64Array;
  /** [output][feature]; zeros before */
  readonly attributions: readonly Float64Array[];
}

/** What differs between kinds of models: how one row is computed. */
export interface RowEngine {
  readonly facts: ExplanationFacts;
  readonly outputs: number;
  readonly features: number;
  readonly baseValue: Float64Array;
  readonly tableBytes: number;
  readonly probabilityOf: (margin: readonly number[]) => number[] | null;
  readonly responseOf: (margin: readonly number[]) => number[];
  /** Writes margin, score and attributions of a row, without allocating memory. */
  readonly compute: (row: FeatureRow, into: RowArrays) => void;
}

/** The public face of an engine: one row, one row into arrays, many rows. Every row is checked for additivity. */
export function createExplainer(engine: RowEngine): Explainer {
  const { facts, outputs, features, tableBytes } = engine;
  const scratch = rowArrays(engine);
  const explainer: Explainer = {
    ...facts,
    outputs,
    features,
    tableBytes,
    baseValue: Float64Array.from(engine.baseValue),
    explain: (row) => {
      const into = rowArrays(engine);
      const additivityError = computeChecked(engine, row, into);
      const { attributions } = into;
      return {
        ...predictionOf(engine, into),
        ...facts,
        baseValue: Array.from(engine.baseValue),
        attributions: [...attributions],
        additivityError,
      };
    },
    explainInto: (row, out, index = 0) => {
      checkPlace(out, engine, index);
      const error = computeChecked(engine, row, scratch);
      store(scratch, error, out, index);
    },
    explainBatch: (rows, options) => explainBatch(explainer, rows, options),
  };
  return Object.freeze(explainer);
}

function rowArrays({ outputs, features }: RowEngine): RowArrays {
  return {
    margin: new Float64Array(outputs),
    score: new Float64Array(outputs),
    attributions: Array.from({ length: outputs }, () => new Float64Array(features)),
  };
}

function computeChecked(engine: RowEngine, row: FeatureRow, into: RowArrays): number {
  const { attributions, score } = into;
  for (let output = 0; output < attributions.length; output++) attributions[output]?.fill(0);
  engine.compute(row, into);
  return assertAdditive(engine.baseValue, attributions, score);
}

function store(from: RowArrays, error: number, out: ExplanationArrays, index: number): void {
  const { outputs, features } = out;
  const first = index * outputs;
  out.scores.set(from.score, first);
  out.margins.set(from.margin, first);
  for (let output = 0; output < outputs; output++) {
    const values = from.attributions[output];
    if (values !== undefined) out.attributions.set(values, (first + output) * features);
  }
  out.additivityErrors[index] = error;
}

function predictionOf(engine: RowEngine, { margin, score }: RowArrays): Prediction {
  const margins = Array.from(margin);
  return {
    margin: margins,
    score: Array.from(score),
    probability: engine.probabilityOf(margins),
    response: engine.responseOf(margins),
  };
}
