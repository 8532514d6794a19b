import { scaleLinear } from 'd3-scale';
import { AXIS_HEIGHT, bottomAxis } from './axis.ts';
import type { Scale } from './axis.ts';
import { checkRow } from './data.ts';
import type { RowData } from './data.ts';
import { nameLabel, namedValues } from './feature-rows.ts';
import type { NamedValue } from './feature-rows.ts';
import { decimalsFor, numberText, signedText } from './numbers.ts';
import { checkedOptions, framed, MARGIN, TYPE } from './plot.ts';
import type { CheckedOptions, Drawing, Plot, PlotOptions } from './plot.ts';
import { rowTable, scoreOf } from './row-table.ts';
import { label, textWidth } from './text.ts';
import { coordinate, element, escapeXml } from './xml.ts';

interface Push extends NamedValue {
  /** its number in the list below the strip */
  readonly number: number;
}

const STRIP = 34;
const STRIP_TOP = 46;
const HEAD = 7;
const LINE = 19;

/**
 * One axis, two sides: what raises the score stands left of it and pushes right, what lowers it stands right of it and
 * pushes left; they meet at the score. The strip's ends are the base value less all that lowers and so on, as in shap.
 * Numbers in the strip name the features in the lists below.
 *
 * @throws ExplainError PLOT_DATA, PLOT_OPTION
 */
export function forcePlot(data: RowData, options: PlotOptions = {}): Plot {
  const checked = checkedOptions(options);
  checkRow(data);
  const { unit } = checked;
  const score = scoreOf(data);
  const pushes = pushesOf(data, checked.maxDisplay);
  const decimals = decimalsFor([...pushes.map(({ value }) => value), data.baseValue, score]);
  const ends = [
    { at: data.baseValue, name: `base ${numberText(data.baseValue, decimals)}` },
    { at: score, name: `f(x) = ${numberText(score, decimals)}` },
  ] as const;
  return framed(
    {
      title: checked.title ?? 'What pushed this score',
      subtitle: `${unit}: ▶ pushes the score up, ◀ pushes it down`,
      description: `Forces of ${data.features.length} features from the base value ${numberText(data.baseValue, decimals)} to the score ${numberText(score, decimals)}, ${unit}.`,
      table: rowTable(data, unit),
      drawing: drawing(pushes, score, ends, decimals, checked),
    },
    checked,
  );
}

function pushesOf(data: RowData, most: number): Push[] {
  return namedValues(data, most)
    .filter(({ value }) => value !== 0)
    .map((push, at) => ({ ...push, number: at + 1 }));
}

interface End {
  readonly at: number;
  readonly name: string;
}

function drawing(
  pushes: readonly Push[],
  score: number,
  ends: readonly [base: End, score: End],
  decimals: number,
  checked: CheckedOptions,
): Drawing {
  const up = pushes.filter(({ value }) => value > 0);
  const down = pushes.filter(({ value }) => value < 0);
  const room = { left: MARGIN, right: checked.width - MARGIN };
  const reach = [
    score - up.reduce((sum, { value }) => sum + value, 0),
    score - down.reduce((sum, { value }) => sum + value, 0),
    ...ends.map(({ at }) => at),
  ];
  const [low, high] = [Math.min(...reach), Math.max(...reach)];
  const scale = scaleLinear(low === high ? [low - 1, high + 1] : [low, high], [
    room.left + 8,
    room.right - 8,
  ]);
  const axis = STRIP_TOP + STRIP + 10;
  const lists = axis + AXIS_HEIGHT + 6;
  const listed = drawnLists(up, down, decimals, lists, checked);
  return {
    height: listed.height,
    body:
      bottomAxis({ scale, y: axis, top: STRIP_TOP, title: checked.unit }) +
      strip(up, score, scale) +
      strip(down, score, scale) +
      ends.map((end, at) => mark(end, at === 1, scale, checked.width)).join('') +
      listed.body,
  };
}

/** From the score outwards, the largest push next to it; each is an arrow towards the score. */
function strip(pushes: readonly Push[], score: number, scale: Scale): string {
  let tip = score;
  return pushes
    .map(({ value, number }) => {
      const [from, to] = [scale(tip - value), scale(tip)];
      tip -= value;
      return chevron(from, to, number, value);
    })
    .join('');
}

/** An arrow with a notch, so that one fits into the next. */
function chevron(from: number, to: number, number: number, value: number): string {
  const head = Math.sign(value) * Math.min(HEAD, Math.abs(to - from));
  const [top, middle, bottom] = [STRIP_TOP, STRIP_TOP + STRIP / 2, STRIP_TOP + STRIP].map(
    coordinate,
  );
  const d = `M${coordinate(from)} ${top}H${coordinate(to - head)}L${coordinate(to)} ${middle}L${coordinate(to - head)} ${bottom}H${coordinate(from)}L${coordinate(from + head)} ${middle}Z`;
  const word = String(number);
  const isRoomy = textWidth(word, TYPE.small) + 2 * HEAD < Math.abs(to - from);
  return (
    element('path', {
      d,
      class: `sc-push s-paper ${value < 0 ? 'f-minus' : 'f-plus'}`,
      'stroke-width': '1',
    }) +
    (isRoomy
      ? element(
          'text',
          {
            x: (from + to) / 2 + head / 2,
            y: STRIP_TOP + STRIP / 2 + 4,
            'font-size': TYPE.small,
            'text-anchor': 'middle',
            class: 'f-over',
          },
          word,
        )
      : '')
  );
}

/** The score in bold above the strip, the base value above that, each with a line down to the axis. */
function mark({ at, name }: End, isScore: boolean, scale: Scale, width: number): string {
  const x = scale(at);
  const y = isScore ? 34 : 14;
  const half = textWidth(name, TYPE.text) / 2 + 2;
  return (
    element('path', {
      d: `M${coordinate(x)} ${coordinate(y + 5)}V${coordinate(STRIP_TOP + STRIP + 10)}`,
      class: 'sc-end s-ink',
      fill: 'none',
      'stroke-width': isScore ? '2' : '1',
      'stroke-dasharray': isScore ? undefined : '3 3',
    }) +
    label(name, width, TYPE.text, {
      x: Math.min(width - MARGIN - half, Math.max(MARGIN + half, x)),
      y,
      'text-anchor': 'middle',
      'font-weight': isScore ? '600' : undefined,
      class: 'f-ink s-paper',
      'stroke-width': '4',
      'paint-order': 'stroke',
    })
  );
}

/** What pushes up and what pushes down, side by side or, on narrow plots, below each other. */
function drawnLists(
  up: readonly Push[],
  down: readonly Push[],
  decimals: number,
  top: number,
  { width, isNarrow }: CheckedOptions,
): Drawing {
  const column = isNarrow ? width - 2 * MARGIN : (width - 3 * MARGIN) / 2;
  const lists = [
    { title: '▶ up', pushes: up, colour: 'f-plus' },
    { title: '◀ down', pushes: down, colour: 'f-minus' },
  ];
  let y = top;
  let height = top;
  const body = lists.map(({ title, pushes, colour }, at) => {
    const x = isNarrow ? MARGIN : MARGIN + at * (column + MARGIN);
    if (!isNarrow) y = top;
    y += LINE;
    const head = label(title, column, TYPE.small, { x, y, 'font-weight': '600', class: colour });
    const lines = pushes.map((push) => {
      y += LINE;
      return listed(push, signedText(push.value, decimals), x, y, column);
    });
    height = Math.max(height, y + 6);
    if (isNarrow) y += 8;
    return head + lines.join('');
  });
  return { height, body: body.join('') };
}

function listed(
  { label: name, number }: Push,
  word: string,
  x: number,
  y: number,
  column: number,
): string {
  const room = textWidth(word, TYPE.small) + 8;
  const end = { y, 'text-anchor': 'end', class: 'f-ink', 'font-size': TYPE.small };
  return (
    element('text', { ...end, x: x + 18, class: 'f-muted' }, String(number)) +
    nameLabel(name, column - 26 - room, TYPE.small, { x: x + 26, y, class: 'f-ink' }) +
    element('text', { ...end, x: x + column }, escapeXml(word))
  );
}
