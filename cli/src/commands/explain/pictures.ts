import { shapDependence } from '@showcause/explain';
import type { Explanation, Model } from '@showcause/explain';
import {
  barPlot,
  beeswarmPlot,
  counterfactualPlot,
  decisionPlot,
  dependencePlot,
  forcePlot,
  interactionPlot,
  meanSizes,
  waterfallPlot,
} from '@showcause/explain/plots';
import type { Plot, PlotOptions, RowData, RowsData } from '@showcause/explain/plots';
import type { Command } from 'commander';
import { counterfactualsOf } from './counterfactuals.ts';
import type { ExplainedSet, PlotTask } from './plot-rows.ts';
import { pairExplainer } from './row-lines.ts';

/** The picture that was asked for. @throws ExplainError PLOT_*, EXPLAIN_METHOD, COUNTERFACTUAL_* */
export function pictureOf(set: ExplainedSet, task: PlotTask, command: Command): Plot {
  const [explanation] = set.explanations;
  const options: PlotOptions = {
    unit: explanation?.outputSpace ?? 'margin',
    notes: explanation === undefined ? [] : [factsLine(explanation)],
    ...(task.width === undefined ? {} : { width: task.width }),
  };
  const at = (task.row ?? 1) - 1;
  switch (task.plot) {
    case 'bar':
      return task.row === undefined && set.rows.length > 1
        ? meanBar(rowsData(set), options)
        : barPlot(rowData(set, at), options);
    case 'waterfall':
      return waterfallPlot(rowData(set, at), options);
    case 'force':
      return forcePlot(rowData(set, at), options);
    case 'beeswarm':
      return beeswarmPlot(rowsData(set), options);
    case 'dependence':
      return dependence(set, task.feature, options);
    case 'interactions':
      return interactions(set, at, options);
    case 'decision':
      return decisionPlot(
        { ...rowsData(set), ...(task.row === undefined ? {} : { highlight: at }) },
        options,
      );
    case 'counterfactual':
      return ladder(set, at, task, command, options);
  }
}

/** What the numbers are, below the picture. */
function factsLine({ method, modelHash, background, kernel, version }: Explanation): string {
  const against =
    background === null
      ? ''
      : `, background ${background.id ?? background.hash.slice(0, 12)} of ${background.rows} rows`;
  return `${method}${against}; model ${modelHash.slice(0, 12)}; ${kernel} of Showcause ${version}`;
}

function wordOf(model: Model, feature: number, value: number): string {
  if (Number.isNaN(value)) return 'missing';
  return model.categories[feature]?.[value] ?? String(Number(value.toPrecision(6)));
}

function rowData({ model, output, rows, explanations }: ExplainedSet, at: number): RowData {
  const { attributions, baseValue } = explanations[at] ?? {};
  return {
    features: model.featureNames,
    attributions: attributions?.[output] ?? [],
    baseValue: baseValue?.[output] ?? NaN,
    values: model.featureNames.map((_, feature) =>
      wordOf(model, feature, rows[at]?.[feature] ?? NaN),
    ),
  };
}

function rowsData({ model, output, rows, explanations }: ExplainedSet): RowsData {
  const features = model.featureNames.length;
  const attributions = new Float64Array(rows.length * features);
  const values = new Float64Array(rows.length * features);
  rows.forEach((row, at) => {
    values.set(row, at * features);
    attributions.set(explanations[at]?.attributions[output] ?? [], at * features);
  });
  const baseValue = explanations[0]?.baseValue[output] ?? NaN;
  return { features: model.featureNames, attributions, values, baseValue };
}

function meanBar(data: RowsData, options: PlotOptions): Plot {
  return barPlot({ features: data.features, attributions: meanSizes(data), of: 'mean' }, options);
}

/** Coloured by the feature that goes along most with what is left open, as shap does. */
function dependence(set: ExplainedSet, feature: string | undefined, options: PlotOptions): Plot {
  const { model, rows } = set;
  const data = rowsData(set);
  const means = meanSizes(data);
  const chosen = feature ?? means.indexOf(Math.max(...means));
  const explained = {
    rows: rows.length,
    outputs: 1,
    features: data.features.length,
    attributions: Float64Array.from(data.attributions),
  };
  const found = shapDependence(model, rows, explained, chosen);
  return dependencePlot(
    {
      ...found,
      by: found.interaction ?? undefined,
      categories: model.categories[model.featureNames.indexOf(found.feature)] ?? undefined,
    },
    options,
  );
}

function interactions(set: ExplainedSet, at: number, options: PlotOptions): Plot {
  const { model, background, explanations, rows, output } = set;
  const found = pairExplainer(model, explanations[at]?.method, background).explain(rows[at] ?? []);
  return interactionPlot(
    { features: model.featureNames, interactions: found.interactions[output] ?? [] },
    options,
  );
}

function ladder(
  set: ExplainedSet,
  at: number,
  task: PlotTask,
  command: Command,
  options: PlotOptions,
): Plot {
  const { model, rows, explanations, output } = set;
  const search = counterfactualsOf(model, { ...task, counterfactual: true }, command);
  const found = search?.search(rows[at] ?? []);
  if (found === undefined)
    return command.error('error: --plot counterfactual needs --mutable FILE');
  const { probability, score } = explanations[at] ?? {};
  const now = found.goal.measure === 'probability' ? probability?.[output] : score?.[output];
  return counterfactualPlot(
    {
      found,
      now: now ?? NaN,
      categories: (feature) => model.categories[model.featureNames.indexOf(feature)] ?? undefined,
    },
    options,
  );
}
