import { ExplainError } from '../errors.ts';
import { asBackground } from '../model/hash.ts';
import { requireTrees } from '../model/model.ts';
import type { Model } from '../model/model.ts';
import { castRow } from '../model/tree-model.ts';
import type { FeatureRow, Prediction, TreeModel } from '../model/tree-model.ts';
import { treeExplainer } from '../shapley/explainer.ts';
import { checkedOptions } from '../shapley/options.ts';
import type { ExplainerOptions } from '../shapley/options.ts';
import { assertAdditive, explanationFacts } from '../shapley/explanation.ts';
import type { ExplanationFacts } from '../shapley/explanation.ts';
import { matrixOf, newPairSums, usedFeatures } from './matrix.ts';
import type { PairSums, UsedFeatures } from './matrix.ts';
import { addInterventional } from './interventional.ts';
import { addPathDependent } from './path-dependent.ts';

const KERNEL = 'ts-interactions/1';

/** One row's score divided among pairs of features. */
export interface InteractionExplanation extends Prediction, ExplanationFacts {
  /** expected score, one per output */
  readonly baseValue: number[];
  /**
   * Per output a symmetric matrix [feature × feature], row-major: the main effects on the diagonal, half of each
   * interaction on either side. The sum of a row is the feature's attribution, the sum of all is score - baseValue.
   */
  readonly interactions: Float64Array[];
  /** largest |baseValue + sum of interactions - score| over the outputs */
  readonly additivityError: number;
}

export interface InteractionExplainer extends ExplanationFacts {
  readonly baseValue: Float64Array;
  /** @throws ExplainError FEATURE_COUNT, EXPLAIN_ADDITIVITY */
  readonly explain: (row: FeatureRow) => InteractionExplanation;
}

/**
 * Exact SHAP interaction values of a tree model, as shap's `TreeExplainer.shap_interaction_values` and XGBoost's
 * `pred_interactions` give them, and for the interventional expectation too, which theirs do not. Per row:
 * O(leaves · depth²) times quadrature points, or times background rows.
 *
 * @throws ExplainError as `treeExplainer`; EXPLAIN_TOO_WIDE above 2^24 numbers, features² times outputs
 */
export function treeInteractions(given: Model, options: ExplainerOptions): InteractionExplainer {
  const model = requireTrees(given);
  checkedOptions(options);
  assertNarrow(model);
  const explainer = treeExplainer(model, { ...options, maxTableBytes: 0 });
  const { baseValue } = explainer;
  const facts = { ...explanationFacts(explainer), kernel: KERNEL };
  const add = adderOf(model, options);
  const used = usedFeatures(model.trees, model.featureNames.length);
  return {
    ...facts,
    baseValue,
    explain: (row) => {
      const interactions = sumsOf(model, used, castRow(model, row), add).map(matrixOf);
      const prediction = model.predict(row);
      return {
        ...prediction,
        ...facts,
        baseValue: Array.from(baseValue),
        interactions,
        additivityError: assertAdditive(Array.from(baseValue), interactions, prediction.score),
      };
    },
  };
}

type AddTree = (tree: TreeModel['trees'][number], row: Float64Array, sums: PairSums) => void;

function adderOf(model: TreeModel, options: ExplainerOptions): AddTree {
  if (options.perturbation === 'tree-path-dependent') return addPathDependent;
  const background = asBackground(options.background).rows.map((row) => castRow(model, row));
  return (tree, row, sums) => addInterventional(tree, row, background, sums);
}

/** Most numbers of an answer: 128 MiB of them. */
const MOST_NUMBERS = 2 ** 24;

function assertNarrow({ featureNames, outputs }: TreeModel): void {
  if (featureNames.length ** 2 * outputs <= MOST_NUMBERS) return;
  throw new ExplainError('EXPLAIN_TOO_WIDE', {
    got: `pairs of ${featureNames.length} features for ${outputs} outputs`,
    want: `at most ${MOST_NUMBERS} numbers`,
  });
}

/** Sums by tree, so that replay gives the same bytes. */
function sumsOf(model: TreeModel, used: UsedFeatures, row: Float64Array, add: AddTree): PairSums[] {
  const features = model.featureNames.length;
  const sums = Array.from({ length: model.outputs }, () => newPairSums(features, used));
  for (const tree of model.trees) {
    const target = sums[tree.output];
    if (target !== undefined && tree.nodes > 1) add(tree, row, target);
  }
  return sums;
}
