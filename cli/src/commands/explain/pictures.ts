import {
  barPlot,
  beeswarmPlot,
  counterfactualPlot,
  curveOf,
  curvePlot,
  decisionPlot,
  dependenceOf,
  dependencePlot,
  forcePlot,
  imagePlot,
  interactionPlot,
  interactionsOf,
  ladderDataOf,
  meanDataOf,
  plotOptionsOf,
  rowDataOf,
  rowsDataOf,
  waterfallPlot,
} from '@showcause/explain/plots';
import { ExplainError } from '@showcause/explain';
import type { ExplainedSet, ImageCells, Plot, PlotOptions } from '@showcause/explain/plots';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { counterfactualsOf } from './counterfactuals.ts';
import type { PlottedSet, PlotTask } from './plot-rows.ts';

/** The picture that was asked for. @throws ExplainError PLOT_*, EXPLAIN_METHOD, COUNTERFACTUAL_* */
export async function pictureOf(
  io: Io,
  set: PlottedSet,
  task: PlotTask,
  command: Command,
): Promise<Plot> {
  const options = optionsOf(set, task);
  const at = (task.row ?? 1) - 1;
  switch (task.plot) {
    case 'bar':
      return task.row === undefined && set.rows.length > 1
        ? barPlot(meanDataOf(set), options)
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
      return curvePlot(
        await curveOf(set, task.feature, { ...task.asking, signal: io.signal }),
        options,
      );
    case 'interactions':
      return interactionPlot(interactionsOf(set, at), options);
    case 'decision':
      return decisionPlot(
        { ...rowsDataOf(set), ...(task.row === undefined ? {} : { highlight: at }) },
        options,
      );
    case 'image':
      return imagePlot(pixelsOf(set, at, task, command), options);
    case 'counterfactual':
      return ladder(set, at, task, command, options);
  }
}

function optionsOf(set: PlottedSet, { width }: PlotTask): PlotOptions {
  const options = plotOptionsOf(set, width);
  if (!(set.bound > 0)) return options;
  const off = `sampled: each attribution is within ±${set.bound.toPrecision(2)}, at 95 %`;
  return { ...options, notes: [...(options.notes ?? []), off] };
}

/** Features of a row as pixels, their channels together; refused where they are not as many. */
function pixelsOf(set: PlottedSet, at: number, { shape }: PlotTask, command: Command): ImageCells {
  if (shape === undefined) return command.error('error: --plot image needs --shape HEIGHTxWIDTH');
  const { height, width, channels } = shape;
  const own = set.explanations[at]?.attributions[set.output] ?? [];
  if (own.length !== height * width * channels)
    throw new ExplainError('EXPLAIN_IMAGE', {
      got: `${own.length} features for ${height} × ${width} × ${channels}`,
      want: 'as many',
    });
  const attributions = new Float64Array(height * width);
  own.forEach((value, feature) => {
    const pixel = Math.floor(feature / channels);
    attributions[pixel] = (attributions[pixel] ?? 0) + value;
  });
  return { columns: width, rows: height, attributions };
}

function ladder(
  set: ExplainedSet,
  at: number,
  task: PlotTask,
  command: Command,
  options: PlotOptions,
): Plot {
  const { model, rows } = set;
  if (model.kind === 'predicted')
    return command.error('error: --plot counterfactual needs --model FILE');
  const search = counterfactualsOf(model, { ...task, counterfactual: true }, command);
  const found = search?.search(rows[at] ?? []);
  if (found === undefined)
    return command.error('error: --plot counterfactual needs --mutable FILE');
  return counterfactualPlot(ladderDataOf(set, at, found), options);
}
