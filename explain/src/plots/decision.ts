import { scaleLinear } from 'd3-scale';
import { AXIS_HEIGHT, bottomAxis } from './axis.ts';
import type { Scale } from './axis.ts';
import { checkCount, checkRows, meanSizes } from './data.ts';
import type { RowsData } from './data.ts';
import { featureRows } from './feature-rows.ts';
import { decimalsFor, numberText } from './numbers.ts';
import { checkedOptions, framed, MARGIN, TYPE } from './plot.ts';
import type { CheckedOptions, Drawing, Plot, PlotOptions } from './plot.ts';
import { othersName, ranked, sumOf } from './ranking.ts';
import { ellipsized, label, textWidth } from './text.ts';
import { coordinate, element } from './xml.ts';
import type { Attributes } from './xml.ts';

/** Rows whose way from the base value to the score is drawn. */
export interface DecisionData extends Omit<RowsData, 'values'> {
  /** a name of each row, for the table */
  readonly names?: readonly string[];
  /** a row that is drawn last, bold and with its score; 0 where there is but one */
  readonly highlight?: number;
}

const BAND = 30;
const TOP = 28;
const MOST_ROWS = 2_000;
/** Up to this many rows each has a dash pattern of its own. */
const DASHES = ['', '7 3', '2 3', '9 3 2 3', '4 2', '1 2'];

/**
 * A line a row, from the base value at the bottom to its score at the top; at each feature it moves by that attribution.
 * Features by mean size, the largest at the top.
 *
 * @throws ExplainError PLOT_DATA, PLOT_OPTION
 */
export function decisionPlot(data: DecisionData, options: PlotOptions = {}): Plot {
  const checked = checkedOptions(options);
  const rows = checkRows({ ...data, values: data.attributions });
  checkCount('rows', rows, 1, MOST_ROWS);
  const highlight = data.highlight ?? (rows === 1 ? 0 : null);
  if (highlight !== null) checkCount('as the row to highlight', highlight, 0, rows - 1);
  const ways = waysOf(data, rows, checked.maxDisplay);
  const scores = ways.lines.map((line) => line[0] ?? NaN);
  const decimals = decimalsFor([...scores, data.baseValue]);
  const { unit } = checked;
  return framed(
    {
      title: checked.title ?? 'How scores come about',
      subtitle: `From the base value (below) to the score (above), ${unit}; ${rows} ${rows === 1 ? 'row' : 'rows'}`,
      description: `Decision plot of ${rows} rows from the base value ${numberText(data.baseValue, decimals)} to scores from ${numberText(Math.min(...scores), decimals)} to ${numberText(Math.max(...scores), decimals)}, ${unit}.`,
      table: {
        caption: `Attributions of each row, ${unit}`,
        columns: ['row', 'base value', ...data.features, 'score'],
        rows: scores.map((score, row) => [
          data.names?.[row] ?? `row ${row + 1}`,
          data.baseValue,
          ...data.features.map(
            (_, at) => data.attributions[row * data.features.length + at] ?? NaN,
          ),
          score,
        ]),
      },
      drawing: drawing(
        ways,
        { base: data.baseValue, highlight, decimals, names: data.names },
        checked,
      ),
    },
    checked,
  );
}

interface Ways {
  readonly names: readonly string[];
  /** scores of each row above each feature, the top first, the base value last */
  readonly lines: readonly (readonly number[])[];
}

function waysOf(data: DecisionData, rows: number, most: number): Ways {
  const count = data.features.length;
  const order = ranked(meanSizes({ ...data, values: [] }), most);
  const names = order.shown.map((at) => data.features[at] ?? '');
  if (order.others.length > 0) names.push(othersName(order));
  const attributions = Float64Array.from(data.attributions);
  const lines = Array.from({ length: rows }, (_, row) => {
    const own = attributions.subarray(row * count, (row + 1) * count);
    const steps = order.shown.map((at) => own[at] ?? NaN);
    if (order.others.length > 0) steps.push(sumOf(own, order.others));
    let score = data.baseValue;
    const way = [score];
    for (const step of steps.reverse()) way.push((score += step));
    return way.reverse();
  });
  return { names, lines };
}

interface Marking {
  readonly base: number;
  readonly highlight: number | null;
  readonly decimals: number;
  /** of the rows */
  readonly names: readonly string[] | undefined;
}

function drawing(
  { names, lines }: Ways,
  { base, highlight, decimals, names: rowNames }: Marking,
  checked: CheckedOptions,
): Drawing {
  const rows = featureRows(
    names.map((name) => ({ name })),
    checked,
    BAND,
  );
  let [low, high] = [base, base];
  for (const line of lines)
    for (const value of line) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const scale = scaleLinear(low === high ? [low - 1, high + 1] : [low, high], [
    rows.left + 10,
    rows.right - 10,
  ]);
  const heights = [...names.map((_, row) => rows.middle(row) - BAND / 2), rows.height].map(
    (y) => TOP + y,
  );
  const y = TOP + rows.height + 6;
  const order = lines.map((_, row) => row).filter((row) => row !== highlight);
  const bold = highlight === null ? [] : [highlight];
  const legend = legendOf(lines, highlight, rowNames, y + AXIS_HEIGHT, checked);
  return {
    height: y + AXIS_HEIGHT + legend.height,
    body:
      bottomAxis({ scale, y, top: TOP, title: checked.unit }) +
      element('path', {
        d: `M${coordinate(scale(base))} ${coordinate(TOP)}V${coordinate(y)}`,
        class: 'sc-base s-axis',
        fill: 'none',
        'stroke-dasharray': '3 3',
      }) +
      order.map((row) => way(lines[row] ?? [], heights, scale, lines.length, row)).join('') +
      bold.map((row) => boldWay(lines[row] ?? [], heights, scale, decimals, checked)).join('') +
      element('g', { transform: `translate(0 ${TOP})` }, rows.names()) +
      legend.body,
  };
}

const SAMPLE = 34;
const LEGEND_LINE = 20;

/** Which line is whose, where each row has a line of its own kind. */
function legendOf(
  lines: Ways['lines'],
  highlight: number | null,
  names: readonly string[] | undefined,
  top: number,
  { width }: CheckedOptions,
): Drawing {
  if (lines.length < 2 || lines.length > DASHES.length) return { height: 0, body: '' };
  const room = width - 2 * MARGIN;
  let [x, y] = [MARGIN, top + 12];
  const body = lines.map((line, row) => {
    const name = ellipsized(names?.[row] ?? `row ${row + 1}`, TYPE.small, room - SAMPLE - 8);
    const wide = SAMPLE + 8 + textWidth(name, TYPE.small);
    if (x > MARGIN && x + wide > width - MARGIN) [x, y] = [MARGIN, y + LEGEND_LINE];
    const d = `M${coordinate(x)} ${coordinate(y)}h${SAMPLE}`;
    const drawn =
      element('path', { d, ...strokeOf(line, row, lines.length, row === highlight, 'sc-key') }) +
      label(name, wide, TYPE.small, { x: x + SAMPLE + 8, y: y + 4, class: 'f-ink' });
    x += wide + 18;
    return drawn;
  });
  return { height: y - top + 8, body: body.join('') };
}

/** Higher scores than the base value in one colour, lower in another: where the line ends says the same. */
function strokeOf(
  line: readonly number[],
  row: number,
  count: number,
  isBold: boolean,
  kind: 'sc-way' | 'sc-key',
): Attributes {
  const common = { fill: 'none', 'stroke-linejoin': 'round' };
  if (isBold) return { ...common, class: `${kind} sc-bold s-ink`, 'stroke-width': '3' };
  const isUp = (line[0] ?? 0) >= (line.at(-1) ?? 0);
  return {
    ...common,
    class: `${kind} ${isUp ? 's-plus' : 's-minus'}`,
    'stroke-width': count > 40 ? '0.8' : '1.5',
    'stroke-dasharray': count <= DASHES.length ? DASHES[row] || undefined : undefined,
  };
}

function pathOf(line: readonly number[], heights: readonly number[], scale: Scale): string {
  return line
    .map(
      (value, at) =>
        `${at === 0 ? 'M' : 'L'}${coordinate(scale(value))} ${coordinate(heights[at] ?? NaN)}`,
    )
    .join('');
}

function way(
  line: readonly number[],
  heights: readonly number[],
  scale: Scale,
  count: number,
  row: number,
): string {
  const d = pathOf(line, heights, scale);
  return element('path', { d, ...strokeOf(line, row, count, false, 'sc-way') });
}

function boldWay(
  line: readonly number[],
  heights: readonly number[],
  scale: Scale,
  decimals: number,
  { width }: CheckedOptions,
): string {
  const [score = NaN] = line;
  const x = scale(score);
  return (
    element('path', {
      d: pathOf(line, heights, scale),
      ...strokeOf(line, 0, 1, true, 'sc-way'),
    }) +
    line
      .slice(0, -1)
      .map((value, at) =>
        element('circle', { cx: scale(value), cy: heights[at] ?? NaN, r: 3.5, class: 'f-ink' }),
      )
      .join('') +
    label(`f(x) = ${numberText(score, decimals)}`, 160, TYPE.text, {
      x: Math.min(width - 70, Math.max(70, x)),
      y: TOP - 12,
      'text-anchor': 'middle',
      'font-weight': '600',
      class: 'f-ink',
    })
  );
}
