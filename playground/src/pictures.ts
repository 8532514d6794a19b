import { counterfactualSearch } from '@showcause/explain';
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
  interactionPlot,
  interactionsOf,
  ladderDataOf,
  meanDataOf,
  plotOptionsOf,
  rowDataOf,
  rowsDataOf,
  waterfallPlot,
} from '@showcause/explain/plots';
import type { Plot, PlotOptions } from '@showcause/explain/plots';
import type { Work } from './work.ts';

/** What is looked at; rows from 0. */
export interface View {
  readonly row: number;
  /** a second row beside it; null for none */
  readonly other: number | null;
  readonly feature: string | undefined;
  /** the outcome turns here, in the model's probability or else score; lower is wanted unless `wantsHigh` */
  readonly threshold: number;
  readonly wantsHigh: boolean;
  readonly width: number;
}

/** There is no such picture of this row, and that is no fault: the message says why. */
export class NothingToDraw extends Error {}

type Draw = (work: Work, view: View, options: PlotOptions) => Plot | Promise<Plot>;

/** Rows of a decision plot at most. */
const MOST_WAYS = 200;

/** Every picture of the page, by its name there. */
export const pictures: Readonly<Record<string, Draw>> = {
  Waterfall: (work, { row }, options) => waterfallPlot(rowDataOf(work, row), options),
  Bars: (work, { row }, options) => barPlot(rowDataOf(work, row), options),
  Force: (work, { row }, options) => forcePlot(rowDataOf(work, row), options),
  Compare: (work, { row, other }, options) => compared(work, row, other ?? row, options),
  'What would change it': ladder,
  Interactions: (work, { row }, options) => interactionPlot(interactionsOf(work, row), options),
  Beeswarm: (work, _view, options) => beeswarmPlot(rowsDataOf(work), options),
  Importance: (work, _view, options) => barPlot(meanDataOf(work), options),
  Dependence: (work, { feature }, options) => dependencePlot(dependenceOf(work, feature), options),
  'Partial dependence': async (work, { feature }, options) =>
    curvePlot(await curveOf(work, feature), options),
  Decision: (work, { row }, options) => {
    const others = work.rows.map((_, at) => at).filter((at) => at !== row);
    const chosen = [row, ...others.slice(0, MOST_WAYS - 1)];
    return decisionPlot(
      { ...rowsDataOf(work, chosen), names: chosen.map(nameOf), highlight: 0 },
      options,
    );
  },
};

/** @throws ExplainError */
export async function drawn(kind: string, work: Work, view: View): Promise<Plot> {
  const draw = pictures[kind] ?? pictures['Waterfall'];
  if (draw === undefined) throw new Error(`no picture ${kind}`);
  return draw(work, view, plotOptionsOf(work, view.width));
}

export function nameOf(row: number): string {
  return `row ${row + 1}`;
}

function compared(work: Work, row: number, other: number, options: PlotOptions): Plot {
  const rows = row === other ? [row] : [row, other];
  return decisionPlot(
    { ...rowsDataOf(work, rows), names: rows.map(nameOf), highlight: 0 },
    {
      ...options,
      title:
        row === other
          ? `The way of ${nameOf(row)}`
          : `${nameOf(row)} (bold) beside ${nameOf(other)}`,
    },
  );
}

function ladder(work: Work, view: View, options: PlotOptions): Plot {
  const { model, rows, explanations } = work;
  const measure = explanations[view.row]?.probability === null ? 'score' : 'probability';
  const goal = view.wantsHigh ? { atLeast: view.threshold } : { below: view.threshold };
  const found = counterfactualSearch(model, { measure, ...goal }, work.mutable).search(
    rows[view.row] ?? [],
  );
  if (found.status === 'met')
    throw new NothingToDraw(
      `${nameOf(view.row)} has the wanted outcome already: choose another row or threshold.`,
    );
  if (found.status === 'none')
    throw new NothingToDraw(
      `No change within the bounds gives ${nameOf(view.row)} the wanted outcome.`,
    );
  return counterfactualPlot(ladderDataOf(work, view.row, found), options);
}
