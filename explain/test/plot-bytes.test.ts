import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { ticks } from 'd3-array';
import fc from 'fast-check';
import { decisionPlot } from '../src/plots/index.ts';
import { ticksBetween } from '../src/plots/ticks.ts';
import { kinds } from './plot-kinds.ts';
import { marksOf, someRows, textsOf } from './plots-support.ts';

/** What ECMAScript leaves to the engine: the last digit may differ from one version to the next. */
const APPROXIMATE = [
  'acos acosh asin asinh atan atan2 atanh cbrt cos cosh exp expm1 hypot log log10 log1p log2',
  'pow sin sinh tan tanh',
].flatMap((names) => names.split(' ')) as (keyof Math & 'log')[];

afterEach(() => {
  jest.restoreAllMocks();
});

test.each(kinds)('%s: no number is one that engines may round differently', (_kind, draw) => {
  for (const name of APPROXIMATE)
    jest.spyOn(Math, name).mockImplementation(() => {
      throw new Error(`Math.${name}`);
    });
  for (const width of [320, 640])
    expect(draw(['a', 'b', 'c'], 'title', width).svg).toMatch(/^<svg/);
});

describe('ticks', () => {
  const end = fc.double({ min: -1e9, max: 1e9, noNaN: true });

  // Powers of ten beyond 10^22 are not exact, and d3's come out as 9.999999999999999e-62.
  test("are d3's", () => {
    fc.assert(
      fc.property(end, end, fc.integer({ min: 3, max: 20 }), (a, b, count) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        fc.pre(high - low > 1e-15);
        expect(ticksBetween(low, high, count)).toEqual(ticks(low, high, count));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    [0, 1000, 3, [0, 500, 1000]],
    [0.1, 0.3, 2, [0.1, 0.2, 0.3]],
    [0, 3e-61, 3, [0, 1e-61, 2e-61, 3e-61]],
    [-1e-9, 1e-9, 4, [-1e-9, -5e-10, 0, 5e-10, 1e-9]],
    [5, 5, 3, [5]],
  ])('from %d to %d are round', (low, high, count, want) => {
    expect(ticksBetween(low, high, count)).toEqual(want);
  });
});

test.each(kinds)(
  '%s: names that run to the left turn around nothing but themselves',
  (_kind, draw) => {
    const names = ['גיל', 'הכנסה 2', 'דיור'];
    const said = textsOf(draw(names, 'למה גיל = 3').svg);
    for (const text of said.filter((one) => !names.includes(one)))
      expect(text.replace(/\u2068[^\u2068\u2069]*\u2069/gu, '')).not.toMatch(/[\u0590-\u05FF]/u);
  },
);

describe('few ways of a decision plot', () => {
  const data = { ...someRows(4, 3), names: ['one', 'two', 'three', 'four'] };
  const { svg } = decisionPlot({ ...data, highlight: 2 });

  test('have a key each, with the line of its row', () => {
    const kind = ({ class: name, ...line }: Record<string, string>) => [
      name?.split(' ').slice(1).join(' '),
      line['stroke-dasharray'] ?? 'none',
      line['stroke-width'],
    ];
    const keys = marksOf(svg, 'sc-key').map(kind);
    const ways = marksOf(svg, 'sc-way').map(kind);
    // The bold way is drawn last.
    expect(keys).toEqual([ways[0], ways[1], ways[3], ways[2]]);
    expect(new Set(keys.map(([, dash, width]) => `${dash} ${width}`)).size).toBe(4);
    const texts = textsOf(svg);
    for (const name of data.names) expect(texts).toContain(name);
  });

  test('on a narrow plot stand in lines below each other', () => {
    const narrow = decisionPlot(
      { ...data, names: data.names.map((name) => name.repeat(4)) },
      { width: 320 },
    );
    const heights = marksOf(narrow.svg, 'sc-key').map(({ d }) => d?.split(' ')[1]);
    expect(new Set(heights).size).toBeGreaterThan(1);
  });

  test('are named in the table alone where there are more ways than kinds of lines', () => {
    expect(marksOf(decisionPlot(someRows(7, 3)).svg, 'sc-key')).toEqual([]);
  });
});
