import { ramp } from './colours.ts';
import { MARGIN, TYPE } from './plot.ts';
import { label, textWidth } from './text.ts';
import { element } from './xml.ts';

/** Values of one feature by where they stand among the others: shap's 5th and 95th percentile are the ends. */
export interface ValueSteps {
  /** 0 to `ramp.length - 1`; -1 for a missing value */
  readonly of: (value: number) => number;
}

const TAIL = 0.05;

/** Steps from the 5th to the 95th percentile of the values; where those are the same, from the least to the largest. */
export function valueSteps(values: ArrayLike<number>): ValueSteps {
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort();
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? NaN;
  let [low, high] = [at(TAIL), at(1 - TAIL)];
  if (low === high) [low, high] = [at(0), at(1)];
  const span = high - low;
  return {
    of: (value) => {
      if (Number.isNaN(value)) return -1;
      if (!(span > 0)) return Math.floor(ramp.length / 2);
      const share = Math.min(1, Math.max(0, (value - low) / span));
      return Math.min(ramp.length - 1, Math.floor(share * ramp.length));
    },
  };
}

const SWATCH = 14;

/** Name of the colours: low to high. `right` is its right end. */
export function rampLegend(title: string, right: number, y: number): string {
  const words = { y: y + 10, class: 'f-muted', 'text-anchor': 'end' };
  const from = right - ramp.length * SWATCH - 30;
  const low = ': low';
  const name = from - 6 - textWidth(low, TYPE.tiny);
  const swatches = ramp.map((_, at) =>
    element('rect', { x: from + at * SWATCH, y, width: SWATCH, height: 10, class: `f-ramp${at}` }),
  );
  return (
    label(title, name - MARGIN, TYPE.tiny, { ...words, x: name }) +
    label(low, 60, TYPE.tiny, { ...words, x: from - 6 }) +
    swatches.join('') +
    label('high', 60, TYPE.tiny, { ...words, x: right })
  );
}

/** Left part of the legend: what a missing value looks like. */
export function missingLegend(y: number): string {
  return (
    element('path', {
      d: cross(MARGIN + 5, y + 5),
      class: 's-none',
      fill: 'none',
      'stroke-width': '1.5',
    }) +
    element(
      'text',
      { x: MARGIN + 14, y: y + 10, 'font-size': TYPE.tiny, class: 'f-muted' },
      'missing value',
    )
  );
}

/** A missing value is a cross, a known one a dot. */
export function cross(x: number, y: number, size = 2.2): string {
  const [left, right, top, bottom] = [x - size, x + size, y - size, y + size].map(
    (at) => Math.round(at * 100) / 100,
  );
  return `M${left} ${top}L${right} ${bottom}M${left} ${bottom}L${right} ${top}`;
}
