import { ExplainError } from '../../errors.ts';
import { sampledExplainer } from '../explainer.ts';
import type { Estimate, SampledExplainerOptions, Work } from '../explainer.ts';
import type { SampledExplainer } from '../explanation.ts';
import { wholeOrNull } from '../options.ts';
import type { Predict } from '../predict.ts';
import type { PredictSource } from '../predict-of.ts';
import { solvePlan } from './solve.ts';
import { planOf } from './plan.ts';
import { leastSamples } from './strata.ts';
import type { Plan } from './plan.ts';

export interface KernelExplainerOptions extends SampledExplainerOptions {
  /**
   * coalitions that are tried for a row, each with the whole background: 2·features + 2,048 by default, as shap, and never
   * too few for the features. From
   * 2^features - 2 on the values are exact.
   */
  readonly samples?: number;
}

/** The solution of the least squares is kept as a matrix of this many columns. */
const MAX_PLAYERS = 512;
const MAX_SAMPLES = 1_000_000;
/** Rows may differ in how many features differ from the background. */
const MAX_PLANS = 16;

/**
 * KernelSHAP (Lundberg and Lee 2017) of any predict function: the smallest and largest coalitions whole, the others drawn
 * in pairs with their complements, by size, without repetition; weighted least squares under the efficiency constraint.
 * Standard errors are those of stratified sampling of the residuals (Cochran, Sampling Techniques, 5.4 and 7.7). All rows
 * share one set of coalitions, so that a row's values do not depend on its place.
 *
 * @throws ExplainError EXPLAIN_OPTION, EXPLAIN_BACKGROUND, FEATURE_COUNT, and the PREDICT_ codes
 */
export async function kernelExplainer(
  predict: Predict | PredictSource,
  options: KernelExplainerOptions,
): Promise<SampledExplainer> {
  const samples = wholeOrNull('samples', options.samples, 2, MAX_SAMPLES);
  const plans = new Map<number, Plan>();
  return sampledExplainer(predict, options, {
    kernel: 'kernel-shap-1',
    attribute: async (work) => {
      const players = work.players.length;
      const many = samplesFor(players, samples);
      work.afford(Math.min(many, 2 ** players - 2));
      const plan = plans.get(players) ?? planOf(players, many, work.seed);
      if (plans.size < MAX_PLANS) plans.set(players, plan);
      return attribute(work, plan);
    },
  });
}

function samplesFor(players: number, samples: number | null): number {
  if (players > MAX_PLAYERS)
    throw new ExplainError('EXPLAIN_SAMPLES', {
      got: `${players} features`,
      want: `at most ${MAX_PLAYERS}: permutationExplainer takes more`,
    });
  return samples ?? Math.max(2 * players + 2048, leastSamples(players));
}

async function attribute(work: Work, plan: Plan): Promise<Estimate> {
  const worths = await work.worths(plan.coalitions);
  const solved = Array.from({ length: work.outputs }, (_, output) => {
    const total = (work.score[output] as number) - (work.base[output] as number);
    return solvePlan(plan, halves(plan, worths, output, work.outputs), total);
  });
  return {
    values: solved.map(({ values }) => values),
    errors: plan.isExact ? null : solved.map(({ errors }) => errors),
    freedom: solved.map(({ freedom }) => freedom),
  };
}

/** Half of the difference between each coalition and its complement, for one output. */
function halves(plan: Plan, worths: Float64Array, output: number, outputs: number): Float64Array {
  return Float64Array.from({ length: plan.pairs }, (_, pair) => {
    const first = 2 * pair * outputs + output;
    return ((worths[first] as number) - (worths[first + outputs] as number)) / 2;
  });
}
