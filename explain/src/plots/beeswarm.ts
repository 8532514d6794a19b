import { scaleLinear } from 'd3-scale';
import { AXIS_HEIGHT, bottomAxis } from './axis.ts';
import type { Scale } from './axis.ts';
import { ramp } from './colours.ts';
import { checkRows, meanSizes } from './data.ts';
import type { RowsData } from './data.ts';
import { laneStep, lanesOf } from './dodge.ts';
import { featureRows } from './feature-rows.ts';
import type { FeatureRows } from './feature-rows.ts';
import { decimalsFor, numberText } from './numbers.ts';
import { checkedOptions, framed, MARGIN } from './plot.ts';
import type { CheckedOptions, Drawing, Plot, PlotOptions } from './plot.ts';
import { othersName, ranked } from './ranking.ts';
import type { Ranked } from './ranking.ts';
import { summaryRow, summaryColumns } from './summary.ts';
import { cross, missingLegend, rampLegend, valueSteps } from './value-colour.ts';
import { coordinate, element } from './xml.ts';

interface Swarm {
  readonly name: string;
  /** [rows] */
  readonly attributions: Float64Array;
  /** [rows]; null for a sum of features */
  readonly values: Float64Array | null;
}

const BAND = 34;
/** Pixels across a dot. */
export const DOT = 5;
const LEGEND_LINE = 22;
/** Dots are drawn in this many interleaved layers, so that no colour always lies on top. */
const LAYERS = 4;

/**
 * A dot a row and feature, at its attribution, dark for high and light for low values of the feature, crosses where it is
 * missing. Features by mean size, the largest first. Dots that would cover each other move up or down, never sideways.
 *
 * @throws ExplainError PLOT_DATA, PLOT_OPTION
 */
export function beeswarmPlot(data: RowsData, options: PlotOptions = {}): Plot {
  const checked = checkedOptions(options);
  const rows = checkRows(data);
  const means = meanSizes(data);
  const order = ranked(means, checked.maxDisplay);
  const swarms = swarmsOf(data, rows, order);
  const decimals = decimalsFor(means);
  const [first = 0] = order.shown;
  return framed(
    {
      title: checked.title ?? 'What the model goes by, row by row',
      subtitle: `Attributions, ${checked.unit}, of ${rows} ${rows === 1 ? 'row' : 'rows'}: a dot each, right raises the score`,
      description: `Beeswarm of ${rows} rows and ${data.features.length} features. The largest on average is ${data.features[first] ?? ''}: mean size ${numberText(means[first] ?? NaN, decimals)} ${checked.unit}.`,
      table: {
        caption: `Attributions of ${rows} rows, ${checked.unit}`,
        columns: summaryColumns,
        rows: ranked(means, data.features.length).shown.map((at) =>
          summaryRow(
            data.features[at] ?? '',
            column(data.attributions, rows, at),
            column(data.values, rows, at),
          ),
        ),
      },
      drawing: drawing(swarms, checked),
    },
    checked,
  );
}

/** One column of a row-major array. */
function column(values: ArrayLike<number>, rows: number, at: number): Float64Array {
  const width = values.length / rows;
  return Float64Array.from({ length: rows }, (_, row) => values[row * width + at] ?? NaN);
}

function swarmsOf(data: RowsData, rows: number, order: Ranked): Swarm[] {
  const swarms: Swarm[] = order.shown.map((at) => ({
    name: data.features[at] ?? '',
    attributions: column(data.attributions, rows, at),
    values: column(data.values, rows, at),
  }));
  if (order.others.length === 0) return swarms;
  const sums = new Float64Array(rows);
  for (const at of order.others)
    column(data.attributions, rows, at).forEach(
      (value, row) => (sums[row] = (sums[row] ?? 0) + value),
    );
  return [...swarms, { name: `Sum of ${othersName(order)}`, attributions: sums, values: null }];
}

function drawing(swarms: readonly Swarm[], checked: CheckedOptions): Drawing {
  const rows = featureRows(
    swarms.map(({ name }) => ({ name })),
    checked,
    BAND,
  );
  const scale = scaleFor(swarms, rows);
  const hasMissing = swarms.some(({ values }) => values?.some(Number.isNaN) === true);
  const isStacked = hasMissing && checked.isNarrow;
  const top = LEGEND_LINE * (isStacked ? 2 : 1);
  const y = top + rows.height + 4;
  return {
    height: y + AXIS_HEIGHT,
    body:
      rampLegend('Value', checked.width - MARGIN, 2) +
      (hasMissing ? missingLegend(isStacked ? 2 + LEGEND_LINE : 2) : '') +
      bottomAxis({ scale, y, top, title: `attribution, ${checked.unit}` }) +
      element(
        'g',
        { transform: `translate(0 ${top})` },
        element('path', {
          d: `M${coordinate(scale(0))} 0V${coordinate(rows.height)}`,
          class: 's-axis',
          fill: 'none',
        }),
        element(
          'g',
          { fill: 'none', 'stroke-linecap': 'round', 'stroke-width': String(DOT) },
          ...swarms.map((swarm, row) => dots(swarm, rows.middle(row), scale)),
        ),
        rows.names(),
      ),
  };
}

function scaleFor(swarms: readonly Swarm[], { left, right }: FeatureRows): Scale {
  let [low, high] = [0, 0];
  for (const { attributions } of swarms)
    for (const value of attributions) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  return scaleLinear(low === high ? [-1, 1] : [low, high], [left + DOT, right - DOT]);
}

/** Dots as strokes of no length with round ends: a few bytes each. */
function dots({ attributions, values }: Swarm, middle: number, scale: Scale): string {
  const x = attributions.map((value) => scale(value));
  const lanes = lanesOf(x, DOT);
  const step = laneStep(lanes, DOT, BAND - 2);
  const steps = values === null ? null : valueSteps(values);
  const paths = new Map<string, string[]>();
  for (let layer = 0; layer < LAYERS; layer++)
    for (let row = layer; row < x.length; row += LAYERS) {
      const at =
        steps === null || values === null
          ? Math.floor(ramp.length / 2)
          : steps.of(values[row] ?? NaN);
      const key = `${layer}:${values === null ? 'none' : at}`;
      const y = middle + (lanes[row] ?? 0) * step;
      const list = paths.get(key) ?? [];
      paths.set(key, list);
      list.push(at < 0 ? cross(x[row] ?? 0, y) : `M${coordinate(x[row] ?? 0)} ${coordinate(y)}h0`);
    }
  return [...paths.keys()]
    .sort()
    .map((key) => {
      const [, name = ''] = key.split(':');
      const d = (paths.get(key) ?? []).join('');
      if (name === '-1')
        return element('path', { d, class: 'sc-missing s-none', 'stroke-width': '1.5' });
      return element('path', {
        d,
        class: `sc-dots ${name === 'none' ? 's-none' : `s-ramp${name}`}`,
      });
    })
    .join('');
}
