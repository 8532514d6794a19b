import { describe, expect, test } from '@jest/globals';
import { enumerateShapley, treeExplainer } from '../src/index.ts';
import type { TreeModel } from '../src/index.ts';
import {
  asList,
  byOutput,
  largestDifference,
  rowsOf,
  loadTrees,
  modelsOf,
  readGolden,
  readModel,
} from './support.ts';

/** Largest difference relative to the wanted number where that is above 1. */
function relativeDifference(got: readonly number[], want: readonly number[]): number {
  const scale = want.map((number) => Math.max(1, Math.abs(number)));
  return largestDifference(
    got.map((number, i) => number / (scale[i] ?? NaN)),
    want.map((number, i) => number / (scale[i] ?? NaN)),
  );
}

/** LightGBM's flat row of all classes, cut by class. */
function chunked(
  contribs: readonly number[] | readonly (readonly number[])[],
  outputs: number,
): readonly number[] | readonly (readonly number[])[] {
  if (outputs === 1 || typeof contribs[0] !== 'number') return contribs;
  const flat = contribs as readonly number[];
  const length = flat.length / outputs;
  return Array.from({ length: outputs }, (_, k) => flat.slice(k * length, (k + 1) * length));
}

/** What the library calls the raw score, of a model whose leaves were divided. */
function divisorOf(folder: string, name: string, model: TreeModel): number {
  return folder.startsWith('lightgbm') && name === 'forest'
    ? model.trees.length / model.outputs
    : 1;
}

describe.each([
  ...modelsOf('lightgbm', 'txt'),
  ...modelsOf('catboost', 'json'),
  ...modelsOf('sklearn', 'json').filter(([, name]) => !/^(linear|logistic)/.test(name)),
])('%s, model %s', (folder, name, path) => {
  const model = loadTrees(readModel(path));
  const expected = readGolden(path);
  const rows = rowsOf(expected.rows);
  const divisor = divisorOf(folder, name, model);

  test('the file says what made it', () => {
    const [library = '', version] = folder.split('-');
    expect((expected.generator as unknown as Record<string, string>)[library]).toBe(version);
    const format = library === 'sklearn' ? 'showcause' : library;
    expect(model).toMatchObject({ format, featureNames: expected.columns });
  });

  test('margins and responses are within 1e-12 of the library', () => {
    expected.margins.forEach((margin, index) => {
      const prediction = model.predict(rows[index] ?? []);
      const want = asList(margin).map((value) => value / divisor);
      expect(relativeDifference(prediction.margin, want)).toBeLessThanOrEqual(1e-12);
      const predictions = asList(expected.predictions[index] ?? NaN);
      const response = prediction.response.slice(-predictions.length);
      const two =
        predictions.length === 2 ? [1 - (response[0] ?? NaN), response[0] ?? NaN] : response;
      expect(
        relativeDifference(predictions.length === 2 ? two : response, predictions),
      ).toBeLessThanOrEqual(1e-12);
    });
  });

  const { contribs: told = [] } = expected;
  if (told.length > 0)
    test('path-dependent attributions are within 1e-12 of the library', () => {
      const explainer = treeExplainer(model, { perturbation: 'tree-path-dependent' });
      told.forEach((contribs, index) => {
        const explanation = explainer.explain(rows[index] ?? []);
        const scale = Math.max(1, ...explanation.score.map(Math.abs));
        byOutput(model, chunked(contribs, model.outputs)).forEach((want, output) => {
          const got = [
            ...(explanation.attributions[output] ?? []),
            explanation.baseValue[output] ?? NaN,
          ];
          expect(
            largestDifference(
              got,
              want.map((value) => value / divisor),
            ),
          ).toBeLessThanOrEqual(1e-12 * scale);
        });
      });
    });

  test('both explainers agree with enumeration', () => {
    const background = rows.slice(0, 5);
    const row = rows.at(-2) ?? [];
    const pathDependent = treeExplainer(model, { perturbation: 'tree-path-dependent' });
    const interventional = treeExplainer(model, { perturbation: 'interventional', background });
    for (const [explanation, judge] of [
      [
        pathDependent.explain(row),
        enumerateShapley(model, row, { perturbation: 'tree-path-dependent' }),
      ],
      [
        interventional.explain(row),
        enumerateShapley(model, row, { perturbation: 'interventional', background }),
      ],
    ] as const)
      judge.attributions.forEach((want, output) => {
        const scale = Math.max(1, ...explanation.score.map(Math.abs));
        expect(largestDifference(explanation.attributions[output] ?? [], want)).toBeLessThanOrEqual(
          1e-12 * scale,
        );
      });
  });
});
