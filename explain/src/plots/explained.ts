import type { Background } from '../model/hash.ts';
import type { Model } from '../model/model.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { shapDependence } from '../global/dependence.ts';
import { treeInteractions } from '../interactions/explainer.ts';
import type { Explanation } from '../shapley/explanation.ts';
import { meanSizes } from './data.ts';
import type { RowData, RowsData } from './data.ts';
import type { DependenceData } from './dependence.ts';
import type { InteractionData } from './interactions.ts';
import { valueText } from './numbers.ts';

/** Rows of one output with their explanations: what most pictures are of. */
export interface ExplainedSet {
  readonly model: Model;
  /** the one that explained them; no rows for path-dependent attributions */
  readonly background: Background;
  /** which output of the model */
  readonly output: number;
  readonly rows: readonly FeatureRow[];
  /** of each row */
  readonly explanations: readonly Explanation[];
}

/** A feature's value as people read it: the name of a category, `missing`, or six digits. */
export function valueWord({ categories }: Model, feature: number, value: number): string {
  return (Number.isNaN(value) ? undefined : categories[feature]?.[value]) ?? valueText(value);
}

/** One of the rows, for `waterfallPlot`, `forcePlot` and `barPlot`. */
export function rowDataOf(set: ExplainedSet, at: number): RowData {
  const { model, output, rows, explanations } = set;
  const { attributions, baseValue } = explanations[at] ?? {};
  return {
    features: model.featureNames,
    attributions: attributions?.[output] ?? [],
    baseValue: baseValue?.[output] ?? NaN,
    values: model.featureNames.map((_, feature) =>
      valueWord(model, feature, rows[at]?.[feature] ?? NaN),
    ),
  };
}

/** All rows, or those at `only`, for `beeswarmPlot`, `decisionPlot` and means. */
export function rowsDataOf(set: ExplainedSet, only?: readonly number[]): RowsData {
  const { model, output, rows, explanations } = set;
  const features = model.featureNames.length;
  const places = only ?? rows.map((_, at) => at);
  const attributions = new Float64Array(places.length * features);
  const values = new Float64Array(places.length * features);
  places.forEach((row, at) => {
    values.set(rows[row] ?? [], at * features);
    attributions.set(explanations[row]?.attributions[output] ?? [], at * features);
  });
  const baseValue = explanations[0]?.baseValue[output] ?? NaN;
  return { features: model.featureNames, attributions, values, baseValue };
}

/**
 * A feature, the weightiest by default, for `dependencePlot`: coloured by the one that goes along most with what it leaves
 * open, as shap does.
 *
 * @throws ExplainError FEATURE_UNKNOWN
 */
export function dependenceOf(set: ExplainedSet, feature?: string): DependenceData {
  const { model, rows } = set;
  const data = rowsDataOf(set);
  const means = meanSizes(data);
  const explained = {
    rows: rows.length,
    outputs: 1,
    features: data.features.length,
    attributions: Float64Array.from(data.attributions),
  };
  const chosen = feature ?? means.indexOf(Math.max(...means));
  const found = shapDependence(model, rows, explained, chosen);
  return {
    ...found,
    by: found.interaction ?? undefined,
    categories: model.categories[model.featureNames.indexOf(found.feature)] ?? undefined,
  };
}

/** The pairs of one row, for `interactionPlot`. @throws ExplainError EXPLAIN_METHOD for a model without trees */
export function interactionsOf(set: ExplainedSet, at: number): InteractionData {
  const { model, background, explanations, rows, output } = set;
  const pairs = treeInteractions(
    model,
    explanations[at]?.method === 'interventional'
      ? { perturbation: 'interventional', background }
      : { perturbation: 'tree-path-dependent' },
  );
  const { interactions } = pairs.explain(rows[at] ?? []);
  return { features: model.featureNames, interactions: interactions[output] ?? [] };
}

/** The model's number that a counterfactual changes. */
export function numberOf(
  { explanations, output }: ExplainedSet,
  at: number,
  measure: 'probability' | 'score',
): number {
  const { probability, score } = explanations[at] ?? {};
  return (measure === 'probability' ? probability?.[output] : score?.[output]) ?? NaN;
}

/** What the numbers are, as a line below a picture. */
export function factsLine({ method, modelHash, background, kernel, version }: Explanation): string {
  const against =
    background === null
      ? ''
      : `, background ${background.id ?? background.hash.slice(0, 12)} of ${background.rows} rows`;
  return `${method}${against}; model ${modelHash.slice(0, 12)}; ${kernel} of Showcause ${version}`;
}
