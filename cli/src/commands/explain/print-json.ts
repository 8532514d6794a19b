import { explanationFacts } from '@showcause/explain';
import type { Explanation, Model } from '@showcause/explain';

/** A number for a model of one output, an array by class otherwise. */
function perOutput(model: Model, values: ArrayLike<number>): number | number[] {
  return model.outputs === 1 ? (values[0] ?? NaN) : Array.from(values);
}

/** One row as one line, with what else was asked of it. */
export function jsonLine(
  model: Model,
  explanation: Explanation,
  more: Readonly<Record<string, unknown>>,
): string {
  const { margin, score, probability, baseValue, attributions, additivityError } = explanation;
  const byName = model.featureNames.map((name, feature) => [
    name,
    perOutput(
      model,
      attributions.map((values) => values[feature] ?? NaN),
    ),
  ]);
  return JSON.stringify({
    margin: perOutput(model, margin),
    score: perOutput(model, score),
    probability: probability === null ? null : perOutput(model, probability),
    baseValue: perOutput(model, baseValue),
    attributions: Object.fromEntries(byName) as Record<string, number | number[]>,
    ...more,
    additivityError,
    ...explanationFacts(explanation),
  });
}
