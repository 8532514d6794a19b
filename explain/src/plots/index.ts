export { barPlot } from './bar.ts';
export type { BarData } from './bar.ts';
export { beeswarmPlot } from './beeswarm.ts';
export { meanSizes } from './data.ts';
export type { RowData, RowsData } from './data.ts';
export type { Plot, PlotOptions } from './plot.ts';
export { tableCsv, tableHtml, tableText } from './table.ts';
export type { PlotTable } from './table.ts';
export { waterfallPlot } from './waterfall.ts';
