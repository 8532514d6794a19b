import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { expFloat64 } from '../src/numeric/exp64.ts';
import { nextBelow, nextBelow64 } from '../src/numeric/float32.ts';
import { softmax, softplus } from '../src/numeric/links64.ts';
import { log1pFloat64, logFloat64 } from '../src/numeric/log64.ts';

/** Two units in the last place of float64. */
const CLOSE = 4.5e-16;
const relative = (got: number, want: number): number =>
  want === got ? 0 : Math.abs(got - want) / Math.abs(want);

describe('float64 functions are those of the engine to two units in the last place', () => {
  test('e^x', () => {
    fc.assert(
      fc.property(fc.double({ min: -708, max: 709.7, noNaN: true }), (x) => {
        expect(relative(expFloat64(x), Math.exp(x))).toBeLessThanOrEqual(CLOSE);
      }),
      { numRuns: 5000 },
    );
    expect([NaN, 710, -746, 0, Infinity, -Infinity].map(expFloat64)).toStrictEqual([
      NaN,
      Infinity,
      0,
      1,
      Infinity,
      0,
    ]);
    expect(expFloat64(-745)).toBe(5e-324);
    expect(relative(expFloat64(1), Math.E)).toBeLessThanOrEqual(CLOSE);
  });

  test('ln x and ln(1 + x)', () => {
    fc.assert(
      fc.property(fc.double({ min: 5e-324, max: 1e308, noNaN: true }), (x) => {
        expect(relative(logFloat64(x), Math.log(x))).toBeLessThanOrEqual(CLOSE);
        expect(relative(log1pFloat64(x), Math.log1p(x))).toBeLessThanOrEqual(2 * CLOSE);
      }),
      { numRuns: 5000 },
    );
    expect([0, 1, -1, NaN, Infinity].map(logFloat64)).toStrictEqual([
      -Infinity,
      0,
      NaN,
      NaN,
      Infinity,
    ]);
    expect(log1pFloat64(1e-20)).toBe(1e-20);
  });

  test('softmax and softplus hold out where e^x does not', () => {
    expect(softmax([1000, 1000])).toStrictEqual([0.5, 0.5]);
    expect(softplus(1000)).toBe(1000);
    expect(softplus(-1000)).toBe(0);
    expect(softplus(0)).toBeCloseTo(Math.LN2, 15);
  });
});

describe('the next number below', () => {
  test.each([
    ['float32', nextBelow, Math.fround],
    ['float64', nextBelow64, (x: number) => x],
  ])('%s: nothing lies between', (_type, below, cast) => {
    fc.assert(
      fc.property(fc.double({ min: -1e38, max: 1e38, noNaN: true }), (given) => {
        const x = cast(given);
        const under = below(x);
        expect(under).toBeLessThan(x);
        expect(cast(under)).toBe(under);
        expect([under, x]).toContain(cast((under + x) / 2));
      }),
      { numRuns: 2000 },
    );
    expect(below(-Infinity)).toBeNaN();
    expect(below(NaN)).toBeNaN();
    expect(below(0)).toBeLessThan(0);
    expect(below(-0)).toBe(below(0));
    expect(Number.isFinite(below(Infinity))).toBe(true);
  });
});
