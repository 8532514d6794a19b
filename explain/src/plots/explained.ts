import type { AttributionFacts, RowAttributions } from '../agnostic/attributions.ts';
import { ExplainError } from '../errors.ts';
import type { AskOptions } from '../global/asking.ts';
import { shapDependence } from '../global/dependence.ts';
import { partialDependence } from '../global/partial-dependence.ts';
import { sourceOf } from '../global/subject.ts';
import type { Subject } from '../global/subject.ts';
import { treeInteractions } from '../interactions/explainer.ts';
import type { Background } from '../model/hash.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import type { Counterfactuals } from '../counterfactual/result.ts';
import type { BarData } from './bar.ts';
import type { LadderData } from './counterfactual.ts';
import type { CurveData } from './curves.ts';
import { meanSizes } from './data.ts';
import type { RowData, RowsData } from './data.ts';
import type { DependenceData } from './dependence.ts';
import type { InteractionData } from './interactions.ts';
import { valueText } from './numbers.ts';
import type { PlotOptions } from './plot.ts';

/** Rows of one output with their explanations: what most pictures are of. */
export interface ExplainedSet {
  readonly model: Subject;
  /** the one that explained them; no rows for path-dependent attributions */
  readonly background: Background;
  /** which output of the model */
  readonly output: number;
  readonly rows: readonly FeatureRow[];
  /** of each row */
  readonly explanations: readonly RowAttributions[];
}

/** A feature's value as people read it: the name of a category, `missing`, or six digits. */
export function valueWord(
  { categories }: Pick<Subject, 'categories'>,
  feature: number,
  value: number,
): string {
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
  const explained = {
    rows: rows.length,
    outputs: 1,
    features: data.features.length,
    attributions: Float64Array.from(data.attributions),
  };
  const found = shapDependence(model, rows, explained, feature ?? weightiest(data));
  return {
    ...found,
    by: found.interaction ?? undefined,
    categories: model.categories[model.featureNames.indexOf(found.feature)] ?? undefined,
  };
}

function weightiest(data: RowsData): number {
  const means = meanSizes(data);
  return means.indexOf(Math.max(...means));
}

/** Rows that are asked for their own curve at most, evenly through all of them. */
const MOST_ASKED = 500;

/**
 * Partial dependence of a feature, the weightiest by default, with the curves of single rows (ICE), for `curvePlot`.
 *
 * @throws ExplainError FEATURE_UNKNOWN, GLOBAL_ROWS, PREDICT_*
 */
export async function curveOf(
  set: ExplainedSet,
  feature?: string,
  asking: AskOptions = {},
): Promise<CurveData> {
  const { model, output } = set;
  const each = Math.ceil(set.rows.length / MOST_ASKED);
  const rows = set.rows.filter((_, at) => at % each === 0);
  const chosen = feature ?? weightiest(rowsDataOf(set));
  const found = await partialDependence(sourceOf(model), model, rows, chosen, {
    ...asking,
    output,
  });
  const at = model.featureNames.indexOf(found.feature);
  const { categories, grid, average, individual } = found;
  return {
    feature: found.feature,
    grid,
    average,
    individual,
    words: categories ?? undefined,
    values: rows.map((row) => row[at] ?? NaN),
  };
}

/** Mean sizes over all rows, for `barPlot`. */
export function meanDataOf(set: ExplainedSet): BarData {
  const data = rowsDataOf(set);
  return { features: data.features, attributions: meanSizes(data), of: 'mean' };
}

/** What was found for one of the rows, for `counterfactualPlot`. */
export function ladderDataOf(set: ExplainedSet, at: number, found: Counterfactuals): LadderData {
  const { featureNames, categories } = set.model;
  return {
    found,
    now: numberOf(set, at, found.goal.measure),
    categories: (feature) => categories[featureNames.indexOf(feature)] ?? undefined,
  };
}

/** Unit of these rows, and what their numbers are as a line below each picture. */
export function plotOptionsOf({ explanations }: ExplainedSet, width?: number): PlotOptions {
  const [first] = explanations;
  const unit = first?.outputSpace ?? 'margin';
  return {
    unit: first?.method === 'lime' ? `coefficient of ${unit}` : unit,
    notes: first === undefined ? [] : [factsLine(first)],
    ...(width === undefined ? {} : { width }),
  };
}

/** The pairs of one row, for `interactionPlot`. @throws ExplainError EXPLAIN_METHOD for a model without trees */
export function interactionsOf(set: ExplainedSet, at: number): InteractionData {
  const { model, background, explanations, rows, output } = set;
  if (model.kind === 'predicted')
    throw new ExplainError('EXPLAIN_METHOD', { got: 'a predict function', want: 'trees' });
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
function numberOf(
  { explanations, output }: ExplainedSet,
  at: number,
  measure: 'probability' | 'score',
): number {
  const { probability, score } = explanations[at] ?? {};
  return (measure === 'probability' ? probability?.[output] : score?.[output]) ?? NaN;
}

function factsLine({ method, modelHash, background, kernel, version }: AttributionFacts): string {
  const against =
    background === null
      ? ''
      : `, background ${background.id ?? background.hash.slice(0, 12)} of ${background.rows} rows`;
  const of = modelHash === null ? 'a model without a file' : `model ${modelHash.slice(0, 12)}`;
  return `${method}${against}; ${of}; ${kernel} of Showcause ${version}`;
}
