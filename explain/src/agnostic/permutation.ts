import { seededRandom } from '../numeric/random.ts';
import { places, shuffle } from '../numeric/shuffle.ts';
import { ExplainError } from '../errors.ts';
import { sampledExplainer } from './explainer.ts';
import type { SampledExplainerOptions } from './explainer.ts';
import type { SampledExplainer } from './explanation.ts';
import { wholeOrNull } from './options.ts';
import { alongOrders } from './orders.ts';
import type { Predict } from './predict.ts';
import type { PredictSource } from './predict-of.ts';

export interface PermutationExplainerOptions extends SampledExplainerOptions {
  /**
   * coalitions that are tried for a row, each with the whole background: an order of n features takes 2·(n - 1) of them.
   * Enough for ten orders by default, as shap; never fewer than two orders.
   */
  readonly samples?: number;
}

const DEFAULT_ORDERS = 10;
const MAX_ORDERS = 100_000;

/**
 * Shapley values by random orders of the features, each walked to and fro (antithetic; Mitchell et al. 2022). Every order
 * adds up to the score. Exact for models whose features act alone or in pairs, and for at most two features; fewer than ten orders that
 * agree are not taken to show that, so that `bounds95` then allows for what another order may do.
 *
 * @throws ExplainError EXPLAIN_OPTION, EXPLAIN_BACKGROUND, FEATURE_COUNT, and the PREDICT_ codes; `explain` EXPLAIN_SAMPLES
 */
export async function permutationExplainer(
  predict: Predict | PredictSource,
  options: PermutationExplainerOptions,
): Promise<SampledExplainer> {
  const samples = wholeOrNull('samples', options.samples, 2, 100_000_000);
  return sampledExplainer(predict, options, {
    kernel: 'permutation-shap-1',
    attribute: (work) => {
      const players = work.players.length;
      const orders = players === 2 ? 1 : orderCount(players, samples);
      work.afford(2 * (players - 1) * orders);
      const random = seededRandom(work.seed);
      const drawn = Array.from({ length: orders }, () => shuffle(places(players), random));
      return alongOrders(work, drawn, players === 2);
    },
  });
}

/** @throws ExplainError EXPLAIN_SAMPLES below two orders: one says nothing of its error */
export function orderCount(players: number, samples: number | null): number {
  const each = 2 * (players - 1);
  if (samples === null) return DEFAULT_ORDERS;
  if (samples < 2 * each)
    throw new ExplainError('EXPLAIN_SAMPLES', {
      got: `${samples} samples for ${players} features`,
      want: `at least ${2 * each}`,
    });
  return Math.min(Math.floor(samples / each), MAX_ORDERS);
}
