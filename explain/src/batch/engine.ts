import type { FeatureRow } from '../model/tree-model.ts';
import { ADDITIVITY_BOUND, notAdditive } from '../shapley/explanation.ts';
import type { Explainer, Explanation, ExplanationFacts } from '../shapley/explanation.ts';
import { checkPlace, explanationArrays } from './arrays.ts';
import type { ExplanationArrays } from './arrays.ts';
import { explainBatch } from './batch.ts';
import type { RowSource } from './rows.ts';

/** What differs between kinds of models: how rows are computed. */
export interface RowEngine {
  readonly facts: ExplanationFacts;
  readonly outputs: number;
  readonly features: number;
  readonly baseValue: Float64Array;
  readonly tableBytes: number;
  readonly probabilityOf: (margin: readonly number[]) => number[] | null;
  readonly responseOf: (margin: readonly number[]) => number[];
  /** Writes margins, scores and attributions of a row to place `index`, without allocating memory. */
  readonly compute: (row: FeatureRow, out: ExplanationArrays, index: number) => void;
  /**
   * Writes the same bytes for the rows `from` to `to` of a source to the same places, where that is faster than row by
   * row. @throws ExplainError that names the row
   */
  readonly computeRange?: (
    source: RowSource,
    out: ExplanationArrays,
    from: number,
    to: number,
  ) => void;
}

/** The public face of an engine: one row, one row into arrays, many rows. Every row is checked for additivity. */
export function createExplainer(engine: RowEngine): Explainer {
  const { facts, outputs, features, tableBytes } = engine;
  const explainer: Explainer = {
    ...facts,
    outputs,
    features,
    tableBytes,
    baseValue: Float64Array.from(engine.baseValue),
    explain: (row) => explainRow(engine, row),
    explainInto: (row, out, index = 0) => {
      checkPlace(out, engine, index);
      engine.compute(row, out, index);
      checkAdditivity(engine, out, index);
    },
    explainBatch: (rows, options) => explainBatch(engine, rows, options),
  };
  return Object.freeze(explainer);
}

function explainRow(engine: RowEngine, row: FeatureRow): Explanation {
  const { facts, outputs, features, baseValue, probabilityOf, responseOf } = engine;
  const out = explanationArrays(engine, 1);
  engine.compute(row, out, 0);
  checkAdditivity(engine, out, 0);
  const margin = Array.from(out.margins);
  return {
    margin,
    score: Array.from(out.scores),
    probability: probabilityOf(margin),
    response: responseOf(margin),
    ...facts,
    baseValue: Array.from(baseValue),
    attributions: Array.from({ length: outputs }, (_, output) =>
      out.attributions.slice(output * features, (output + 1) * features),
    ),
    additivityError: out.additivityErrors[0] ?? NaN,
  };
}

/** Writes the error of place `index`. @throws ExplainError EXPLAIN_ADDITIVITY, as `assertAdditive` */
export function checkAdditivity(
  { baseValue, outputs, features }: RowEngine,
  { attributions, scores, additivityErrors }: ExplanationArrays,
  index: number,
): void {
  let worst = 0;
  for (let output = 0; output < outputs; output++) {
    const place = index * outputs + output;
    const score = scores[place] as number;
    // Not a function of its own: numbers handed to one would cost memory in every call.
    let sum = baseValue[output] as number;
    let size = Math.abs(sum);
    for (let at = place * features; at < (place + 1) * features; at++) {
      sum += attributions[at] as number;
      size += Math.abs(attributions[at] as number);
    }
    const error = Math.abs(sum - score);
    if (!(error <= ADDITIVITY_BOUND * Math.max(1, size) && error < Infinity))
      throw notAdditive(error, size);
    if (error > worst) worst = error;
  }
  additivityErrors[index] = worst;
}
