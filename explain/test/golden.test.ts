import { describe, expect, test } from '@jest/globals';
import { treeExplainer } from '../src/index.ts';
import type { Explanation } from '../src/index.ts';
import {
  asList,
  byOutput,
  fixtureBytes,
  golden,
  goldenModels,
  largestDifference,
  rowsOf,
  loadTrees,
} from './support.ts';

describe.each(goldenModels)('XGBoost %s, model %s', (version, name) => {
  const model = loadTrees(fixtureBytes(version, `${name}.json`));
  const expected = golden(version, name);
  const rows = rowsOf(expected.rows);

  test('margins are those of XGBoost, bit for bit', () => {
    const margins = rows.map((row) => model.predict(row).margin);
    expect(margins).toStrictEqual(
      expected.margins.map((margin) => asList(margin).map(Math.fround)),
    );
  });

  test('responses are those of XGBoost, bit for bit', () => {
    const responses = rows.map((row) => model.predict(row).response);
    expect(responses).toStrictEqual(
      expected.predictions.map((each) => asList(each).map(Math.fround)),
    );
  });

  test('the UBJSON twin is the same model', () => {
    expect(plain(loadTrees(fixtureBytes(version, `${name}.ubj`)))).toStrictEqual(plain(model));
  });

  test('path-dependent attributions and base value are within 2e-6 of pred_contribs', () => {
    const explainer = treeExplainer(model, { perturbation: 'tree-path-dependent' });
    expected.contribs?.forEach((contribs, index) => {
      const explanation = explainer.explain(rows[index] ?? []);
      const scale = largestTerm(explanation);
      byOutput(model, contribs).forEach((want, output) => {
        const got = [
          ...(explanation.attributions[output] ?? []),
          explanation.baseValue[output] ?? NaN,
        ];
        expect(largestDifference(got, want)).toBeLessThanOrEqual(2e-6 * scale);
      });
      expect(explanation.additivityError).toBeLessThanOrEqual(1e-12 * scale);
    });
  });

  const { shapPathDependent, background, shapInterventional } = expected;
  if (shapPathDependent !== undefined)
    test("path-dependent attributions are within 1e-12 of shap's C++", () => {
      const explainer = treeExplainer(model, { perturbation: 'tree-path-dependent' });
      shapPathDependent.forEach((values, index) => {
        const { attributions, score } = explainer.explain(rows[index] ?? []);
        const scale = Math.max(1, ...score.map(Math.abs));
        byOutput(model, transposed(values)).forEach((want, output) => {
          expect(largestDifference(attributions[output] ?? [], want)).toBeLessThanOrEqual(
            1e-12 * scale,
          );
        });
      });
    });

  if (background !== undefined && shapInterventional !== undefined)
    test("interventional attributions are within 1e-7 of shap's float32 C++", () => {
      const explainer = treeExplainer(model, {
        perturbation: 'interventional',
        background: rowsOf(background),
      });
      shapInterventional.forEach((want, index) => {
        const explanation = explainer.explain(rows[index] ?? []);
        expect(largestDifference(explanation.attributions[0] ?? [], want)).toBeLessThanOrEqual(
          1e-7 * largestTerm(explanation),
        );
      });
    });
});

/** What a float32 sum rounds by: attributions may be far larger than the score that they cancel to. */
function largestTerm({ score, baseValue, attributions }: Explanation): number {
  const terms = [...score, ...baseValue, ...attributions.flatMap((values) => [...values])];
  return Math.max(1, ...terms.map(Math.abs));
}

/** Everything of a model that can be compared between two files. */
function plain(model: ReturnType<typeof loadTrees>): object {
  const { predict: _p, probabilityOf: _o, responseOf: _r, hash: _h, ...rest } = model;
  return rest;
}

/** shap gives [feature][output] where XGBoost gives [output][feature]. */
function transposed(
  values: readonly number[] | readonly (readonly number[])[],
): readonly number[] | number[][] {
  if (typeof values[0] === 'number') return values as readonly number[];
  const rows = values as readonly (readonly number[])[];
  return Array.from({ length: rows[0]?.length ?? 0 }, (_, output) =>
    rows.map((row) => row[output] ?? NaN),
  );
}

test('files say what made them', () => {
  for (const [version, name] of goldenModels)
    expect(golden(version, name).generator.xgboost).toBe(version);
  for (const version of ['3.2.0', '3.4.1']) {
    expect(golden(version, 'numeric').shapPathDependent).toBeDefined();
    expect(golden(version, 'regression').shapInterventional).toBeDefined();
  }
});
