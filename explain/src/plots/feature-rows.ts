import type { RowData } from './data.ts';
import { MARGIN, TYPE } from './plot.ts';
import type { CheckedOptions } from './plot.ts';
import { othersName, ranked, sumOf } from './ranking.ts';
import { cutLabel, ellipsized, label, textWidth } from './text.ts';
import { cleanText, isolated } from './xml.ts';
import type { Attributes } from './xml.ts';

/** What stands at a row: a feature, and of one row its value. */
export interface RowName {
  readonly name: string;
  readonly value?: string | undefined;
}

/** A feature of one row, or the sum of those that are left out. */
export interface NamedValue {
  readonly label: RowName;
  readonly value: number;
}

/** Features by magnitude, the largest first; those beyond `most` are one, their sum, named `before` and how many they are. */
export function namedValues(
  { features, attributions, values }: Pick<RowData, 'features' | 'attributions' | 'values'>,
  most: number,
  before = '',
): NamedValue[] {
  const order = ranked(attributions, most);
  const named = order.shown.map((at): NamedValue => ({
    label: { name: features[at] ?? '', value: values?.[at] },
    value: attributions[at] ?? NaN,
  }));
  if (order.others.length === 0) return named;
  const others = { name: `${before}${othersName(order)}` };
  return [...named, { label: others, value: sumOf(attributions, order.others) }];
}

/** How features stand below each other: a band each, its name beside the marks or, on narrow plots, above them. */
export interface FeatureRows {
  /** where marks begin and end */
  readonly left: number;
  readonly right: number;
  readonly band: number;
  /** the middle of the marks of a row, from 0 */
  readonly middle: (row: number) => number;
  /** all names; draw them last: they keep lines away */
  readonly names: () => string;
  readonly height: number;
}

const LARGEST_SHARE = 0.4;
const NAME_LINE = 20;
const GAP = 12;

/** "income = 0.4", or the name alone where the value is not known. */
export function nameText({ name, value }: RowName): string {
  return value === undefined ? name : `${name} = ${value}`;
}

/** Most of the room that the value takes where not all fits. */
const VALUE_SHARE = 0.6;

/** The same at a place: where it does not fit, the name is cut before the value is. */
export function nameLabel(of: RowName, room: number, size: number, attributes: Attributes): string {
  if (of.value === undefined) return label(of.name, room, size, attributes);
  const [name, value] = [cleanText(of.name), cleanText(of.value)];
  const isCut = textWidth(`${name} = ${value}`, size) > room;
  const end = isCut ? ellipsized(value, size, room * VALUE_SHARE) : value;
  const left = room - textWidth(` = ${end}`, size);
  const begin = isCut ? ellipsized(name, size, left) : name;
  const shown = `${isolated(begin)} = ${isolated(end)}`;
  return cutLabel(shown, isCut ? nameText(of) : null, size, attributes);
}

/** @param band  pixels that the marks of a row may take */
export function featureRows(
  names: readonly RowName[],
  { width, isNarrow }: CheckedOptions,
  band: number,
): FeatureRows {
  const right = width - MARGIN;
  const widest = Math.max(...names.map((name) => textWidth(nameText(name), TYPE.text)));
  const gutter = isNarrow ? 0 : Math.min(widest + GAP, width * LARGEST_SHARE);
  const pitch = isNarrow ? band + NAME_LINE : band;
  const middle = (row: number): number => row * pitch + (isNarrow ? NAME_LINE : 0) + band / 2;
  const above = (name: RowName, row: number): string =>
    nameLabel(name, right - MARGIN, TYPE.text, {
      ...kept,
      x: MARGIN,
      y: row * pitch + NAME_LINE - 5,
    });
  return {
    left: MARGIN + gutter,
    right,
    band,
    middle,
    names: () =>
      names
        .map((name, row) => (isNarrow ? above(name, row) : beside(name, middle(row), gutter - GAP)))
        .join(''),
    height: names.length * pitch,
  };
}

/** A seam of paper around letters keeps lines behind them away. */
const kept = {
  class: 'f-ink s-paper',
  'stroke-width': '4',
  'stroke-linejoin': 'round',
  'paint-order': 'stroke',
};

/** In one line where it fits, else the value below its feature. */
function beside(name: RowName, middle: number, room: number): string {
  const at = (y: number): Attributes => ({ x: MARGIN + room, y, 'text-anchor': 'end' });
  const whole = nameText(name);
  if (name.value === undefined || textWidth(whole, TYPE.text) <= room)
    return nameLabel(name, room, TYPE.text, { ...at(middle + 4.5), class: 'f-ink' });
  return (
    label(name.name, room, TYPE.small, { ...at(middle - 2), class: 'f-ink' }) +
    label(`= ${name.value}`, room, TYPE.tiny, { ...at(middle + 11), class: 'f-muted' })
  );
}
