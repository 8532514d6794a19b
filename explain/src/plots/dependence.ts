import { bin, extent } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { AXIS_HEIGHT, bottomAxis, leftAxis, leftAxisRoom, wordAxis } from './axis.ts';
import type { Scale } from './axis.ts';
import { ramp } from './colours.ts';
import { checkCategories, checkCount, checkNumbers, checkWords, MOST_NUMBERS } from './data.ts';
import { laneStep, lanesOf } from './dodge.ts';
import { checkedOptions, framed, MARGIN, TYPE } from './plot.ts';
import type { CheckedOptions, Drawing, Plot, PlotOptions } from './plot.ts';
import { tendency } from './summary.ts';
import { label } from './text.ts';
import { rampLegend, valueSteps } from './value-colour.ts';
import { coordinate, element } from './xml.ts';

/** One feature over many rows of one output. */
export interface DependenceData {
  readonly feature: string;
  /** [rows]; NaN is missing */
  readonly values: ArrayLike<number>;
  /** [rows] */
  readonly attributions: ArrayLike<number>;
  /** words of the codes, for a category */
  readonly categories?: readonly string[] | undefined;
  /** another feature, whose values colour the dots */
  readonly by?: { readonly feature: string; readonly values: ArrayLike<number> } | undefined;
}

const DOT = 4.5;
const PLOT_HEIGHT = 260;
const BINS = 24;
const HISTOGRAM = 34;
const MISSING_STRIP = 44;
const LEGEND_LINE = 24;

/**
 * A dot a row: the value of a feature against its attribution, the histogram of the values below; where `by` is given, dark
 * dots have high values of that other feature. Rows where the feature is missing stand in a strip of their own at the left.
 *
 * @throws ExplainError PLOT_DATA, PLOT_OPTION
 */
export function dependencePlot(data: DependenceData, options: PlotOptions = {}): Plot {
  const checked = checkedOptions(options);
  const rows = data.values.length;
  checkCount('rows', rows, 1, MOST_NUMBERS);
  checkWords('features', [data.feature, data.by?.feature ?? '']);
  checkCategories(data.categories);
  checkNumbers('values', data.values, rows, 'missing allowed');
  checkNumbers('attributions', data.attributions, rows);
  if (data.by !== undefined)
    checkNumbers('values of the other feature', data.by.values, rows, 'missing allowed');
  const way = tendency(Float64Array.from(data.values), Float64Array.from(data.attributions));
  return framed(
    {
      title: checked.title ?? `How ${data.feature} counts`,
      subtitle: `Attribution of ${data.feature}, ${checked.unit}, by its value: a dot for each of ${rows} rows`,
      description: `Dependence of ${rows} rows: higher values of ${data.feature} ${way === 'no clear way' ? 'push in no clear way' : way.replace('it', 'the score')}.`,
      table: {
        caption: `Attributions of ${data.feature}, ${checked.unit}`,
        columns: [
          data.feature,
          `attribution, ${checked.unit}`,
          ...(data.by === undefined ? [] : [data.by.feature]),
        ],
        rows: Array.from(data.values, (value, row) => [
          wordOf(data, value),
          data.attributions[row] ?? NaN,
          ...(data.by === undefined ? [] : [data.by.values[row] ?? NaN]),
        ]),
      },
      drawing: drawing(data, checked),
    },
    checked,
  );
}

function wordOf({ categories }: DependenceData, value: number): string | number {
  return categories?.[value] ?? value;
}

function drawing(data: DependenceData, checked: CheckedOptions): Drawing {
  const top = data.by === undefined ? 6 : LEGEND_LINE + 6;
  const bottom = top + PLOT_HEIGHT;
  const [low = 0, high = 0] = extent(Float64Array.from(data.attributions));
  const y = scaleLinear(low === high ? [low - 1, high + 1] : [low, high], [bottom - 6, top + 6]);
  const hasMissing = Array.from(data.values).some(Number.isNaN);
  const left = MARGIN + leftAxisRoom(y);
  const x = acrossScale(
    data,
    left + (hasMissing ? MISSING_STRIP : 0) + 8,
    checked.width - MARGIN - 8,
  );
  const zero =
    low <= 0 && high >= 0
      ? element('path', {
          d: `M${coordinate(left)} ${coordinate(y(0))}H${coordinate(checked.width - MARGIN)}`,
          class: 's-axis',
          fill: 'none',
        })
      : '';
  return {
    height: bottom + HISTOGRAM + AXIS_HEIGHT,
    body:
      (data.by === undefined ? '' : rampLegend(data.by.feature, checked.width - MARGIN, 2)) +
      leftAxis({ scale: y, x: left, right: checked.width - MARGIN }) +
      acrossAxis(data, x, bottom + HISTOGRAM) +
      histogram(data, x, bottom + HISTOGRAM) +
      zero +
      (hasMissing ? missingStrip(left, top, bottom + HISTOGRAM) : '') +
      dots(data, x, y, left + MISSING_STRIP / 2),
  };
}

function acrossScale({ values, categories }: DependenceData, from: number, to: number): Scale {
  if (categories !== undefined) return scaleLinear([-0.5, categories.length - 0.5], [from, to]);
  const [low = 0, high = 0] = extent(Array.from(values).filter((value) => !Number.isNaN(value)));
  return scaleLinear(low === high ? [low - 1, high + 1] : [low, high], [from, to]);
}

/** Numbers for a number; words, as wide as there is room, for a category. */
function acrossAxis({ feature, categories }: DependenceData, scale: Scale, y: number): string {
  if (categories === undefined) return bottomAxis({ scale, y, top: y, title: feature });
  return wordAxis(categories, feature, scale, y);
}

/** How many rows have which values; its height is a share of the fullest bin. */
function histogram({ values, categories }: DependenceData, scale: Scale, y: number): string {
  const [low = 0, high = 0] = scale.domain();
  const known = Array.from(values).filter((value) => !Number.isNaN(value));
  const count = categories?.length ?? BINS;
  const inner = Array.from(
    { length: count - 1 },
    (_, at) => low + ((high - low) * (at + 1)) / count,
  );
  const bins = bin().domain([low, high]).thresholds(inner)(known);
  const most = Math.max(1, ...bins.map(({ length }) => length));
  const bars = bins
    .filter(({ length }) => length > 0)
    .map(({ x0 = 0, x1 = 0, length }) => {
      const height = (length / most) * (HISTOGRAM - 8);
      return `M${coordinate(scale(x0) + 0.5)} ${coordinate(y)}v${coordinate(-height)}H${coordinate(scale(x1) - 0.5)}V${coordinate(y)}Z`;
    });
  return element('path', { d: bars.join('') || 'M0 0', class: 'sc-histogram f-axis' });
}

function missingStrip(left: number, top: number, bottom: number): string {
  const right = left + MISSING_STRIP;
  return (
    element('path', {
      d: `M${coordinate(right)} ${coordinate(top)}V${coordinate(bottom)}`,
      class: 's-axis',
      fill: 'none',
      'stroke-dasharray': '2 3',
    }) +
    label('missing', MISSING_STRIP + 12, TYPE.tiny, {
      x: left + MISSING_STRIP / 2 - 2,
      y: bottom + 16,
      'text-anchor': 'middle',
      class: 'f-muted',
    })
  );
}

/** One path a colour; a feature's own missing values stand in the strip, those of the other feature are grey. */
function dots(data: DependenceData, x: Scale, y: Scale, missingAt: number): string {
  const steps = data.by === undefined ? null : valueSteps(data.by.values);
  const down = Float64Array.from(data.attributions, (value) => y(value));
  const across = acrossOf(data, x, down, missingAt);
  const paths = new Map<string, string>();
  for (let row = 0; row < down.length; row++) {
    const step =
      steps === null ? Math.floor(ramp.length / 2) : steps.of(data.by?.values[row] ?? NaN);
    const name = step < 0 ? 's-none' : `s-ramp${step}`;
    const place = `M${coordinate(across[row] ?? NaN)} ${coordinate(down[row] ?? NaN)}h0`;
    paths.set(name, (paths.get(name) ?? '') + place);
  }
  return element(
    'g',
    { fill: 'none', 'stroke-linecap': 'round', 'stroke-width': String(DOT) },
    ...[...paths]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, d]) => element('path', { d, class: `sc-dots ${name}` })),
  );
}

/** Numbers stand at their value. Rows of one category, and those without a value, move aside where they would cover each other. */
function acrossOf(
  data: DependenceData,
  x: Scale,
  down: Float64Array,
  missingAt: number,
): Float64Array {
  const { values, categories } = data;
  const across = Float64Array.from(values, (value) => (Number.isNaN(value) ? missingAt : x(value)));
  const columns = new Map<number, number[]>();
  for (let row = 0; row < values.length; row++) {
    const value = values[row] ?? NaN;
    if (categories === undefined && !Number.isNaN(value)) continue;
    const rows = columns.get(value);
    if (rows === undefined) columns.set(value, [row]);
    else rows.push(row);
  }
  for (const [value, rows] of columns) {
    const lanes = lanesOf(
      Float64Array.from(rows, (row) => down[row] ?? NaN),
      DOT,
    );
    const room = Number.isNaN(value) ? MISSING_STRIP - 8 : (x(1) - x(0)) * 0.8;
    const step = laneStep(lanes, DOT, room);
    rows.forEach((row, at) => (across[row] = (across[row] ?? NaN) + (lanes[at] ?? 0) * step));
  }
  return across;
}
