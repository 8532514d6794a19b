import { scaleLinear } from 'd3-scale';
import { AXIS_HEIGHT, bottomAxis, widened } from './axis.ts';
import { checkFeatures, checkNumbers, checkValueWords, refuse } from './data.ts';
import type { RowData } from './data.ts';
import { featureRows, namedValues, nameText } from './feature-rows.ts';
import type { NamedValue } from './feature-rows.ts';
import { decimalsFor, numberText, signedText } from './numbers.ts';
import { checkedOptions, framed, TYPE } from './plot.ts';
import type { Plot, PlotOptions } from './plot.ts';
import { ranked } from './ranking.ts';
import { textWidth } from './text.ts';
import { coordinate, element, escapeXml } from './xml.ts';

/** A number for each feature: attributions of a row, or importances over many. */
export interface BarData extends Pick<RowData, 'features' | 'values'> {
  /** [feature] */
  readonly attributions: ArrayLike<number>;
  /** what the numbers are: `mean` sizes have no sign */
  readonly of?: 'row' | 'mean';
}

const BAND = 28;
const THICK = 18;

/**
 * Bars by magnitude, the largest first: what counted in a row, to the right for more and to the left for less, or, with
 * `of: 'mean'`, how much each feature counts over many rows (`meanSizes`).
 *
 * @throws ExplainError PLOT_DATA, PLOT_OPTION
 */
export function barPlot(data: BarData, options: PlotOptions = {}): Plot {
  const checked = checkedOptions(options);
  checkFeatures(data.features);
  checkNumbers('attributions', data.attributions, data.features.length);
  checkValueWords(data.values, data.features.length);
  const isMean = data.of === 'mean';
  if (isMean && Array.from(data.attributions).some((value) => value < 0))
    refuse('a mean size below 0', 'means of absolute values');
  const bars = namedValues(data, checked.maxDisplay, 'Sum of ');
  const decimals = decimalsFor(bars.map(({ value }) => value));
  const word = (value: number): string =>
    isMean ? numberText(value, decimals) : signedText(value, decimals);
  const [first] = bars;
  const axisTitle = isMean ? `mean |attribution|, ${checked.unit}` : `attribution, ${checked.unit}`;
  const all = ranked(data.attributions, data.features.length).shown;
  return framed(
    {
      title: checked.title ?? (isMean ? 'What the model goes by' : 'What counted in this row'),
      subtitle: isMean
        ? `Mean size of the attributions, ${checked.unit}`
        : `Attributions, ${checked.unit}: right (+) raises the score, left (−) lowers it`,
      description: `Bars of ${data.features.length} features, the largest first. The largest is ${first === undefined ? '' : nameText(first.label)}: ${word(first?.value ?? NaN)}.`,
      table: {
        caption: axisTitle,
        columns: ['feature', ...(data.values === undefined ? [] : ['value']), axisTitle],
        rows: all.map((at) => [
          data.features[at] ?? '',
          ...(data.values === undefined ? [] : [data.values[at] ?? '']),
          data.attributions[at] ?? NaN,
        ]),
      },
      drawing: drawnBars(
        bars,
        word,
        (value) => (isMean ? 'f-even' : value < 0 ? 'f-minus' : 'f-plus'),
        axisTitle,
        checked,
      ),
    },
    checked,
  );
}

function drawnBars(
  bars: readonly NamedValue[],
  word: (value: number) => string,
  colour: (value: number) => string,
  axisTitle: string,
  checked: ReturnType<typeof checkedOptions>,
): { height: number; body: string } {
  const values = bars.map(({ value }) => value);
  const rows = featureRows(
    bars.map(({ label }) => label),
    checked,
    BAND,
  );
  const room = Math.max(...values.map((value) => textWidth(word(value), TYPE.small))) + 10;
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const scale = widened(
    scaleLinear(
      [low, low === high ? 1 : high],
      [rows.left + (low < 0 ? room : 0), rows.right - room],
    ),
    rows,
  );
  const marks = bars.map(({ value }, row) => {
    const [from, to] = [scale(Math.min(0, value)), scale(Math.max(0, value))];
    const middle = rows.middle(row);
    return (
      element('rect', {
        x: from,
        y: middle - THICK / 2,
        width: to - from,
        height: THICK,
        class: `sc-bar ${colour(value)}`,
      }) +
      element(
        'text',
        {
          x: value < 0 ? from - 5 : to + 5,
          y: middle + 4,
          'font-size': TYPE.small,
          'text-anchor': value < 0 ? 'end' : 'start',
          class: 'f-ink',
        },
        escapeXml(word(value)),
      )
    );
  });
  const zero = element('path', {
    d: `M${coordinate(scale(0))} 0V${coordinate(rows.height)}`,
    class: 's-axis',
    fill: 'none',
  });
  const y = rows.height + 4;
  return {
    height: y + AXIS_HEIGHT,
    body: bottomAxis({ scale, y, top: 0, title: axisTitle }) + marks.join('') + zero + rows.names(),
  };
}
