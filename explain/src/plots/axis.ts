import { scaleLinear } from 'd3-scale';
import type { ScaleLinear } from 'd3-scale';
import { refuse } from './data.ts';
import { exponentOf, numberText } from './numbers.ts';
import { TYPE } from './plot.ts';
import { label, textWidth } from './text.ts';
import { ticksBetween } from './ticks.ts';
import { coordinate, element, escapeXml } from './xml.ts';

export type Scale = ScaleLinear<number, number>;

/** Pixels that an axis with its title takes below the marks. */
export const AXIS_HEIGHT = 42;
const TICK_ROOM = 64;

/** The same scale from end to end of the room: what was kept free for words gets ticks too. */
export function widened(scale: Scale, { left, right }: { left: number; right: number }): Scale {
  return scaleLinear([scale.invert(left), scale.invert(right)], [left, right]);
}

/** Between the least and the largest of an axis: ticks closer together are no numbers of float64 any more. */
const LEAST_SPAN = 1e-290;

/**
 * Ticks, whose steps are 1, 2 or 5 times a power of ten, with the decimals that they need.
 *
 * @throws ExplainError PLOT_DATA where the axis is too short or too long for numbers
 */
function ticksOf(scale: Scale, room: number, each = TICK_ROOM): { at: number[]; words: string[] } {
  const [low = NaN, high = NaN] = scale.domain();
  const span = Math.abs(high - low);
  if (span !== 0 && !(span >= LEAST_SPAN && span <= Number.MAX_VALUE))
    refuse(`numbers from ${low} to ${high}`, `a span from ${LEAST_SPAN} to ${Number.MAX_VALUE}`);
  const at = ticksBetween(
    Math.min(low, high),
    Math.max(low, high),
    Math.max(3, Math.floor(room / each)),
  );
  const step = at.length < 2 ? Math.abs(at[0] ?? 1) : Math.abs((at[1] ?? 0) - (at[0] ?? 0));
  const decimals = Math.min(12, Math.max(0, -exponentOf(step)));
  return { at, words: at.map((value) => numberText(value, decimals)) };
}

interface BottomAxis {
  readonly scale: Scale;
  /** where the axis stands */
  readonly y: number;
  /** where its grid lines begin */
  readonly top: number;
  readonly title: string;
}

/** A horizontal axis below the marks, with grid lines through them. Gridlines go behind marks: draw this first. */
export function bottomAxis({ scale, y, top, title }: BottomAxis): string {
  const [from = 0, to = 0] = scale.range();
  const { at, words } = ticksOf(scale, to - from);
  const grid = at
    .map((value) => `M${coordinate(scale(value))} ${coordinate(top)}V${coordinate(y)}`)
    .join('');
  const texts = at.map((value, index) =>
    element(
      'text',
      {
        x: scale(value),
        y: y + 16,
        'font-size': TYPE.tiny,
        'text-anchor': 'middle',
        class: 'f-muted',
      },
      escapeXml(words[index] ?? ''),
    ),
  );
  const name = label(title, to, TYPE.small, {
    x: to,
    y: y + 34,
    'text-anchor': 'end',
    class: 'f-muted',
  });
  return (
    element('path', { d: grid === '' ? 'M0 0' : grid, class: 's-grid', fill: 'none' }) +
    element('path', {
      d: `M${coordinate(from)} ${coordinate(y)}H${coordinate(to)}`,
      class: 's-axis',
      fill: 'none',
    }) +
    texts.join('') +
    (title === '' ? '' : name)
  );
}

interface LeftAxis {
  readonly scale: Scale;
  /** where the axis stands */
  readonly x: number;
  /** where its grid lines end */
  readonly right: number;
}

/** A vertical axis left of the marks. */
export function leftAxis({ scale, x, right }: LeftAxis): string {
  const [from = 0, to = 0] = scale.range();
  const { at, words } = ticksOf(scale, Math.abs(to - from), 48);
  const grid = at
    .map((value) => `M${coordinate(x)} ${coordinate(scale(value))}H${coordinate(right)}`)
    .join('');
  const texts = at.map((value, index) =>
    element(
      'text',
      {
        x: x - 7,
        y: scale(value) + 4,
        'font-size': TYPE.tiny,
        'text-anchor': 'end',
        class: 'f-muted',
      },
      escapeXml(words[index] ?? ''),
    ),
  );
  return (
    element('path', { d: grid === '' ? 'M0 0' : grid, class: 's-grid', fill: 'none' }) +
    texts.join('')
  );
}

/** Pixels that the tick words of a left axis take. */
export function leftAxisRoom(scale: Scale): number {
  const [from = 0, to = 0] = scale.range();
  const { words } = ticksOf(scale, Math.abs(to - from), 48);
  return Math.max(...words.map((word) => textWidth(word, TYPE.tiny)), 10) + 10;
}

/** An axis of words, each as wide as there is room. */
export function wordAxis(words: readonly string[], title: string, scale: Scale, y: number): string {
  const room = scale(1) - scale(0);
  const [from = 0, to = 0] = scale.range();
  return (
    element('path', {
      d: `M${coordinate(from)} ${coordinate(y)}H${coordinate(to)}`,
      class: 's-axis',
      fill: 'none',
    }) +
    words
      .map((word, at) =>
        label(word, room - 4, TYPE.tiny, {
          x: scale(at),
          y: y + 16,
          'text-anchor': 'middle',
          class: 'f-muted',
        }),
      )
      .join('') +
    label(title, to - from, TYPE.small, {
      x: to,
      y: y + 34,
      'text-anchor': 'end',
      class: 'f-muted',
    })
  );
}
