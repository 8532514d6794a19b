export { barPlot } from './bar.ts';
export type { BarData } from './bar.ts';
export { beeswarmPlot } from './beeswarm.ts';
export { counterfactualPlot } from './counterfactual.ts';
export type { LadderData } from './counterfactual.ts';
export { curvePlot } from './curves.ts';
export type { CurveData } from './curves.ts';
export { meanSizes } from './data.ts';
export type { RowData, RowsData } from './data.ts';
export { decisionPlot } from './decision.ts';
export type { DecisionData } from './decision.ts';
export { dependencePlot } from './dependence.ts';
export type { DependenceData } from './dependence.ts';
export {
  curveOf,
  dependenceOf,
  interactionsOf,
  ladderDataOf,
  meanDataOf,
  plotOptionsOf,
  rowDataOf,
  rowsDataOf,
  valueWord,
} from './explained.ts';
export type { ExplainedSet } from './explained.ts';
export { forcePlot } from './force.ts';
export { imagePlot } from './image.ts';
export type { ImageCells } from './image.ts';
export { interactionPlot } from './interactions.ts';
export type { InteractionData } from './interactions.ts';
export type { Plot, PlotOptions } from './plot.ts';
export { tableCsv, tableHtml, tableText } from './table.ts';
export type { PlotTable } from './table.ts';
export { waterfallPlot } from './waterfall.ts';
export { textPlot } from './words.ts';
export type { TextData } from './words.ts';
