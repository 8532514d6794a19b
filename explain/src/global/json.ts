import type { AttributionFacts } from '../agnostic/attributions.ts';
import type { AccumulatedEffects } from './accumulated-effects.ts';
import type { Cohort } from './cohorts.ts';
import { curveSummary } from './curve.ts';
import type { CurveSummary } from './curve.ts';
import type { DriftReport } from './drift.ts';
import type { FeatureFacts } from './features.ts';
import type { Importance } from './mean-absolute.ts';
import type { GlobalExplanation } from './overview.ts';
import type { PermutationImportance } from './permutation.ts';
import type { Fidelity } from './tree/fidelity.ts';
import { ruleWords } from './tree/rule-words.ts';
import type { Surrogate } from './tree/surrogate.ts';

/** A global explanation as JSON can hold it: curves without their rows, a surrogate by its rules. */
export interface GlobalJson {
  readonly explanation: AttributionFacts & {
    readonly rows: number;
    readonly seed: number;
    /** whose score curves, rules and cohorts are of */
    readonly output: number;
  };
  readonly importance: readonly Importance[];
  readonly permutation: PermutationImportance | null;
  readonly partialDependence: readonly CurveSummary[];
  readonly accumulatedEffects: readonly EffectsJson[];
  /** features without a curve: none of the rows has a finite value of them */
  readonly withoutCurve: readonly string[];
  readonly surrogate: SurrogateJson | null;
  readonly drift: DriftReport | null;
  readonly cohorts: readonly Cohort[] | null;
}

export interface EffectsJson extends Pick<
  AccumulatedEffects,
  'feature' | 'categories' | 'leftOut'
> {
  readonly edges: readonly number[];
  readonly effect: readonly number[];
  readonly counts: readonly number[];
}

export interface SurrogateJson {
  readonly depth: number;
  readonly minLeaf: number;
  readonly training: Fidelity;
  readonly heldOut: Fidelity;
  /** of the score of `explanation.output` */
  readonly rules: readonly {
    readonly words: string;
    readonly value: number;
    readonly share: number | null;
  }[];
}

export function globalJson(model: FeatureFacts, explained: GlobalExplanation): GlobalJson {
  const { facts, rows, seed, output, surrogate } = explained;
  return {
    explanation: { ...facts, rows, seed, output },
    importance: explained.importance,
    permutation: explained.permutation,
    partialDependence: explained.partialDependence.map(curveSummary),
    accumulatedEffects: explained.accumulatedEffects.map(effectsJson),
    withoutCurve: explained.withoutCurve,
    surrogate: surrogate === null ? null : surrogateJson(model, surrogate),
    drift: explained.drift,
    cohorts: explained.cohorts,
  };
}

function effectsJson(given: AccumulatedEffects): EffectsJson {
  const { feature, categories, leftOut, edges, effect, counts } = given;
  return {
    feature,
    categories,
    leftOut,
    edges: Array.from(edges),
    effect: Array.from(effect),
    counts: Array.from(counts),
  };
}

function surrogateJson(model: FeatureFacts, surrogate: Surrogate): SurrogateJson {
  const { depth, minLeaf, training, heldOut, rules } = surrogate;
  return {
    depth,
    minLeaf,
    training,
    heldOut,
    rules: rules.map((rule) => ({
      words: ruleWords(rule, model),
      value: rule.value,
      share: rule.share,
    })),
  };
}
