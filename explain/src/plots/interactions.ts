import { checkFeatures, checkNumbers } from './data.ts';
import { decimalsFor, signedText } from './numbers.ts';
import { checkedOptions, framed, MARGIN, TYPE } from './plot.ts';
import type { CheckedOptions, Drawing, Plot, PlotOptions } from './plot.ts';
import { label, textWidth } from './text.ts';
import { coordinate, element, escapeXml } from './xml.ts';

/** Interaction values of one output. */
export interface InteractionData {
  readonly features: readonly string[];
  /** symmetric, [features × features], row-major; the diagonal holds main effects */
  readonly interactions: ArrayLike<number>;
}

const SMALLEST_CELL = 18;
const LARGEST_CELL = 64;
/** Cells of at least this have their number below the square. */
const NUMBER_FROM = 38;
const NAME_SHARE = 0.34;
const SMALLEST_SQUARE = 7;
const LEAST_SHARE = 0.001;
const MOST_NAME = 150;

/**
 * A square a pair, as large as its share of the strongest interaction: full with a + where the two together raise the
 * score, hollow with a − where they lower it. The diagonal has main effects, by the strongest of those. The largest features by the sum of their sizes.
 *
 * @throws ExplainError PLOT_DATA, PLOT_OPTION
 */
export function interactionPlot(data: InteractionData, options: PlotOptions = {}): Plot {
  const checked = checkedOptions(options);
  const count = data.features.length;
  checkFeatures(data.features);
  checkNumbers('interaction values', data.interactions, count * count);
  const order = strongest(data, checked);
  const pairs = pairsOf(data);
  const [first] = pairs;
  const { unit } = checked;
  return framed(
    {
      title: checked.title ?? 'Which features count together',
      subtitle: `${order.length} of ${count} features, ${unit}: full (+) raises the score, hollow (−) lowers it; diagonal: main effects, own scale`,
      description: `Heatmap of the interactions of ${order.length} of ${count} features. The strongest pair is ${String(first?.[0] ?? 'none')} and ${String(first?.[1] ?? 'none')}.`,
      table: {
        caption: `Interaction values, ${unit}; a pair has its value twice in the sum`,
        columns: ['feature', 'with', unit],
        rows: [
          ...data.features.map((name, at) => [
            name,
            'alone',
            data.interactions[at * count + at] ?? NaN,
          ]),
          ...pairs,
        ],
      },
      drawing: drawing(data, order, checked),
    },
    checked,
  );
}

function pairsOf({ features, interactions }: InteractionData): [string, string, number][] {
  return features
    .flatMap((name, i) =>
      features
        .slice(0, i)
        .map((other, j): [string, string, number] => [
          other,
          name,
          interactions[i * features.length + j] ?? NaN,
        ]),
    )
    .sort((a, b) => Math.abs(b[2]) - Math.abs(a[2]));
}

/** Features by the sum of the sizes of their row, as many as have room. */
function strongest({ features, interactions }: InteractionData, checked: CheckedOptions): number[] {
  const count = features.length;
  const weights = features.map((_, i) => {
    let sum = 0;
    for (let j = 0; j < count; j++) sum += Math.abs(interactions[i * count + j] ?? NaN);
    return sum;
  });
  const fitting = Math.floor((checked.width * (1 - NAME_SHARE) - 2 * MARGIN) / SMALLEST_CELL);
  return features
    .map((_, at) => at)
    .sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0) || a - b)
    .slice(0, Math.min(checked.maxDisplay, fitting));
}

function drawing(
  data: InteractionData,
  order: readonly number[],
  checked: CheckedOptions,
): Drawing {
  const names = order.map((at) => data.features[at] ?? '');
  const widest = Math.max(...names.map((name) => textWidth(name, TYPE.small))) + 10;
  const gutter = Math.min(widest, checked.width * NAME_SHARE);
  const head = Math.min(widest, MOST_NAME);
  const left = MARGIN + gutter;
  const cell = Math.min(LARGEST_CELL, (checked.width - MARGIN - left) / order.length);
  const values = order.map((i) =>
    order.map((j) => data.interactions[i * data.features.length + j] ?? NaN),
  );
  const scales = { alone: largestOf(values, true), together: largestOf(values, false) };
  const decimals = Math.min(decimalsFor(Object.values(scales)), 2);
  const squares = values.flatMap((row, i) =>
    row.map((value, j) =>
      square({
        x: left + j * cell,
        y: head + i * cell,
        cell,
        value,
        largest: i === j ? scales.alone : scales.together,
        decimals,
      }),
    ),
  );
  const side = order.length * cell;
  return {
    height: head + side + 4,
    body:
      grid(left, head, cell, order.length) +
      names
        .map(
          (name, at) =>
            label(name, gutter - 8, TYPE.small, {
              x: left - 7,
              y: head + (at + 0.5) * cell + 4,
              'text-anchor': 'end',
              class: 'f-ink',
            }) +
            label(name, head - 8, TYPE.small, {
              transform: `translate(${coordinate(left + (at + 0.5) * cell + 4)} ${coordinate(head - 7)}) rotate(-90)`,
              class: 'f-ink',
            }),
        )
        .join('') +
      squares.join(''),
  };
}

/** The largest size on the diagonal, or off it. */
function largestOf(values: readonly (readonly number[])[], isAlone: boolean): number {
  const sizes = values.flatMap((row, i) =>
    row.filter((_, j) => (i === j) === isAlone).map((value) => Math.abs(value)),
  );
  return Math.max(0, ...sizes);
}

function grid(left: number, top: number, cell: number, count: number): string {
  const side = count * cell;
  const lines = Array.from({ length: count + 1 }, (_, at) => {
    const [x, y] = [coordinate(left + at * cell), coordinate(top + at * cell)];
    return `M${x} ${coordinate(top)}v${coordinate(side)}M${coordinate(left)} ${y}h${coordinate(side)}`;
  });
  return element('path', { d: lines.join(''), class: 's-grid', fill: 'none' });
}

interface Cell {
  readonly x: number;
  readonly y: number;
  readonly cell: number;
  readonly value: number;
  readonly largest: number;
  readonly decimals: number;
}

/** Its area is its share of the largest, but no square is too small for its sign; below a thousandth there is none. */
function square({ x, y, cell, value, largest, decimals }: Cell): string {
  if (largest === 0 || Math.abs(value) < LEAST_SHARE * largest) return '';
  const hasNumber = cell >= NUMBER_FROM;
  const room = hasNumber ? cell - 20 : cell - 6;
  const side = Math.max(SMALLEST_SQUARE, Math.sqrt(Math.abs(value) / largest) * room);
  const [middleX, middleY] = [x + cell / 2, y + (hasNumber ? 3 + room / 2 : cell / 2)];
  const word = signedText(value, decimals);
  return (
    squareAt(middleX, middleY, side, value < 0) +
    (hasNumber && Number(value.toFixed(decimals)) !== 0
      ? element(
          'text',
          {
            x: middleX,
            y: y + cell - 5,
            'font-size': TYPE.tiny,
            'text-anchor': 'middle',
            class: 'f-ink',
          },
          escapeXml(word),
        )
      : '')
  );
}

/** Its sign is a shape too: + cut out of a full square, − in a hollow one. */
function squareAt(x: number, y: number, side: number, isMinus: boolean): string {
  const stroke = side < 12 ? 1.2 : 2;
  const arm = side < 12 ? side / 2 - 1.5 : side / 4;
  const across = `M${coordinate(x - arm)} ${coordinate(y)}H${coordinate(x + arm)}`;
  const sign = isMinus
    ? across
    : `${across}M${coordinate(x)} ${coordinate(y - arm)}V${coordinate(y + arm)}`;
  const edge = isMinus ? side - stroke : side;
  const box = { x: x - edge / 2, y: y - edge / 2, width: edge, height: edge };
  return (
    element(
      'rect',
      isMinus
        ? { ...box, class: 'sc-cell s-minus', fill: 'none', 'stroke-width': String(stroke) }
        : { ...box, class: 'sc-cell f-plus' },
    ) +
    element('path', {
      d: sign,
      class: isMinus ? 's-minus' : 's-paper',
      fill: 'none',
      'stroke-width': String(stroke),
    })
  );
}
