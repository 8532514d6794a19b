import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DOT } from '../src/plots/beeswarm.ts';
import { colourRules, ramp, shades, tints } from '../src/plots/colours.ts';
import type { Shade } from '../src/plots/colours.ts';
import { lanesOf, laneStep, MOST_LANES } from '../src/plots/dodge.ts';
import {
  barPlot,
  beeswarmPlot,
  dependencePlot,
  forcePlot,
  meanSizes,
  waterfallPlot,
} from '../src/plots/index.ts';
import { tableCsv, tableHtml, tableText } from '../src/plots/index.ts';
import type { Plot } from '../src/plots/index.ts';
import { textWidth, wrapped } from '../src/plots/text.ts';
import { marksOf, placesOf, someRow, someRows, textsOf } from './plots-support.ts';

const close = (a: number, b: number, within: number): void =>
  expect(Math.abs(a - b)).toBeLessThanOrEqual(within);

/** x of the marks is within this of the exact place: coordinates have two decimals. */
const ROUNDED = 0.011;

describe('bars', () => {
  const row = someRow(8);
  const { svg, table } = barPlot(row);
  const bars = marksOf(svg, 'sc-bar');
  const values = [...(row.attributions as Float64Array)].sort((a, b) => Math.abs(b) - Math.abs(a));

  test('are as long as their values, all on one scale, on the side of their sign', () => {
    const pixel = Number(bars[0]?.['width']) / Math.abs(values[0] ?? NaN);
    const zero = Number(bars[0]?.['x']) + (values[0]! < 0 ? Number(bars[0]?.['width']) : 0);
    for (const [at, bar] of bars.entries()) {
      const value = values[at] ?? NaN;
      close(Number(bar['width']), Math.abs(value) * pixel, 2 * ROUNDED);
      close(Number(bar['x']), value < 0 ? zero + value * pixel : zero, 2 * ROUNDED);
      expect(bar['class']).toBe(value < 0 ? 'sc-bar f-minus' : 'sc-bar f-plus');
    }
  });

  test('say each number with its sign', () => {
    const texts = textsOf(svg);
    for (const value of values)
      expect(texts).toContain(`${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`);
    expect(table.rows.map((cells) => cells[2])).toEqual(values);
  });

  test('beyond maxDisplay are one bar, their sum', () => {
    const most = barPlot(row, { maxDisplay: 4 });
    expect(marksOf(most.svg, 'sc-bar')).toHaveLength(4);
    expect(textsOf(most.svg)).toContain('Sum of 5 other features');
    const rest = values.slice(3).reduce((sum, value) => sum + value, 0);
    const pixel = Number(marksOf(most.svg, 'sc-bar')[0]?.['width']) / Math.abs(values[0] ?? NaN);
    close(Number(marksOf(most.svg, 'sc-bar')[3]?.['width']), Math.abs(rest) * pixel, 2 * ROUNDED);
    expect(most.table.rows).toHaveLength(8);
  });

  test('of means have no side', () => {
    const rows = someRows(50, 5);
    const means = barPlot({ features: rows.features, attributions: meanSizes(rows), of: 'mean' });
    expect(marksOf(means.svg, 'f-even')).toHaveLength(5);
    expect(() => barPlot({ ...row, of: 'mean' })).toThrow(/below 0/);
  });
});

describe('a waterfall', () => {
  const row = someRow(9, 4);
  const { svg, table } = waterfallPlot(row, { unit: 'log-odds', maxDisplay: 6 });
  const steps = marksOf(svg, 'sc-step').map(({ d = '' }) => {
    const [start = NaN, , , tip = NaN] = [...d.matchAll(/-?[\d.]+/g)].map(Number);
    return { start, tip };
  });

  test('goes from the base value at the bottom to the score at the top, and its ends meet', () => {
    expect(steps).toHaveLength(6);
    for (const [at, { start }] of steps.slice(0, -1).entries())
      expect(start).toBe(steps[at + 1]?.tip);
    const score = row.baseValue + meanOfAll(row.attributions, 1);
    const texts = textsOf(svg);
    expect(texts).toContain('E[f(X)] = −0.830');
    expect(texts).toContain(`f(x) = −${Math.abs(score).toFixed(3)}`);
    expect(table.rows.at(0)?.[2]).toBe(-0.83);
    close(Number(table.rows.at(-1)?.[2]), score, 1e-15);
  });

  test('has steps as long as their values', () => {
    const values = [...(row.attributions as Float64Array)].sort(
      (a, b) => Math.abs(b) - Math.abs(a),
    );
    const [first] = steps;
    const pixel = ((first?.tip ?? NaN) - (first?.start ?? NaN)) / (values[0] ?? NaN);
    for (const [at, { start, tip }] of steps.slice(0, 5).entries())
      close(tip - start, (values[at] ?? NaN) * pixel, 3 * ROUNDED);
  });
});

function meanOfAll(values: ArrayLike<number>, by: number): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / by;
}

describe('a beeswarm', () => {
  const rows = someRows(200, 3);
  const { svg, table } = beeswarmPlot(rows, { width: 800 });
  const dots = marksOf(svg, 'sc-dots').flatMap(({ d }) => placesOf(d));
  const crosses = marksOf(svg, 'sc-missing').flatMap(({ d }) => placesOf(d));

  test('has a dot for each row and feature, and a cross where the value is missing', () => {
    const missing = Array.from(rows.values).filter(Number.isNaN).length;
    expect(dots).toHaveLength(600 - missing);
    expect(crosses).toHaveLength(missing * 2);
    expect(table.rows.reduce((sum, cells) => sum + Number(cells[6]), 0)).toBe(missing);
  });

  test('has its dots at their attributions', () => {
    const known = Array.from(rows.attributions).filter((_, at) => !Number.isNaN(rows.values[at]));
    const x = dots.map(([at]) => at).sort((a, b) => a - b);
    const sorted = known.sort((a, b) => a - b);
    const pixel =
      ((x.at(-1) ?? NaN) - (x[0] ?? NaN)) / ((sorted.at(-1) ?? NaN) - (sorted[0] ?? NaN));
    for (const [at, value] of sorted.entries())
      close(x[at] ?? NaN, (x[0] ?? NaN) + (value - (sorted[0] ?? NaN)) * pixel, 3 * ROUNDED);
  });

  test('says which way high values push', () => {
    expect(table.rows.map((cells) => [cells[0], cells[5]])).toEqual([
      ['feature 0', 'raise it'],
      ['feature 1', 'lower it'],
      ['feature 2', 'raise it'],
    ]);
  });

  test('of 10,000 points stays below 250 kB', () => {
    expect(beeswarmPlot(someRows(1000, 10)).svg.length).toBeLessThan(250_000);
  });

  test('moves dots so that two in one lane are a diameter apart, as far as lanes reach', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 150 }), (list) => {
        const x = Float64Array.from(list, (value) => value / 2);
        const lanes = lanesOf(x, DOT);
        for (let a = 0; a < x.length; a++)
          for (let b = 0; b < a; b++) {
            if (lanes[a] !== lanes[b] || Math.abs(x[a]! - x[b]!) >= DOT) continue;
            const crowd = x.filter((other) => Math.abs(other - x[a]!) < DOT).length;
            expect(crowd).toBeGreaterThan(MOST_LANES);
          }
        expect(laneStep(lanes, DOT, 32)).toBeGreaterThan(0.8);
      }),
    );
  });
});

/** Relative luminance and contrast of WCAG 2.2. */
function contrast(a: string, b: string): number {
  const [light, dark] = [a, b].map(luminance).sort((x, y) => y - x);
  return ((light ?? NaN) + 0.05) / ((dark ?? NaN) + 0.05);
}

function luminance(hex: string): number {
  const [r = NaN, g = NaN, b = NaN] = [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

describe.each(['light', 'dark'] as const)('colours in the %s', (mode) => {
  const of = (colour: Shade): string => colour[mode];
  const { paper, ink, muted, over, axis, plus, minus, even, none } = shades;

  test.each([
    ['ink on paper', ink, paper],
    ['muted words on paper', muted, paper],
    ['words in a bar to the right', over, plus],
    ['words in a bar to the left', over, minus],
    ...[...tints.plus, ...tints.minus].map((tint, at): [string, Shade, Shade] => [
      `ink on tint ${at}`,
      ink,
      tint,
    ]),
  ])('%s: 4.5:1', (_, text, ground) => {
    expect(contrast(of(text), of(ground))).toBeGreaterThanOrEqual(4.5);
  });

  test.each([
    ...Object.entries({ axis, plus, minus, even, none }),
    ...ramp.map((step, at): [string, Shade] => [`ramp ${at}`, step]),
  ])('the mark %s on paper: 3:1', (_, mark) => {
    expect(contrast(of(mark), of(paper))).toBeGreaterThanOrEqual(3);
  });

  test('of low and high values differ by lightness alone, which never turns', () => {
    const lightness = ramp.map((step) => luminance(of(step)));
    const rising = mode === 'dark' ? lightness : [...lightness].reverse();
    expect(rising).toEqual([...rising].sort((a, b) => a - b));
    expect(contrast(of(ramp[0]!), of(ramp.at(-1)!))).toBeGreaterThanOrEqual(3);
  });
});

test('every colour of a drawing has a rule in both modes', () => {
  const rules = colourRules(beeswarmPlot(someRows(40, 4)).svg);
  expect(rules).not.toContain('none}');
  const [light = '', dark = ''] = rules.split('@media');
  expect(dark.match(/\.sc-plot/g)).toHaveLength(light.match(/\.sc-plot/g)?.length ?? 0);
});

test('a table names every feature in each of its forms', () => {
  const { table } = barPlot({ ...someRow(3), features: ['income', 'age', 'home'] });
  for (const form of [tableText(table), tableHtml(table), tableCsv(table)])
    for (const name of ['income', 'age', 'home']) expect(form).toContain(name);
});

test('a table in CSV computes nothing in a spreadsheet', () => {
  const table = {
    caption: '',
    columns: ['feature', 'x'],
    rows: [
      ['=1+1', -0.5],
      ['a "b", c', NaN],
    ],
  };
  expect(tableCsv(table)).toBe('feature,x\r\n\'=1+1,-0.5\r\n"a ""b"", c",\r\n');
});

test('text is cut where it does not fit and never inside a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
      for (const line of wrapped(text, 12, 120, 2)) {
        expect(textWidth(line, 12)).toBeLessThanOrEqual(textWidth('W', 12) + 120);
        expect(line).not.toMatch(/\p{Surrogate}/u);
      }
    }),
  );
});

test('characters that are not seen do not reach a picture; joiners do', () => {
  const unseen = ['\u061C', '\u200B', '\u00AD', '\u2060', '\u{E0041}', '\u202E'];
  const { svg, table } = barPlot({
    features: unseen.map((c) => `a${c}b`),
    attributions: [1, 2, 3, 4, 5, 6],
  });
  for (const character of unseen) expect(svg + tableText(table)).not.toContain(character);
  expect(barPlot({ features: ['a\u200Db'], attributions: [1] }).svg).toContain('a\u200Db');
});

test('a name that runs to the left does not turn its value around', () => {
  const row = { features: ['שם'], values: ['-3'], attributions: [1], baseValue: 0 };
  for (const plot of [barPlot(row), waterfallPlot(row), forcePlot(row)])
    expect(textsOf(plot.svg)).toContain('\u2068שם\u2069 = -3');
});

test('a long name is cut before the value of the person is', () => {
  const row = { features: ['long '.repeat(40)], values: ['0.25'], attributions: [1], baseValue: 0 };
  for (const plot of [barPlot, waterfallPlot, forcePlot])
    expect(textsOf(plot(row, { width: 320 }).svg).join('|')).toMatch(/… = 0\.25/);
});

const refused: readonly [string, () => Plot, string][] = [
  ['no features', () => barPlot({ features: [], attributions: [] }), 'PLOT_DATA'],
  ['NaN', () => barPlot({ features: ['a'], attributions: [NaN] }), 'PLOT_DATA'],
  ['an infinity', () => waterfallPlot({ ...someRow(2), attributions: [1, Infinity] }), 'PLOT_DATA'],
  ['a base value that is NaN', () => waterfallPlot({ ...someRow(2), baseValue: NaN }), 'PLOT_DATA'],
  ['too few attributions', () => waterfallPlot({ ...someRow(3), attributions: [1] }), 'PLOT_DATA'],
  ['no rows', () => beeswarmPlot({ ...someRows(0, 2) }), 'PLOT_DATA'],
  ['half a row', () => beeswarmPlot({ ...someRows(2, 2), attributions: [1, 2, 3] }), 'PLOT_DATA'],
  [
    'an infinite value',
    () => beeswarmPlot({ ...someRows(1, 2), values: [Infinity, 0] }),
    'PLOT_DATA',
  ],
  ['subnormal bars', () => barPlot({ features: ['a'], attributions: [1e-315] }), 'PLOT_DATA'],
  [
    'a subnormal waterfall',
    () => waterfallPlot({ features: ['a'], attributions: [1e-315], baseValue: 0 }),
    'PLOT_DATA',
  ],
  [
    'subnormal forces',
    () => forcePlot({ features: ['a'], attributions: [1e-315], baseValue: 0 }),
    'PLOT_DATA',
  ],
  [
    'a name that is no text',
    () => barPlot({ features: [5 as never], attributions: [1] }),
    'PLOT_DATA',
  ],
  ['a title that is no text', () => barPlot(someRow(2), { title: 5 as never }), 'PLOT_OPTION'],
  ['null for options', () => barPlot(someRow(2), null as never), 'PLOT_OPTION'],
  [
    '200,000 categories',
    () =>
      dependencePlot({
        feature: 'a',
        values: [0],
        attributions: [1],
        categories: Array.from({ length: 200_000 }, String),
      }),
    'PLOT_DATA',
  ],
  ['a width of 100', () => barPlot(someRow(2), { width: 100 }), 'PLOT_OPTION'],
  ['an unknown option', () => barPlot(someRow(2), { heigth: 3 } as never), 'PLOT_OPTION'],
];

test.each(refused)('%s is refused', (_, draw, code) => {
  expect(draw).toThrow(expect.objectContaining({ code }));
});

test.each([
  ['one feature', () => waterfallPlot(someRow(1))],
  ['only zeros', () => waterfallPlot({ features: ['a', 'b'], attributions: [0, 0], baseValue: 0 })],
  ['only zeros', () => barPlot({ features: ['a', 'b'], attributions: [0, 0] })],
  ['one row', () => beeswarmPlot(someRows(1, 1))],
  ['only missing values', () => beeswarmPlot({ ...someRows(2, 1), values: [NaN, NaN] })],
])('%s is drawn', (_, draw) => {
  expect(draw().svg).not.toMatch(/NaN|Infinity|undefined/);
});
