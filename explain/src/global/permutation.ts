import { seedOption, wholeOption } from '../agnostic/options.ts';
import type { PredictSource } from '../agnostic/predict-of.ts';
import type { Predict } from '../agnostic/predict.ts';
import { ExplainError } from '../errors.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { seededRandom } from '../numeric/random.ts';
import { askPasses, flatRows } from './asking.ts';
import type { AskOptions } from './asking.ts';
import { checkRows, columnOf, featureAt } from './features.ts';
import type { FeatureFacts } from './features.ts';
import { SCORERS, checkTarget, isLoss, scoreOf } from './scorers.ts';
import type { Scorer } from './scorers.ts';
import { places, shuffle } from '../numeric/shuffle.ts';

export interface PermutationOptions extends AskOptions {
  readonly scorer: Scorer;
  /** shuffles of each feature, 1 to 1,000; 5 by default, as scikit-learn */
  readonly repeats?: number;
  readonly seed?: number;
  /** by name or number; all by default */
  readonly features?: readonly (string | number)[];
  /** orders of the rows to use in place of seeded ones, [repeat][row], to compare with another program */
  readonly permutations?: readonly ArrayLike<number>[];
}

export interface PermutationImportance {
  readonly scorer: Scorer;
  /** of the rows as they are */
  readonly baseline: number;
  readonly repeats: number;
  readonly seed: number;
  readonly predictions: number;
  readonly features: readonly {
    readonly feature: string;
    /** how much worse the score gets, mean over the repeats */
    readonly mean: number;
    /** standard deviation over the repeats, divided by their number as scikit-learn's */
    readonly std: number;
    readonly importances: readonly number[];
  }[];
}

/**
 * Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019), as scikit-learn's `permutation_importance`: how
 * much worse the score of a model gets when the values of one feature are dealt out anew among the rows. Features share
 * their orders, so that they differ by what they are. Of collinear features each can look needless, since the other
 * stands in for it.
 *
 * @param target  known outcomes, as `checkTarget` wants them; predictions are probabilities for scorers of classes
 * @throws ExplainError GLOBAL_ROWS below 2 rows, GLOBAL_TARGET, GLOBAL_PROBABILITY, FEATURE_COUNT, FEATURE_UNKNOWN, EXPLAIN_OPTION, PREDICT_*
 */
export async function permutationImportance(
  source: Predict | PredictSource,
  facts: FeatureFacts,
  rows: readonly FeatureRow[],
  target: ArrayLike<number>,
  options: PermutationOptions,
): Promise<PermutationImportance> {
  const { scorer, features = facts.featureNames } = options;
  if (!SCORERS.includes(scorer))
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `scorer ${String(scorer).slice(0, 40)}`,
      want: SCORERS.join(', '),
    });
  checkRows(rows, facts.featureNames.length, 2);
  const seed = seedOption(options.seed);
  const repeats = options.permutations?.length ?? options.repeats ?? 5;
  wholeOption('repeats', repeats, 1, 1000);
  const orders = options.permutations ?? seededOrders(rows.length, repeats, seed);
  checkOrders(orders, rows.length);
  const chosen = features.map((feature) => featureAt(facts, feature));
  const columns = facts.featureNames.map((_, feature) =>
    chosen.includes(feature) ? columnOf(rows, feature) : null,
  );
  const width = facts.featureNames.length;
  const importances = chosen.map(() => new Float64Array(repeats));
  let known: Float64Array = new Float64Array();
  let baseline = NaN;
  // The first pass has the rows as they are; then each feature goes through the orders.
  const predictions = await askPasses(
    source,
    {
      rows: flatRows(rows, width),
      width,
      passes: 1 + chosen.length * repeats,
      change: (memory, at, { from, to, pass }) => {
        const feature = chosen[Math.floor((pass - 1) / repeats)];
        const column = feature === undefined ? undefined : columns[feature];
        const order = orders[(pass - 1) % repeats];
        if (feature === undefined || !column || order === undefined) return;
        for (let row = from; row < to; row++)
          memory[at + (row - from) * width + feature] = column[order[row] as number] as number;
      },
      done: (answers, pass) => {
        if (pass === 0) known = checkTarget(scorer, target, rows.length, answers.outputs);
        const score = scoreOf(scorer, known, answers);
        if (pass === 0) baseline = score;
        const lost = isLoss(scorer) ? score - baseline : baseline - score;
        const place = importances[Math.floor((pass - 1) / repeats)];
        if (place !== undefined) place[(pass - 1) % repeats] = lost;
      },
    },
    options,
  );
  return {
    scorer,
    baseline,
    repeats,
    seed,
    predictions,
    features: chosen.map((feature, i) => ({
      feature: facts.featureNames[feature] as string,
      ...spreadOf(Array.from(importances[i] ?? [])),
    })),
  };
}

function seededOrders(rows: number, repeats: number, seed: number): Int32Array[] {
  const random = seededRandom(seed);
  return Array.from({ length: repeats }, () => shuffle(places(rows), random));
}

function checkOrders(orders: readonly ArrayLike<number>[], rows: number): void {
  const isOrder = (order: ArrayLike<number>) =>
    Int32Array.from(order)
      .sort()
      .every((place, i) => place === i) && order.length === rows;
  if (!orders.every(isOrder))
    throw new ExplainError('EXPLAIN_OPTION', {
      got: 'permutations of other places',
      want: `each of 0 to ${rows - 1} once`,
    });
}

function spreadOf(importances: number[]): { mean: number; std: number; importances: number[] } {
  const mean = importances.reduce((sum, one) => sum + one, 0) / importances.length;
  const squares = importances.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / importances.length), importances };
}
