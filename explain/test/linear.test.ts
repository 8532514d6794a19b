import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { explainerOf, linearExplainer, loadModel, shapleyValues } from '../src/index.ts';
import { buildLinear } from './builder.ts';
import { asList, largestDifference, modelsOf, readGolden, readModel, rowsOf } from './support.ts';

const models = modelsOf('sklearn', 'json').filter(([, name]) => /^(linear|logistic)/.test(name));

describe.each(models)('%s, model %s', (_folder, _name, path) => {
  const model = loadModel(readModel(path));
  const expected = readGolden(path);
  const rows = rowsOf(expected.rows);

  test('margins and responses are within 1e-12 of scikit-learn', () => {
    expected.margins.forEach((margin, i) => {
      const prediction = model.predict(rows[i] ?? []);
      const want = asList(margin);
      expect(largestDifference(prediction.margin, want)).toBeLessThanOrEqual(1e-12);
      expect(
        largestDifference(prediction.response, asList(expected.predictions[i] ?? NaN)),
      ).toBeLessThanOrEqual(1e-12);
    });
  });

  test('attributions are within 1e-12 of shap', () => {
    const background = rowsOf(expected.background ?? []);
    const explainer = explainerOf(model, { perturbation: 'interventional', background });
    expect(expected.shapLinear).toHaveLength(rows.length);
    expected.shapLinear?.forEach((outputs, i) => {
      const explanation = explainer.explain(rows[i] ?? []);
      outputs.forEach((want, output) => {
        const got = [
          ...(explanation.attributions[output] ?? []),
          explanation.baseValue[output] ?? NaN,
        ];
        expect(largestDifference(got, want)).toBeLessThanOrEqual(1e-12);
      });
    });
  });
});

test('there are three such models', () => expect(models).toHaveLength(3));

/** A second way to the conditional expectation: solve for the normal equations by Gauss-Jordan with pivoting. */
function conditionalMean(
  known: readonly number[],
  unknown: number,
  row: readonly number[],
  mean: readonly number[],
  covariance: readonly (readonly number[])[],
): number {
  const system = known.map((i) => [
    ...known.map((j) => covariance[i]![j]!),
    covariance[i]![unknown]!,
  ]);
  for (let k = 0; k < known.length; k++) {
    const pivot = system
      .slice(k)
      .reduce((best, line) => (Math.abs(line[k]!) > Math.abs(best[k]!) ? line : best));
    system.splice(system.indexOf(pivot), 1);
    system.splice(k, 0, pivot);
    const scale = pivot[k]!;
    pivot.forEach((value, j) => (pivot[j] = value / scale));
    system.forEach((line) => {
      if (line === pivot) return;
      const factor = line[k]!;
      line.forEach((value, j) => (line[j] = value - factor * pivot[j]!));
    });
  }
  return known.reduce(
    (sum, i, k) => sum + system[k]!.at(-1)! * (row[i]! - mean[i]!),
    mean[unknown]!,
  );
}

describe('correlation-dependent', () => {
  const numbers = fc.double({ min: -5, max: 5, noNaN: true });

  test('is the Shapley value of expectations given what is known', () => {
    fc.assert(
      fc.property(
        fc.array(numbers, { minLength: 4, maxLength: 4 }),
        fc.array(fc.array(numbers, { minLength: 4, maxLength: 4 }), {
          minLength: 12,
          maxLength: 20,
        }),
        fc.array(numbers, { minLength: 4, maxLength: 4 }),
        (weights, background, row) => {
          const mean = weights.map(
            (_, j) => background.reduce((s, r) => s + r[j]!, 0) / background.length,
          );
          const covariance = weights.map((_, i) =>
            weights.map(
              (__, j) =>
                background.reduce((s, r) => s + (r[i]! - mean[i]!) * (r[j]! - mean[j]!), 0) /
                background.length,
            ),
          );
          // Rows that nearly depend on each other have no stable regression in either way.
          fc.pre(determinant(covariance) > 1e-3);
          const want = shapleyValues(4, (mask) =>
            weights.reduce((sum, weight, j) => {
              if ((mask >> j) & 1) return sum + weight * row[j]!;
              const known = [0, 1, 2, 3].filter((i) => (mask >> i) & 1);
              return sum + weight * conditionalMean(known, j, row, mean, covariance);
            }, 0.5),
          );
          const explainer = linearExplainer(buildLinear(weights), {
            perturbation: 'correlation-dependent',
            background,
          });
          const { attributions } = explainer.explain(row);
          expect(largestDifference(attributions[0]!, want)).toBeLessThanOrEqual(
            1e-9 * Math.max(1, ...want.map(Math.abs)),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test('two copies of a feature share what one would get; a feature without weight gets what it tells', () => {
    const background = [0, 1, 2, 5].map((x) => [x, x, -x]);
    const explainer = linearExplainer(buildLinear([1, 1, 0]), {
      perturbation: 'correlation-dependent',
      background,
    });
    const [values] = explainer.explain([4, 4, -4]).attributions;
    expect(values![0]).toBeCloseTo(values![1]!, 12);
    expect(values![2]).toBeCloseTo(values![0]!, 12);
    const independent = linearExplainer(buildLinear([1, 1, 0]), {
      perturbation: 'interventional',
      background,
    });
    expect(largestDifference(independent.explain([4, 4, -4]).attributions[0]!, [2, 2, 0])).toBe(0);
  });

  test('more than 15 features that are correlated with each other are refused', () => {
    const wide = Array.from({ length: 16 }, () => 1);
    const background = [wide, wide.map((_, i) => i + 2)];
    expect(() =>
      linearExplainer(buildLinear(wide), { perturbation: 'correlation-dependent', background }),
    ).toThrow(expect.objectContaining({ code: 'EXPLAIN_TOO_WIDE' }));
  });
});

function determinant(matrix: readonly (readonly number[])[]): number {
  if (matrix.length === 0) return 1;
  return matrix[0]!.reduce(
    (sum, value, j) =>
      sum +
      (j % 2 === 0 ? 1 : -1) *
        value *
        determinant(matrix.slice(1).map((line) => line.filter((_, i) => i !== j))),
    0,
  );
}

describe('refuses', () => {
  const background = [[1, 2]];
  const model = buildLinear([1, 2]);

  test.each([
    ['a missing value', () => model.predict([NaN, 1]), 'FEATURE_MISSING'],
    [
      'a missing value in the background',
      () => linearExplainer(model, { perturbation: 'interventional', background: [[NaN, 1]] }),
      'FEATURE_MISSING',
    ],
    [
      'no background',
      () => linearExplainer(model, { perturbation: 'interventional', background: [] }),
      'EXPLAIN_BACKGROUND',
    ],
    ['another length', () => model.predict([1]), 'FEATURE_COUNT'],
    [
      'covers',
      () => explainerOf(model, { perturbation: 'tree-path-dependent', background }),
      'EXPLAIN_METHOD',
    ],
  ])('%s', (_what, act, code) => {
    expect(act).toThrow(expect.objectContaining({ code }));
  });
});
