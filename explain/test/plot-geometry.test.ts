import { describe, expect, test } from '@jest/globals';
import {
  counterfactualPlot,
  curvePlot,
  decisionPlot,
  dependencePlot,
  forcePlot,
  imagePlot,
  interactionPlot,
  tableText,
  textPlot,
} from '../src/plots/index.ts';
import type { Plot } from '../src/plots/index.ts';
import { kinds, someFound } from './plot-kinds.ts';
import { marksOf, placesOf, someRow, someRows, textsOf } from './plots-support.ts';

const close = (a: number, b: number, within = 0.04): void =>
  expect(Math.abs(a - b)).toBeLessThanOrEqual(within);

const numbersOf = (d = ''): number[] => [...d.matchAll(/-?\d+(?:\.\d+)?/g)].map(Number);

test('forces meet at the score, and each is as long as its value', () => {
  const row = { features: ['a', 'b', 'c'], attributions: [2, -1, 0.5], baseValue: 0.25 };
  const { svg } = forcePlot(row);
  // M from top H neck L tip middle …
  const pushes = marksOf(svg, 'sc-push').map(({ d }) => {
    const [from = NaN, , , tip = NaN] = numbersOf(d);
    return { from, tip };
  });
  const [a, c, b] = pushes;
  expect(a?.tip).toBe(b?.tip);
  expect(c?.tip).toBe(a?.from);
  const pixel = (a!.tip - a!.from) / 2;
  expect(pixel).toBeGreaterThan(0);
  close(c!.tip - c!.from, 0.5 * pixel);
  close(b!.tip - b!.from, -pixel);
  const [base, score] = marksOf(svg, 'sc-end').map(({ d }) => numbersOf(d)[0]!);
  close(score!, a!.tip);
  close(score! - base!, 1.5 * pixel);
});

test('dependence: dots stand at value and attribution, missing values in their strip', () => {
  const { svg } = dependencePlot({
    feature: 'income',
    values: [0, 10, 5, NaN],
    attributions: [-1, 1, 0.5, 0],
    by: { feature: 'age', values: [1, 2, NaN, 4] },
  });
  const dots = marksOf(svg, 'sc-dots').flatMap(({ d }) => placesOf(d));
  expect(dots).toHaveLength(4);
  const [missing, low, middle, high] = dots.sort(([a], [b]) => a - b);
  close(middle![0], (low![0] + high![0]) / 2);
  close(middle![1], low![1] + (high![1] - low![1]) * 0.75);
  close(missing![1], (low![1] + high![1]) / 2);
  expect(missing![0]).toBeLessThan(low![0]);
  expect(marksOf(svg, 's-none')).toHaveLength(1);
});

test('interactions: areas are shares of the largest, full for plus and hollow for minus', () => {
  const { svg, table } = interactionPlot({ features: ['a', 'b'], interactions: [4, -1, -1, 1] });
  const cells = marksOf(svg, 'sc-cell');
  const full = cells.filter((cell) => cell['class']?.includes('f-plus'));
  const hollow = cells.filter((cell) => cell['fill'] === 'none');
  expect([full.length, hollow.length]).toEqual([2, 2]);
  close(Number(full[0]?.['width']), 2 * Number(full[1]?.['width']));
  // Interactions have a scale of their own: the strongest is as large as the strongest main effect.
  close(Number(hollow[0]?.['width']) + 2, Number(full[0]?.['width']));
  expect(textsOf(svg)).toContain('−1.00');
  expect(table.rows).toEqual([
    ['a', 'alone', 4],
    ['b', 'alone', 1],
    ['a', 'b', -1],
  ]);
});

test('an interaction far weaker than the others, and than the main effects, can still be told by its sign', () => {
  const names = Array.from({ length: 12 }, (_, at) => `feature ${at}`);
  const interactions = names.flatMap((_, i) =>
    names.map((__, j) => (i === j ? 50 : i + j === 1 ? 1 : (i + j) % 2 === 0 ? 0.01 : -0.01)),
  );
  const { svg } = interactionPlot(
    { features: names, interactions },
    { width: 320, maxDisplay: 12 },
  );
  const sides = marksOf(svg, 'sc-cell').map((cell) => Number(cell['width']));
  expect(Math.min(...sides)).toBeGreaterThan(5);
  expect(textsOf(svg).join(' ')).toMatch(/\d+ of 12 features/);
});

test('decision: every line starts at the base value and ends at its score', () => {
  const rows = someRows(5, 4);
  const { svg, table } = decisionPlot({ ...rows, highlight: 2 });
  const ways = marksOf(svg, 'sc-way').map(({ d }) => numbersOf(d));
  const bases = ways.map((way) => way.at(-2)!);
  expect(new Set(bases).size).toBe(1);
  const order = [0, 1, 3, 4, 2];
  const scores = order.map((row) => Number(table.rows[row]?.at(-1)));
  const pixel = (ways[0]![0]! - bases[0]!) / (scores[0]! - 0.25);
  for (const [at, way] of ways.entries())
    close(way[0]! - bases[0]!, (scores[at]! - 0.25) * pixel, 0.2);
  for (const [at, row] of order.entries()) {
    const own = Array.from(rows.attributions).slice(row * 4, row * 4 + 4);
    close(
      scores[at]!,
      own.reduce((sum, value) => sum + value, 0.25),
      1e-12,
    );
  }
});

test('counterfactuals: the band holds the values that do it, and the arrow ends at the nearest', () => {
  const { svg, table } = counterfactualPlot({
    found: someFound(['income', 'months', 'home']),
    now: 0.41,
    categories: (feature) => (feature === 'home' ? ['rent', 'own', 'free'] : undefined),
  });
  const bands = marksOf(svg, 'sc-band');
  expect(bands).toHaveLength(3);
  const arrows = marksOf(svg, 'sc-move').map(({ d }) =>
    /^M(-?[\d.]+) [\d.]+H(-?[\d.]+)/.exec(d ?? '')!,
  );
  close(Number(bands[0]!['x']) + Number(bands[0]!['width']), Number(arrows[0]?.[2]));
  const own = marksOf(svg, 'sc-own').map(({ cx }) => Number(cx));
  // months: own value 24, band from 12 to 18
  const [x, width] = [Number(bands[1]!['x']), Number(bands[1]!['width'])];
  close(own[2]! - (x + width), width);
  expect(textsOf(svg)).toEqual(
    expect.arrayContaining([
      'income: 3400 → 2100 or less',
      'home: missing → own or free',
      'months: 24 → 12 to 18',
    ]),
  );
  expect(tableText(table)).toContain('no bound');
});

test('curves go through their points', () => {
  const { svg } = curvePlot({
    feature: 'income',
    grid: [0, 1, 4],
    average: [0, 1, 2],
    individual: [0, 0, 0, 4, 4, 4],
    values: [0, 1, 2, 3, 4],
  });
  const [x0, y0, x1, y1, x2, y2] = numbersOf(marksOf(svg, 'sc-average')[0]?.['d']) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  close((x1 - x0) * 4, x2 - x0);
  close((y1 - y0) * 2, y2 - y0);
  const ice = numbersOf(marksOf(svg, 'sc-ice')[0]?.['d']);
  expect(ice[1]).toBe(y0);
  close(ice[7]! - ice[1]!, 2 * (y2 - y0), 0.1);
  expect(placesOf(marksOf(svg, 'sc-rug')[0]?.['d'])).toHaveLength(9);
});

test('text: a line below each token that counts, full or dashed by its sign', () => {
  const { svg } = textPlot({ tokens: ['good', 'bad', 'the'], attributions: [1, -0.5, 0] });
  const lines = marksOf(svg, 'sc-word');
  expect(lines.map((line) => line['stroke-dasharray'] !== undefined)).toEqual([false, true]);
  expect(lines.map((line) => line['stroke-width'])).toEqual(['4', '2.5']);
  expect(textsOf(svg)).toEqual(expect.arrayContaining(['+1.00', 'good', '−0.50', 'bad', 'the']));
});

test('image: areas are shares of the strongest, with a hole where they lower the score', () => {
  const { svg } = imagePlot({ columns: 2, rows: 1, attributions: [1, -0.25] });
  const [minus, plus] = marksOf(svg, 'sc-heat').map(({ d }) =>
    [...(d ?? '').matchAll(/h([\d.]+)/g)].map((m) => Number(m[1])),
  );
  expect(plus).toHaveLength(1);
  expect(minus).toHaveLength(2);
  close(minus![0]! * 2, plus![0]!);
  close(minus![1]! * 2, minus![0]!);
});

describe.each(kinds)('%s', (_, draw) => {
  const names = ['income', 'age', 'home'];

  test('has the same bytes every time, a name, a description and a role', () => {
    const { svg, title } = draw(names, 'Why');
    expect(draw(names, 'Why').svg).toBe(svg);
    const [, id] = /role="img" aria-labelledby="([^"]+)"/.exec(svg) ?? [];
    expect(svg).toContain(`<title id="${id}">${title}</title>`);
    expect(svg).toMatch(/<desc id="[^"]+">[^<]{20,}<\/desc>/);
  });

  test.each([280, 640, 1200])(
    'has coordinates of at most two decimals inside a picture %i wide',
    (width) => {
      const drawing = draw(names, 'Why', width).svg.replace(
        /<(title|desc|style|text)[^>]*>[^<]*</g,
        '<',
      );
      expect(drawing).not.toMatch(/ [xyd]="[^"]*\.\d{3}/);
      expect(drawing).not.toMatch(/NaN|Infinity|undefined|e-\d/);
      for (const { x, width: wide = '0' } of marksOf(drawing, 'sc-bar'))
        expect(Number(x) + Number(wide)).toBeLessThanOrEqual(width);
    },
  );

  test('has no row of another length in its table', () => {
    const { table } = draw(names, 'Why');
    expect(table.rows.length).toBeGreaterThan(0);
    for (const row of table.rows) expect(row).toHaveLength(table.columns.length);
  });
});

const image = { columns: 2, rows: 1, attributions: [1, 1] };
const refused: readonly [string, () => Plot][] = [
  ['force of nothing', () => forcePlot({ features: [], attributions: [], baseValue: 0 })],
  ['dependence of no rows', () => dependencePlot({ feature: 'a', values: [], attributions: [] })],
  [
    'dependence of an infinite value',
    () => dependencePlot({ feature: 'a', values: [Infinity], attributions: [1] }),
  ],
  [
    'interactions of too few numbers',
    () => interactionPlot({ features: ['a', 'b'], interactions: [1, 2] }),
  ],
  ['interactions with NaN', () => interactionPlot({ features: ['a'], interactions: [NaN] })],
  [
    'a decision without rows',
    () => decisionPlot({ features: ['a'], attributions: [], baseValue: 0 }),
  ],
  [
    'a decision that highlights what is not there',
    () => decisionPlot({ ...someRows(2, 2), highlight: 2 }),
  ],
  [
    'a search that found nothing',
    () => counterfactualPlot({ found: { ...someFound([]), status: 'none', options: [] }, now: 1 }),
  ],
  ['a grid out of order', () => curvePlot({ feature: 'a', grid: [1, 0], average: [0, 0] })],
  ['a curve with NaN', () => curvePlot({ feature: 'a', grid: [0, 1], average: [0, NaN] })],
  [
    'half a curve',
    () => curvePlot({ feature: 'a', grid: [0, 1], average: [0, 0], individual: [1, 2, 3] }),
  ],
  ['no words', () => textPlot({ tokens: [], attributions: [] })],
  ['a picture of no size', () => imagePlot({ columns: 0, rows: 0, attributions: [] })],
  ['a picture too large', () => imagePlot({ ...image, columns: 300 })],
  ['a brightness of 2', () => imagePlot({ ...image, picture: [0, 2] })],
];

test.each(refused)('%s is refused', (_, draw) => {
  expect(draw).toThrow(expect.objectContaining({ code: 'PLOT_DATA' }));
});

test.each([
  ['force', () => forcePlot({ ...someRow(2), attributions: [0, 0] })],
  ['dependence', () => dependencePlot({ feature: 'a', values: [NaN], attributions: [0] })],
  ['interactions', () => interactionPlot({ features: ['a'], interactions: [0] })],
  ['decision', () => decisionPlot({ features: ['a'], attributions: [0], baseValue: 0 })],
  ['curves', () => curvePlot({ feature: 'a', grid: [1], average: [0] })],
  ['text', () => textPlot({ tokens: [' '], attributions: [0] })],
  ['image', () => imagePlot({ ...image, attributions: [0, 0] })],
])('%s of one thing that is 0 is drawn', (_, draw) => {
  expect(draw().svg).not.toMatch(/NaN|Infinity|undefined/);
});
