import { scaleLinear } from 'd3-scale';
import { AXIS_HEIGHT, bottomAxis, widened } from './axis.ts';
import type { Scale } from './axis.ts';
import { checkRow } from './data.ts';
import type { RowData } from './data.ts';
import { featureRows, namedValues, nameText } from './feature-rows.ts';
import type { FeatureRows, NamedValue } from './feature-rows.ts';
import { decimalsFor, numberText, signedText } from './numbers.ts';
import { checkedOptions, framed, MARGIN, TYPE } from './plot.ts';
import type { CheckedOptions, Drawing, Plot, PlotOptions } from './plot.ts';
import { rowTable } from './row-table.ts';
import { label, textWidth } from './text.ts';
import { coordinate, element, escapeXml } from './xml.ts';

interface Step extends NamedValue {
  /** the score before and after it */
  readonly from: number;
  readonly to: number;
}

const BAND = 30;
const THICK = 20;
const ARROW = 6;
const END_LINE = 26;

/**
 * From the base value at the bottom, a step a feature, to the score at the top: the largest step is the last. Each step
 * begins where the one below it ends.
 *
 * @throws ExplainError PLOT_DATA, PLOT_OPTION
 */
export function waterfallPlot(data: RowData, options: PlotOptions = {}): Plot {
  const checked = checkedOptions(options);
  checkRow(data);
  const { steps, score } = stepsOf(data, checked.maxDisplay);
  const decimals = decimalsFor([...steps.map(({ value }) => value), data.baseValue, score]);
  const { unit } = checked;
  const [first] = steps;
  const ends = {
    base: `E[f(X)] = ${numberText(data.baseValue, decimals)}`,
    score: `f(x) = ${numberText(score, decimals)}`,
  };
  return framed(
    {
      title: checked.title ?? 'From the base value to this score',
      subtitle: `Attributions, ${unit}: an arrow to the right (+) raises the score, to the left (−) lowers it`,
      description: `Waterfall from ${ends.base} to ${ends.score}, ${unit}, over ${data.features.length} features. The largest step is ${first === undefined ? '' : nameText(first.label)}: ${signedText(first?.value ?? NaN, decimals)}.`,
      table: rowTable(data, unit),
      drawing: drawing(steps, ends, decimals, checked),
    },
    checked,
  );
}

/** Top row first. The sum goes from the smallest to the largest, so that the drawn ends meet exactly. */
function stepsOf(data: RowData, most: number): { steps: Step[]; score: number } {
  let score = data.baseValue;
  const steps = namedValues(data, most)
    .reverse()
    .map(({ label, value }) => {
      const from = score;
      score += value;
      return { label, value, from, to: score };
    });
  return { steps: steps.reverse(), score };
}

function drawing(
  steps: readonly Step[],
  ends: { readonly base: string; readonly score: string },
  decimals: number,
  checked: CheckedOptions,
): Drawing {
  const rows = featureRows(
    steps.map(({ label }) => label),
    checked,
    BAND,
  );
  const words = steps.map(({ value }) => signedText(value, decimals));
  const scale = scaleFor(steps, words, rows);
  const bottom = END_LINE + rows.height;
  const [last] = steps.slice(-1);
  const [first] = steps;
  const marks = steps.map((step, row) => arrow(step, words[row] ?? '', rows.middle(row), scale));
  const end = (x: number, y: number, text: string): string =>
    label(text, 200, TYPE.text, {
      x: clampedMiddle(x, text, checked.width),
      y,
      'text-anchor': 'middle',
      'font-weight': '600',
      class: 'f-ink',
    });
  const base = scale(last?.from ?? NaN);
  const score = scale(first?.to ?? NaN);
  return {
    height: bottom + AXIS_HEIGHT + END_LINE - 6,
    body:
      bottomAxis({ scale, y: bottom + END_LINE - 6, top: END_LINE, title: checked.unit }) +
      element('path', {
        d: `M${coordinate(score)} ${coordinate(END_LINE - 8)}V${coordinate(END_LINE + rows.middle(0) - THICK / 2)}`,
        class: 'sc-end s-ink',
        fill: 'none',
        'stroke-dasharray': '2 2',
      }) +
      end(score, END_LINE - 12, ends.score) +
      element(
        'g',
        { transform: `translate(0 ${END_LINE})` },
        element('path', {
          d: connectors(steps, rows, scale),
          class: 'sc-join s-muted',
          fill: 'none',
          'stroke-dasharray': '2 2',
        }),
        ...marks,
        rows.names(),
      ) +
      end(base, bottom + 13, ends.base),
  };
}

/** Room on either side for the words of steps that are too short to hold them. */
function scaleFor(steps: readonly Step[], words: readonly string[], rows: FeatureRows): Scale {
  const room = Math.max(...words.map((word) => textWidth(word, TYPE.small))) + 14;
  const at = steps.flatMap(({ from, to }) => [from, to]);
  const [low, high] = [Math.min(...at), Math.max(...at)];
  const isFlat = low === high;
  return widened(
    scaleLinear(isFlat ? [low - 1, high + 1] : [low, high], [rows.left + room, rows.right - room]),
    rows,
  );
}

/** The text stays inside the plot. */
function clampedMiddle(x: number, text: string, width: number): number {
  const half = textWidth(text, TYPE.text) / 2;
  return Math.min(width - MARGIN - half, Math.max(MARGIN + half, x));
}

/** From the end of each step up to the beginning of the next, and from the base value up to the first. */
function connectors(steps: readonly Step[], rows: FeatureRows, scale: Scale): string {
  return steps
    .map(({ from }, row) => {
      const x = coordinate(scale(from));
      const below = row + 1 < steps.length ? rows.middle(row + 1) - THICK / 2 : rows.height + 2;
      return `M${x} ${coordinate(rows.middle(row) + THICK / 2)}V${coordinate(below)}`;
    })
    .join('');
}

/** A bar whose head points where the score goes, with its number inside or, when that is wider, beside its head. */
function arrow({ value, from, to }: Step, word: string, middle: number, scale: Scale): string {
  const [start, tip] = [scale(from), scale(to)];
  const length = Math.abs(tip - start);
  const side = value < 0 ? -1 : 1;
  const neck = tip - side * Math.min(ARROW, length);
  const [top, bottom] = [middle - THICK / 2, middle + THICK / 2].map(coordinate);
  const d = `M${coordinate(start)} ${top}H${coordinate(neck)}L${coordinate(tip)} ${coordinate(middle)}L${coordinate(neck)} ${bottom}H${coordinate(start)}Z`;
  const isInside = textWidth(word, TYPE.small) + ARROW + 6 <= length;
  return (
    element('path', { d, class: value < 0 ? 'sc-step f-minus' : 'sc-step f-plus' }) +
    element(
      'text',
      {
        x: isInside ? (start + neck) / 2 : tip + side * 5,
        y: middle + 4,
        'font-size': TYPE.small,
        'text-anchor': isInside ? 'middle' : value < 0 ? 'end' : 'start',
        class: isInside ? 'f-over' : 'f-ink',
      },
      escapeXml(word),
    )
  );
}
