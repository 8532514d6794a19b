import { ExplainError } from '../errors.ts';
import { assertCallable, assertNumbers, assertObject, assertTexts, wrongKind } from '../kinds.ts';
import { assertNumberRow } from '../model/feature-row.ts';
import { assertModel } from '../model/model.ts';
import type { Model } from '../model/model.ts';
import type { FeatureRow, TreeModel } from '../model/tree-model.ts';
import { EXPLAIN_VERSION } from '../version.ts';
import { Account, choose } from './account.ts';
import type { Found, Quest } from './account.ts';
import { beam } from './beam.ts';
import { cellTrees } from './cells.ts';
import { exhaust } from './exhaust.ts';
import { checkGoal, measured } from './goal.ts';
import type { CheckedGoal, Goal } from './goal.ts';
import type { Landscape } from './landscape.ts';
import { assertMutable } from './mutable.ts';
import type { MutableFeatures } from './mutable.ts';
import { seededRandom } from '../numeric/random.ts';
import { resolveConstraints, resolveFeatures } from './resolve.ts';
import type { FeatureSpace, ResolvedFeature } from './resolve.ts';
import { optionOf, searchedFeature } from './report.ts';
import type { Counterfactual, Counterfactuals } from './result.ts';
import { assertChanges } from './said.ts';
import { sampledLandscape } from './sampled-landscape.ts';
import type { Measure } from './sampled-landscape.ts';
import { edgeOf } from './tree-edge.ts';
import { treeLandscape } from './tree-landscape.ts';
import { treeMoves } from './tree-moves.ts';

/** A model that `loadModel` did not read. */
export interface AnyModel extends FeatureSpace {
  /** the goal's number for each row, the same for the same row; a promise is not waited for */
  readonly predict: (rows: readonly Float64Array[]) => readonly number[];
}

/** Searches one model for one goal; holds scratch memory, so one call at a time. */
export interface CounterfactualSearch {
  /** name and version of the algorithm; the same kernel gives the same bytes everywhere */
  readonly kernel: string;
  /** @throws ExplainError FEATURE_COUNT, FEATURE_TYPE */
  readonly search: (row: FeatureRow) => Counterfactuals;
}

/** What a row looks like, made once for each model and goal. */
interface Searcher {
  /** values of a row */
  readonly width: number;
  readonly kernel: string;
  readonly features: readonly ResolvedFeature[];
  readonly isRandom: boolean;
  /** what may be spent on a row where the options do not say */
  readonly budget: number;
  readonly landscape: (row: Float64Array) => Landscape;
}

/**
 * What could have been different for another outcome, with everything that is not named in `mutable` as it is.
 *
 * Trees with one output, or a goal on the score, are searched over the cells that their thresholds cut, exhaustively
 * for one and two changed features; any other model at seeded values.
 *
 * @throws ExplainError COUNTERFACTUAL_GOAL, COUNTERFACTUAL_OPTIONS, EXPLAIN_OUTPUT, EXPLAIN_ARGUMENT for what is no model
 */
export function counterfactualSearch(
  model: Model,
  goal: Goal,
  mutable: MutableFeatures,
): CounterfactualSearch {
  assertModel(model);
  assertMutable(mutable);
  const checked = checkGoal(goal, model.outputs);
  const searcher =
    (model.kind === 'trees' ? treeSearcher(model, checked, mutable) : null) ??
    sampledSearcher(model, measureOf(model, checked), checked, mutable, isMonotone(model, checked));
  return searchWith(searcher, checked, mutable);
}

/** A linear score is monotone in each feature, and so is what a link makes of one alone; a softmax of several is not. */
function isMonotone(model: Model, { measure }: CheckedGoal): boolean {
  return model.kind === 'linear' && (model.outputs === 1 || measure === 'score');
}

/** The same for a model that is a function; `goal.measure` is in its words. */
export function sampledCounterfactualSearch(
  model: AnyModel,
  goal: Goal,
  mutable: MutableFeatures,
): CounterfactualSearch {
  assertAnyModel(model);
  assertMutable(mutable);
  const checked = checkGoal(goal, 1);
  return searchWith(
    sampledSearcher(model, model.predict, checked, mutable, false),
    checked,
    mutable,
  );
}

function assertAnyModel(model: unknown): asserts model is AnyModel {
  assertObject(model, 'model', '{ featureNames, featureTypes, categories, predict }');
  const { featureNames, featureTypes, categories, predict } = model;
  assertTexts(featureNames, 'featureNames');
  assertTexts(featureTypes, 'featureTypes');
  if (!Array.isArray(categories))
    throw wrongKind('categories', categories, 'names of codes, or null, for each feature');
  for (const names of categories as unknown[]) if (names !== null) assertTexts(names, 'categories');
  assertCallable(predict ?? null, 'predict');
}

function measureOf(model: Model, goal: CheckedGoal): Measure {
  const isLacking =
    goal.measure === 'probability' && model.predict(zeros(model)).probability === null;
  if (isLacking)
    throw new ExplainError('COUNTERFACTUAL_GOAL', {
      got: 'a probability of a model that has none',
      want: 'score',
    });
  return (rows) => rows.map((row) => measured(goal, model.predict(row)));
}

function zeros({ featureNames }: FeatureSpace): Float64Array {
  return new Float64Array(featureNames.length);
}

/** Null where the cells of the thresholds do not say everything. */
function treeSearcher(
  model: TreeModel,
  goal: CheckedGoal,
  mutable: MutableFeatures,
): Searcher | null {
  if (model.trees.some(({ zeroMissing }) => zeroMissing !== null)) return null;
  const trees = cellTrees(model, goal.output);
  const edge = edgeOf(model, trees, goal);
  if (edge === null) return null;
  const span = (index: number): number => {
    const thresholds = trees.thresholds[index] ?? [];
    return (thresholds.at(-1) ?? 0) - (thresholds[0] ?? 0);
  };
  const features = resolveFeatures(model, mutable, span);
  const category = features.find(
    ({ categories, index }) => categories === null && trees.isCategorical[index] === true,
  );
  if (category !== undefined)
    throw new ExplainError('COUNTERFACTUAL_OPTIONS', {
      got: `bounds for ${JSON.stringify(category.mutable.name)}`,
      want: 'categories: the model asks for single values of it',
    });
  return {
    width: model.featureNames.length,
    kernel: 'ts-cells/1',
    features,
    isRandom: false,
    budget: 5_000_000,
    landscape: (row) =>
      treeLandscape(model, trees, goal, edge, row, treeMoves(model, trees, row, features)),
  };
}

/** Within minutes, if a prediction takes a tenth of a millisecond. */
const MOST_PREDICTIONS = 1_000_000;

function sampledSearcher(
  space: FeatureSpace,
  measure: Measure,
  goal: CheckedGoal,
  mutable: MutableFeatures,
  isMonotone: boolean,
): Searcher {
  const features = resolveFeatures(space, mutable, () => 1);
  const open = features.find(
    ({ categories, mutable: { max, min } }) =>
      categories === null && (min === null || max === null),
  );
  if (open !== undefined)
    throw new ExplainError('COUNTERFACTUAL_OPTIONS', {
      got: `no bounds for ${JSON.stringify(open.mutable.name)}`,
      want: 'min and max: this model has no thresholds to go by',
    });
  const { budget } = mutable.search;
  if (budget !== null && budget > MOST_PREDICTIONS)
    throw new ExplainError('COUNTERFACTUAL_OPTIONS', {
      got: `a budget of ${budget} for a model without cells`,
      want: `at most ${MOST_PREDICTIONS}: each is a prediction`,
    });
  return {
    width: space.featureNames.length,
    kernel: 'ts-samples/1',
    features,
    isRandom: true,
    budget: 25_000,
    landscape: (row) =>
      sampledLandscape(measure, goal, row, features, seededRandom(mutable.search.seed), isMonotone),
  };
}

function searchWith(
  searcher: Searcher,
  goal: CheckedGoal,
  { constraints, search: bounds }: MutableFeatures,
): CounterfactualSearch {
  const resolved = resolveConstraints(searcher.features, constraints);
  return {
    kernel: searcher.kernel,
    search: (given) => {
      assertNumberRow(given, searcher.width);
      const row = Float64Array.from(given, (value: number | null | undefined) => value ?? NaN);
      const landscape = searcher.landscape(row);
      const account = new Account(bounds.budget ?? searcher.budget);
      const quest: Quest = { landscape, constraints: resolved, bounds, account };
      const isMetAlready = landscape.ask(row).isMet;
      const { found, radius } = isMetAlready ? { found: [], radius: 0 } : searched(quest);
      const options = choose(found, bounds.options).map((one) => optionOf(landscape, one, account));
      return {
        status: isMetAlready ? 'met' : options.length === 0 ? 'none' : 'found',
        goal,
        options,
        within: landscape.features.map(searchedFeature),
        constraints,
        search: {
          kernel: searcher.kernel,
          exhaustive: landscape.isComplete && radius > 0,
          radius: landscape.isComplete ? radius : 0,
          changes: bounds.changes,
          spent: account.spent,
          budget: account.budget,
          seed: searcher.isRandom ? bounds.seed : null,
        },
        version: EXPLAIN_VERSION,
      };
    },
  };
}

function searched(quest: Quest): { found: readonly Found[]; radius: number } {
  const near = exhaust(quest);
  const { account, bounds, landscape } = quest;
  const far =
    near.found.length < bounds.options && bounds.changes > near.radius
      ? beam(quest, near.found, near.radius)
      : [];
  account.release();
  const found = [...near.found, ...far].map(({ moves }) => {
    const refined = landscape.refine(moves, account);
    return { moves: refined, distance: refined.reduce((sum, { distance }) => sum + distance, 0) };
  });
  return { found, radius: near.radius };
}

/** The changed row of an option at its nearest values. @throws ExplainError EXPLAIN_ARGUMENT */
export function changedRow(row: FeatureRow, option: Pick<Counterfactual, 'changes'>): Float64Array {
  assertNumbers(row, 'row');
  assertChanges(option, ['index', 'nearest']);
  const changed = Float64Array.from(row);
  for (const { index, nearest } of option.changes) changed[index] = nearest;
  return changed;
}
