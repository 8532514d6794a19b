import { assertExplanation, explanationFacts } from './explanation.ts';
import type { Explanation, ExplanationFacts } from './explanation.ts';

type JsonNumber = number | null;

/** An explanation that `JSON.stringify` writes whole; null stands for a number that is not finite, as a rate beyond double. */
export interface ExplanationJson extends ExplanationFacts {
  readonly margin: readonly JsonNumber[];
  readonly score: readonly JsonNumber[];
  readonly probability: readonly JsonNumber[] | null;
  readonly response: readonly JsonNumber[];
  /** expected score, one per output */
  readonly baseValue: readonly JsonNumber[];
  /** [output][feature] */
  readonly attributions: readonly (readonly JsonNumber[])[];
  readonly additivityError: JsonNumber;
}

/**
 * The explanation with plain arrays in the place of typed ones, which JSON writes as objects. Its members always come in
 * this order, so that equal explanations make equal text: margin, score, probability, response, baseValue, attributions,
 * additivityError, method, kernel, version, modelHash, outputSpace, coverSource, background.
 *
 * @throws ExplainError EXPLAIN_ARGUMENT
 */
export function explanationJson(explanation: Explanation): ExplanationJson {
  assertExplanation(explanation);
  const { margin, score, probability, response, baseValue, attributions } = explanation;
  const { background, ...facts } = explanationFacts(explanation);
  return {
    margin: plain(margin),
    score: plain(score),
    probability: probability === null ? null : plain(probability),
    response: plain(response),
    baseValue: plain(baseValue),
    attributions: attributions.map(plain),
    additivityError: finite(explanation.additivityError),
    ...facts,
    background:
      background === null
        ? null
        : { id: background.id, hash: background.hash, rows: background.rows },
  };
}

function plain(values: ArrayLike<number>): JsonNumber[] {
  return Array.from(values, finite);
}

function finite(value: number): JsonNumber {
  return Number.isFinite(value) ? value : null;
}
