import { explanationJson } from '@showcause/explain';
import type { Explanation, Model } from '@showcause/explain';

type JsonNumber = number | null;

/** A number for a model of one output, an array by class otherwise. */
function perOutput(
  model: Model,
  values: readonly JsonNumber[],
): JsonNumber | readonly JsonNumber[] {
  return model.outputs === 1 ? (values[0] ?? null) : values;
}

/** One row as one line, with what else was asked of it. */
export function jsonLine(
  model: Model,
  explanation: Explanation,
  more: Readonly<Record<string, unknown>>,
): string {
  const {
    response: _,
    margin,
    score,
    probability,
    baseValue,
    attributions,
    additivityError,
    ...facts
  } = explanationJson(explanation);
  const byName = model.featureNames.map((name, feature) => [
    name,
    perOutput(
      model,
      attributions.map((values) => values[feature] ?? null),
    ),
  ]);
  return JSON.stringify({
    margin: perOutput(model, margin),
    score: perOutput(model, score),
    probability: probability === null ? null : perOutput(model, probability),
    baseValue: perOutput(model, baseValue),
    attributions: Object.fromEntries(byName) as Readonly<Record<string, unknown>>,
    ...more,
    additivityError,
    ...facts,
  });
}
