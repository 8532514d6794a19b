import { extent, quantileSorted } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import { AXIS_HEIGHT, bottomAxis, leftAxis, leftAxisRoom, wordAxis } from './axis.ts';
import type { Scale } from './axis.ts';
import { checkCount, checkNumbers, checkWords, MOST_NUMBERS, refuse } from './data.ts';
import { decimalsFor, numberText } from './numbers.ts';
import { checkedOptions, framed, MARGIN, TYPE } from './plot.ts';
import type { CheckedOptions, Drawing, Plot, PlotOptions } from './plot.ts';
import { label } from './text.ts';
import { coordinate, element } from './xml.ts';

/** What a model says as one feature goes over a grid. */
export interface CurveData {
  readonly feature: string;
  /** ascending, [points] */
  readonly grid: ArrayLike<number>;
  /** mean prediction at each point, [points] */
  readonly average: ArrayLike<number>;
  /** a curve a row, [rows × points], row-major */
  readonly individual?: ArrayLike<number> | undefined;
  /** the rows' own values, for the marks below the curves */
  readonly values?: ArrayLike<number> | undefined;
  /** words of the grid's points, for a category */
  readonly words?: readonly string[] | undefined;
  /** `partial dependence` unless it is said */
  readonly name?: string;
}

const PLOT_HEIGHT = 260;
const RUG = 14;
const MOST_CURVES = 500;
const QUANTILES = 9;

/**
 * Partial dependence as one bold line; the curves of single rows (ICE) thin behind it, every nth where there are more than
 * 500. Marks below stand at the deciles of the rows' own values: where there are none, the curve is a guess.
 *
 * @throws ExplainError PLOT_DATA, PLOT_OPTION
 */
export function curvePlot(data: CurveData, options: PlotOptions = {}): Plot {
  const checked = checkedOptions(options);
  const rows = checkCurves(data);
  const { name = 'partial dependence', feature } = data;
  const [low = NaN, high = NaN] = extent(Array.from(data.average));
  const decimals = decimalsFor([low, high]);
  const drawn = Math.min(rows, MOST_CURVES);
  const few = drawn < rows ? `${drawn} of ${rows}` : String(rows);
  return framed(
    {
      title: checked.title ?? `What the model says as ${feature} changes`,
      subtitle: `Bold: ${name}, ${checked.unit}${rows > 0 ? `; thin: ${few} single rows` : ''}`,
      description: `The ${name} of ${feature} goes from ${numberText(data.average[0] ?? NaN, decimals)} to ${numberText(data.average[data.grid.length - 1] ?? NaN, decimals)} ${checked.unit}, within ${numberText(low, decimals)} and ${numberText(high, decimals)}.`,
      table: tableOf(data, rows, name),
      drawing: drawing(data, rows, checked),
    },
    checked,
  );
}

/** How many curves of single rows. */
function checkCurves({ feature, grid, average, individual, values, words }: CurveData): number {
  const points = grid.length;
  checkCount('points of the grid', points, 1, 10_000);
  checkNumbers('points of the grid', grid, points);
  for (let at = 1; at < points; at++)
    if (!((grid[at] ?? NaN) > (grid[at - 1] ?? NaN)))
      refuse('a grid out of order', 'ascending points');
  checkNumbers('averages', average, points);
  checkWords('features', [feature, ...(words ?? [])]);
  if (words !== undefined) checkCount('words of the grid', words.length, points, points);
  if (values !== undefined) checkNumbers('values', values, values.length, 'missing allowed');
  if (individual === undefined) return 0;
  checkCount('numbers of curves', individual.length, points, MOST_NUMBERS);
  if (individual.length % points !== 0)
    refuse(`${individual.length} numbers of curves`, `a multiple of ${points}`);
  checkNumbers('curves', individual, individual.length);
  return individual.length / points;
}

function tableOf(
  { feature, grid, average, individual, words }: CurveData,
  rows: number,
  name: string,
): Plot['table'] {
  const points = grid.length;
  return {
    caption: `${name} of ${feature}`,
    columns: [feature, name, ...Array.from({ length: rows }, (_, row) => `row ${row + 1}`)],
    rows: Array.from(grid, (value, at) => [
      words?.[at] ?? value,
      average[at] ?? NaN,
      ...Array.from({ length: rows }, (_, row) => individual?.[row * points + at] ?? NaN),
    ]),
  };
}

function drawing(data: CurveData, rows: number, checked: CheckedOptions): Drawing {
  const { grid, average, individual = [], words } = data;
  const points = grid.length;
  const top = 6;
  const bottom = top + PLOT_HEIGHT;
  const [low = 0, high = 0] = extent([...Array.from(average), ...Array.from(individual)]);
  const y = scaleLinear(low === high ? [low - 1, high + 1] : [low, high], [bottom - 8, top + 24]);
  const left = MARGIN + leftAxisRoom(y);
  const x = acrossScale(data, left + 10, checked.width - MARGIN - 10);
  const places = words === undefined ? Array.from(grid) : words.map((_, at) => at);
  const path = (values: ArrayLike<number>, from: number): string =>
    line<number>(
      (_, at) => x(places[at] ?? NaN),
      (_, at) => y(values[from + at] ?? NaN),
    ).digits(2)(places) ?? '';
  const each = Math.max(1, Math.ceil(rows / MOST_CURVES));
  const thin = Array.from({ length: Math.ceil(rows / each) }, (_, at) =>
    path(individual, at * each * points),
  );
  const axis = bottom + RUG;
  return {
    height: axis + AXIS_HEIGHT,
    body:
      leftAxis({ scale: y, x: left, right: checked.width - MARGIN }) +
      acrossAxis(data, x, axis) +
      (thin.length === 0
        ? ''
        : element('path', {
            d: thin.join(''),
            class: 'sc-ice s-axis',
            fill: 'none',
            'stroke-width': thin.length > 60 ? '0.5' : '0.9',
          })) +
      (words === undefined && points > 1
        ? bold(path(average, 0))
        : pointsOf(places, average, x, y)) +
      (words === undefined ? rug(data, x, axis) : ''),
  };
}

function acrossScale({ grid, words }: CurveData, from: number, to: number): Scale {
  if (words !== undefined) return scaleLinear([-0.4, words.length - 0.6], [from, to]);
  const [low = 0, high = 0] = extent(Array.from(grid));
  return scaleLinear(low === high ? [low - 1, high + 1] : [low, high], [from, to]);
}

function acrossAxis({ feature, words }: CurveData, scale: Scale, y: number): string {
  return words === undefined
    ? bottomAxis({ scale, y, top: y, title: feature })
    : wordAxis(words, feature, scale, y);
}

/** The deciles of the rows' own values within the grid. */
function rug({ values = [] }: CurveData, x: Scale, y: number): string {
  const sorted = Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort((a, b) => a - b);
  if (sorted.length === 0) return '';
  const [low = NaN, high = NaN] = x.domain();
  const marks = Array.from(
    { length: QUANTILES },
    (_, at) => quantileSorted(sorted, (at + 1) / (QUANTILES + 1)) ?? NaN,
  )
    .filter((value) => value >= low && value <= high)
    .map((value) => `M${coordinate(x(value))} ${coordinate(y)}v-9`);
  return element('path', {
    d: marks.join('') || 'M0 0',
    class: 'sc-rug s-muted',
    fill: 'none',
    'stroke-width': '1.5',
  });
}

/** The average, kept apart from the thin curves by a seam of paper. */
function bold(d: string): string {
  const line = { d, fill: 'none', 'stroke-linejoin': 'round' };
  return (
    element('path', { ...line, class: 's-paper', 'stroke-width': '6' }) +
    element('path', { ...line, class: 'sc-average s-even', 'stroke-width': '3' })
  );
}

/** Categories have no order: a dot each with its number, and no line between them. */
function pointsOf(
  places: readonly number[],
  average: ArrayLike<number>,
  x: Scale,
  y: Scale,
): string {
  const decimals = decimalsFor(Array.from(average));
  return places
    .map((place, at) => {
      const value = average[at] ?? NaN;
      return (
        element('circle', { cx: x(place), cy: y(value), r: 5.5, class: 'sc-point f-even' }) +
        label(numberText(value, decimals), 120, TYPE.tiny, {
          x: x(place),
          y: y(value) - 10,
          'text-anchor': 'middle',
          class: 'f-ink',
        })
      );
    })
    .join('');
}
