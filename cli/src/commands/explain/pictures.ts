import {
  barPlot,
  beeswarmPlot,
  counterfactualPlot,
  curveOf,
  curvePlot,
  decisionPlot,
  dependenceOf,
  dependencePlot,
  factsLine,
  forcePlot,
  interactionPlot,
  interactionsOf,
  meanSizes,
  numberOf,
  rowDataOf,
  rowsDataOf,
  waterfallPlot,
} from '@showcause/explain/plots';
import type { ExplainedSet, Plot, PlotOptions } from '@showcause/explain/plots';
import type { Command } from 'commander';
import { counterfactualsOf } from './counterfactuals.ts';
import type { PlotTask } from './plot-rows.ts';

/** The picture that was asked for. @throws ExplainError PLOT_*, EXPLAIN_METHOD, COUNTERFACTUAL_* */
export async function pictureOf(
  set: ExplainedSet,
  task: PlotTask,
  command: Command,
): Promise<Plot> {
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
        ? meanBar(set, options)
        : barPlot(rowDataOf(set, at), options);
    case 'waterfall':
      return waterfallPlot(rowDataOf(set, at), options);
    case 'force':
      return forcePlot(rowDataOf(set, at), options);
    case 'beeswarm':
      return beeswarmPlot(rowsDataOf(set), options);
    case 'dependence':
      return dependencePlot(dependenceOf(set, task.feature), options);
    case 'pdp':
      return curvePlot(await curveOf(set, task.feature), options);
    case 'interactions':
      return interactionPlot(interactionsOf(set, at), options);
    case 'decision':
      return decisionPlot(
        { ...rowsDataOf(set), ...(task.row === undefined ? {} : { highlight: at }) },
        options,
      );
    case 'counterfactual':
      return ladder(set, at, task, command, options);
  }
}

function meanBar(set: ExplainedSet, options: PlotOptions): Plot {
  const data = rowsDataOf(set);
  return barPlot({ features: data.features, attributions: meanSizes(data), of: 'mean' }, options);
}

function ladder(
  set: ExplainedSet,
  at: number,
  task: PlotTask,
  command: Command,
  options: PlotOptions,
): Plot {
  const { model, rows } = set;
  const search = counterfactualsOf(model, { ...task, counterfactual: true }, command);
  const found = search?.search(rows[at] ?? []);
  if (found === undefined)
    return command.error('error: --plot counterfactual needs --mutable FILE');
  return counterfactualPlot(
    {
      found,
      now: numberOf(set, at, found.goal.measure),
      categories: (feature) => model.categories[model.featureNames.indexOf(feature)] ?? undefined,
    },
    options,
  );
}
