import type { RowData } from './data.ts';
import { ranked } from './ranking.ts';
import type { PlotTable } from './table.ts';

/** The base value and all attributions, summed from the smallest to the largest: where a waterfall ends. */
export function scoreOf({ attributions, baseValue }: RowData): number {
  return ranked(attributions, attributions.length).shown.reduceRight(
    (sum, at) => sum + (attributions[at] ?? NaN),
    baseValue,
  );
}

/** One row in words: the base value, every feature by magnitude, the score. */
export function rowTable(data: RowData, unit: string): PlotTable {
  const hasValues = data.values !== undefined;
  const blank = hasValues ? [''] : [];
  return {
    caption: `From the base value to the score, ${unit}`,
    columns: ['feature', ...(hasValues ? ['value'] : []), `attribution, ${unit}`],
    rows: [
      ['base value E[f(X)]', ...blank, data.baseValue],
      ...ranked(data.attributions, data.features.length).shown.map((at) => [
        data.features[at] ?? '',
        ...(hasValues ? [data.values?.[at] ?? ''] : []),
        data.attributions[at] ?? NaN,
      ]),
      ['score f(x)', ...blank, scoreOf(data)],
    ],
  };
}
