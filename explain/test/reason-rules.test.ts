import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  approves,
  assertApproved,
  explainerOf,
  keyFactors,
  loadModel,
  parseReasonRegistry,
  principalReasons,
  rowOf,
} from '../src/index.ts';
import type { Explanation, FeatureRow, Model, ReasonRegistry } from '../src/index.ts';

/** Log-odds of trouble: Σ weight · value, so that a feature's attribution is weight · (value − mean of the background). */
function linear(weights: readonly number[], link = 'logit'): Model {
  return loadModel(
    new TextEncoder().encode(
      JSON.stringify({
        format: 'showcause-model/1',
        kind: 'linear',
        link,
        features: weights.map((_, i) => ({ name: `f${i}` })),
        intercept: [0],
        coefficients: [weights],
      }),
    ),
  );
}

function registryOf(
  groups: readonly (readonly number[])[],
  { list = 'principal-reasons', inquiries = -1, direction = 'higher-hurts' } = {},
): ReasonRegistry {
  return parseReasonRegistry({
    id: 'r',
    version: '1',
    list,
    language: 'en',
    reasons: groups.map((features, i) => ({
      code: `G${i}`,
      text: 'The value of {feature} is {value}.',
      statement: `Statement of group ${i}`,
      features: features.map((feature) => `f${feature}`),
      direction,
      changeable: 'slow',
      ...(i === inquiries ? { inquiries: true } : {}),
    })),
  });
}

interface Case {
  model: Model;
  row: FeatureRow;
  explanation: Explanation;
  background: readonly FeatureRow[];
}

function explained(weights: readonly number[], row: readonly number[]): Case {
  const model = linear(weights);
  const background = [new Float64Array(weights.length)];
  const explainer = explainerOf(model, { perturbation: 'interventional', background });
  return { model, row: Float64Array.from(row), explanation: explainer.explain(row), background };
}

const codesOf = (reasons: readonly { code: string }[]): string[] => reasons.map(({ code }) => code);
const adverseDirection = 'higher';

describe('what reasons for people are made of', () => {
  const { model, row, explanation, background } = explained([1, 2], [1, 1]);
  const registry = registryOf([[0], [1]]);
  const ask = (more: object): unknown =>
    principalReasons({ registry, model, row, explanation, background, adverseDirection, ...more });

  test.each(['tree-path-dependent', 'correlation-dependent'] as const)(
    'attributions that are %s are refused',
    (method) => {
      expect(() => ask({ explanation: { ...explanation, method } })).toThrow(
        expect.objectContaining({ code: 'REASON_METHOD', got: method }),
      );
    },
  );

  test.each([0, 5, 1.5, NaN, -1])('%p reasons are refused', (most) => {
    expect(() => ask({ most })).toThrow(expect.objectContaining({ code: 'EXPLAIN_OPTION' }));
  });

  test('reasons of a decision and key factors of a score are two lists', () => {
    const factors = registryOf([[0], [1]], { list: 'key-factors' });
    expect(() => ask({ registry: factors })).toThrow(
      expect.objectContaining({ code: 'REASON_REGISTRY', got: 'a list of key-factors' }),
    );
    expect(() => keyFactors({ registry, model, row, explanation, adverseDirection })).toThrow(
      expect.objectContaining({ code: 'REASON_REGISTRY', got: 'a list of principal-reasons' }),
    );
  });
});

describe('ranking, whatever the weights', () => {
  test('sums per group, harm alone, falling, the first of the registry among equals', () => {
    const groups = [[0, 3], [1], [2, 4], [5], [6]];
    const registry = registryOf(groups, { direction: 'any' });
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 7, maxLength: 7 }),
        (weights) => {
          const { model, row, explanation, background } = explained(weights, [1, 1, 1, 1, 1, 1, 1]);
          const { principal, all } = principalReasons({
            registry,
            model,
            row,
            explanation,
            background,
            adverseDirection,
          });
          const sums = groups.map((group) => group.reduce((sum, f) => sum + (weights[f] ?? 0), 0));
          const want = sums
            .map((sum, i) => ({ sum, i }))
            .filter(({ sum }) => sum > 0)
            .sort((a, b) => b.sum - a.sum || a.i - b.i)
            .slice(0, 4);
          expect(codesOf(principal)).toStrictEqual(want.map(({ i }) => `G${i}`));
          expect(all.map(({ attribution }) => attribution)).toStrictEqual(
            sums.map((sum) => sum + 0),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  test('a difference that only rounding makes is a tie: the order of the registry', () => {
    const { model, row, explanation, background } = explained([1, 1, 1], [1, 1, 1]);
    const noisy = (noise: number): Explanation => ({
      ...explanation,
      attributions: [Float64Array.of(1, 1 + noise, 1 - noise)],
    });
    for (const noise of [0, 1e-13, -1e-13])
      expect(
        codesOf(
          principalReasons({
            registry: registryOf([[0], [1], [2]]),
            model,
            row,
            background,
            adverseDirection,
            explanation: noisy(noise),
          }).principal,
        ),
      ).toStrictEqual(['G0', 'G1', 'G2']);
    expect(
      codesOf(
        principalReasons({
          registry: registryOf([[0], [1], [2]]),
          model,
          row,
          background,
          adverseDirection,
          explanation: noisy(1e-8),
        }).principal,
      ),
    ).toStrictEqual(['G1', 'G0', 'G2']);
  });

  test('a push that only rounding makes is none', () => {
    const { model, row, explanation, background } = explained([0, 1], [1, 1]);
    const attributions = [Float64Array.of(1e-13, 1)];
    const { principal, all } = principalReasons({
      registry: registryOf([[0], [1]]),
      model,
      row,
      background,
      adverseDirection,
      explanation: { ...explanation, attributions },
    });
    expect(codesOf(principal)).toStrictEqual(['G1']);
    expect(all[0]?.dropped).toBe('helped');
  });
});

test('of a linear model the sentence is held to the sign of its weight', () => {
  const { model, row, explanation, background } = explained([1, -1], [1, -1]);
  const ask = (direction: string): string[] =>
    codesOf(
      principalReasons({
        registry: registryOf([[0], [1]], { direction }),
        model,
        row,
        explanation,
        background,
        adverseDirection,
      }).principal,
    );
  expect(ask('higher-hurts')).toStrictEqual(['G0']);
  expect(ask('lower-hurts')).toStrictEqual(['G1']);
});

test('of a scorecard they are points below the background, not below the most points', () => {
  const model = loadModel(
    new TextEncoder().encode(
      JSON.stringify({
        format: 'showcause-model/1',
        kind: 'scorecard',
        link: 'identity',
        base: 500,
        // Nobody of the background has the 100 points of f0: against the most, f0 would weigh most.
        features: [
          {
            name: 'f0',
            bins: [{ upTo: 10, points: 20 }, { upTo: 20, points: 30 }, { points: 100 }],
            missing: 0,
          },
          { name: 'f1', bins: [{ upTo: 10, points: 10 }, { points: 40 }], missing: 0 },
        ],
      }),
    ),
  );
  const background = [rowOf(model, [15, 20])];
  const explanation = explainerOf(model, { perturbation: 'interventional', background }).explain(
    rowOf(model, [5, 5]),
  );
  const { principal } = principalReasons({
    registry: registryOf([[0], [1]], { direction: 'lower-hurts' }),
    model,
    row: rowOf(model, [5, 5]),
    explanation,
    background,
    adverseDirection: 'lower',
  });
  expect(principal.map(({ code, attribution }) => [code, attribution])).toStrictEqual([
    ['G1', -30],
    ['G0', -10],
  ]);
});

describe('key factors', () => {
  const groups = [[0], [1], [2], [3], [4], [5]];
  const { model, row, explanation, background } = explained([6, 5, 4, 3, 2, 1], [1, 1, 1, 1, 1, 1]);
  const ask = (inquiries: number, more: object = {}): ReturnType<typeof keyFactors> =>
    keyFactors({
      registry: registryOf(groups, { list: 'key-factors', inquiries }),
      model,
      row,
      explanation,
      background,
      adverseDirection,
      ...more,
    });

  test('four at most, the weightiest first, all of them logged', () => {
    const { factors, all } = ask(-1);
    expect(codesOf(factors)).toStrictEqual(['G0', 'G1', 'G2', 'G3']);
    expect(factors.map(({ rank }) => rank)).toStrictEqual([1, 2, 3, 4]);
    expect(all.map(({ dropped }) => dropped)).toStrictEqual([
      null,
      null,
      null,
      null,
      'rank',
      'rank',
    ]);
  });

  test('the number of inquiries is a fifth where four others weigh more', () => {
    expect(codesOf(ask(5).factors)).toStrictEqual(['G0', 'G1', 'G2', 'G3', 'G5']);
    expect(ask(5).all.at(-1)?.dropped).toBeNull();
    expect(codesOf(ask(5, { most: 2 }).factors)).toStrictEqual(['G0', 'G1', 'G5']);
  });

  test('among the four it takes its place, and there is no fifth', () => {
    expect(codesOf(ask(1).factors)).toStrictEqual(['G0', 'G1', 'G2', 'G3']);
  });

  test('where it did not hurt it is not given', () => {
    const few = explained([6, 5, 4, 3, 2, 1], [1, 1, 1, 1, 1, -1]);
    expect(codesOf(ask(5, { row: few.row, explanation: few.explanation }).factors)).toStrictEqual([
      'G0',
      'G1',
      'G2',
      'G3',
    ]);
  });

  test('where the model does not bear it out it is not given', () => {
    // The background has no lower value to move to.
    expect(
      codesOf(ask(5, { background: [Float64Array.of(0, 0, 0, 0, 0, 1)] }).factors),
    ).toStrictEqual(['G0', 'G1', 'G2', 'G3']);
  });

  test('only interventional, whole and with a reason for every feature', () => {
    expect(() =>
      ask(5, { explanation: { ...explanation, method: 'tree-path-dependent' } }),
    ).toThrow(expect.objectContaining({ code: 'REASON_METHOD' }));
    expect(() => ask(5, { explanation: { ...explanation, baseValue: [1] } })).toThrow(
      expect.objectContaining({ code: 'EXPLAIN_ADDITIVITY' }),
    );
    expect(() => ask(-1, { registry: registryOf([[0]], { list: 'key-factors' }) })).toThrow(
      expect.objectContaining({ code: 'REASON_UNMAPPED' }),
    );
  });
});

test('one reason of a registry is the inquiries', () => {
  const twice = { id: 'r', version: '1', list: 'key-factors', language: 'en' };
  const reasons = ['A', 'B'].map((code) => ({
    code,
    text: 'Some words',
    statement: 'Some words',
    features: [],
    direction: 'any',
    changeable: 'wait',
    inquiries: true,
  }));
  expect(() => parseReasonRegistry({ ...twice, reasons })).toThrow(
    expect.objectContaining({ code: 'REASON_REGISTRY' }),
  );
});

describe('the background of reasons', () => {
  const model = linear([1]);
  const rows = [[-2], [-1]].map((row) => Float64Array.from(row));

  test('is approved by the model, row by row', () => {
    expect(() => assertApproved(model, rows, { approveBelow: 0.5 })).not.toThrow();
    expect(() =>
      assertApproved(model, [...rows, Float64Array.of(0)], { approveBelow: 0.5 }),
    ).toThrow(
      expect.objectContaining({
        code: 'REASON_BACKGROUND',
        got: 'row 3 that the model does not approve',
      }),
    );
  });

  test('by probability where there is one, by the score where that is asked for', () => {
    const at = (value: number): ReturnType<Model['predict']> => model.predict([value]);
    expect(approves(at(0), { approveAtLeast: 0.5 })).toBe(true);
    expect(approves(at(-0.1), { approveAtLeast: 0.5 })).toBe(false);
    expect(approves(at(0.4), { measure: 'score', approveBelow: 0.5 })).toBe(true);
    expect(approves(at(0.4), { measure: 'probability', approveBelow: 0.5 })).toBe(false);
    expect(approves(linear([1], 'identity').predict([3]), { approveAtLeast: 3 })).toBe(true);
    expect(
      approves(linear([1], 'identity').predict([3]), { measure: 'probability', approveAtLeast: 3 }),
    ).toBe(false);
    expect(approves(at(0), {})).toBe(false);
  });
});
