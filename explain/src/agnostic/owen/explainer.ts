import { seededRandom } from '../../numeric/random.ts';
import type { Random } from '../../numeric/random.ts';
import { places, shuffle } from '../../numeric/shuffle.ts';
import { sampledExplainer } from '../explainer.ts';
import type { Estimate, SampledExplainerOptions, Work } from '../explainer.ts';
import type { SampledExplainer } from '../explanation.ts';
import { wholeOption } from '../options.ts';
import { alongOrders } from '../orders.ts';
import { orderCount } from '../permutation.ts';
import type { Predict } from '../predict.ts';
import type { PredictSource } from '../predict-of.ts';
import { checkHierarchy, isGroup, ofPlayers } from './hierarchy.ts';
import type { Hierarchy } from './hierarchy.ts';
import { termCount, termsOf } from './terms.ts';
import type { Terms } from './terms.ts';

export interface PartitionExplainerOptions extends SampledExplainerOptions {
  /** every feature of a row once: `hierarchyOfGroups`, `hierarchyOfClustering`, or by hand */
  readonly hierarchy: Hierarchy;
  /**
   * changes that may be tried for a row, 10,000 by default. Where the hierarchy needs no more, the values are exact; otherwise
   * they are sampled from orders that keep groups together.
   */
  readonly samples?: number;
}

/**
 * Owen values of features in groups, as shap's `PartitionExplainer` without a limit: a group's values add up to what the group
 * gets as one player. Costs 2^(siblings) for each level instead of 2^features.
 *
 * @throws ExplainError EXPLAIN_OPTION, EXPLAIN_BACKGROUND, FEATURE_COUNT, and the PREDICT_ codes; `explain` EXPLAIN_SAMPLES
 */
export async function partitionExplainer(
  predict: Predict | PredictSource,
  options: PartitionExplainerOptions,
): Promise<SampledExplainer> {
  const { hierarchy } = options;
  const samples = wholeOption('samples', options.samples ?? 10_000, 2, 1_000_000);
  const explainer = await sampledExplainer(predict, options, {
    kernel: 'partition-shap-1',
    attribute: (work) => attribute(work, ofPlayers(hierarchy, work.players), samples),
  });
  checkHierarchy(hierarchy, explainer.features);
  return explainer;
}

async function attribute(work: Work, hierarchy: Hierarchy, samples: number): Promise<Estimate> {
  const players = work.players.length;
  if (termCount(hierarchy) <= samples) return exact(work, termsOf(hierarchy, players));
  const random = seededRandom(work.seed);
  const many = orderCount(players, samples);
  work.afford(2 * (players - 1) * many);
  const orders = Array.from({ length: many }, () => {
    const order: number[] = [];
    follow(hierarchy, random, order);
    return order;
  });
  return alongOrders(work, orders, false);
}

async function exact(work: Work, { terms, coalitions }: Terms): Promise<Estimate> {
  const { players, outputs } = work;
  const worths = await work.worths(coalitions);
  const values = Array.from({ length: outputs }, (_, output) => {
    const own = new Float64Array(players.length);
    const worth = (index: number): number => worths[index * outputs + output] as number;
    for (const { player, without, joined, weight } of terms)
      own[player] = (own[player] as number) + weight * (worth(joined) - worth(without));
    return own;
  });
  return { values, errors: null, freedom: Infinity };
}

/** Members of a group one right after the other, in random order at each level. */
function follow(node: Hierarchy, random: Random, order: number[]): void {
  if (!isGroup(node)) {
    order.push(node);
    return;
  }
  for (const place of shuffle(places(node.length), random))
    follow(node[place] as Hierarchy, random, order);
}
