import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { thresholdBefore } from '../src/readers/onnx/scaling.ts';
import type { Scaling } from '../src/readers/onnx/scaling.ts';

const single = fc.float({ noNaN: true });
const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
const above = fc.float({ min: Math.fround(1e-30), max: Math.fround(1e30), noNaN: true });
const step = fc.record({
  type: fc.constant('Scaler'),
  subtract: fc.array(finite, { minLength: 1, maxLength: 1 }),
  multiply: fc.array(above, { minLength: 1, maxLength: 1 }),
  add: fc.array(finite, { minLength: 1, maxLength: 1 }),
});
const scalingOf = (steps: Scaling['steps']): Scaling => ({
  steps,
  nodes: new Set(),
  type: 'float32',
});

/** As the operators do it, in float32. */
function scaled({ steps }: Scaling, x: number): number {
  const { fround } = Math;
  return steps.reduce(
    (y, { subtract, multiply, add }) =>
      fround(fround(fround(y - subtract[0]!) * multiply[0]!) + add[0]!),
    x,
  );
}

test('a threshold before the scaling asks of every float32 what the one behind it asks', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 2 }).map(scalingOf),
      single,
      single,
      (scaling, threshold, x) => {
        const before = thresholdBefore(scaling, 0, threshold);
        const next = [
          before,
          Math.fround(before * (1 + 2 ** -23)),
          Math.fround(before * (1 - 2 ** -23)),
        ];
        for (const value of [x, ...next])
          if (!Number.isNaN(scaled(scaling, value)))
            expect(value <= before).toBe(scaled(scaling, value) <= threshold);
      },
    ),
    { numRuns: 400 },
  );
});

test.each([0, -2, NaN])(
  'a column times %d is refused: the order of its numbers is lost',
  (factor) => {
    const steps = [{ type: 'Mul', subtract: [0], multiply: [factor], add: [0] }];
    expect(() => thresholdBefore(scalingOf(steps), 0, 1)).toThrow(
      expect.objectContaining({ code: 'MODEL_UNSUPPORTED' }),
    );
  },
);
