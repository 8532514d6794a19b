import { describe, expect, test } from '@jest/globals';
import { explainerOf, loadModel } from '../src/index.ts';
import { asList, largestDifference, modelsOf, readGolden, readModel, rowsOf } from './support.ts';

describe.each(modelsOf('onnx', 'onnx'))('%s, model %s', (_folder, name, path) => {
  const model = loadModel(readModel(path));
  const expected = readGolden(path);
  const rows = rowsOf(expected.rows);
  const isExact = model.kind === 'trees' && model.sums === 'float32';

  test(
    isExact
      ? 'answers are those of ONNX Runtime, bit for bit'
      : 'answers are those of ONNX Runtime in float32',
    () => {
      expected.predictions.forEach((prediction, index) => {
        const want = asList(prediction).map(Math.fround);
        const { response } = model.predict(rows[index] ?? []);
        const single = response.map(Math.fround);
        const got =
          want.length === 2 && single.length === 1
            ? [1 - (single[0] ?? NaN), single[0] ?? NaN]
            : single;
        if (isExact)
          expect([name, index, ...got.map(Math.fround)]).toStrictEqual([name, index, ...want]);
        else
          expect(largestDifference(got, want)).toBeLessThanOrEqual(
            3e-7 * Math.max(1, ...want.map(Math.abs)),
          );
      });
    },
  );

  test('is explained interventionally, and not by covers that it does not have', () => {
    const background = rows.slice(0, 5).filter((row) => !row.some(Number.isNaN));
    const explainer = explainerOf(model, { perturbation: 'interventional', background });
    for (const row of rows.slice(0, 5))
      expect(explainer.explain(row).additivityError).toBeLessThan(1e-12);
    expect(() => explainerOf(model, { perturbation: 'tree-path-dependent' })).toThrow(
      expect.objectContaining({
        code: model.kind === 'trees' ? 'EXPLAIN_COVERS' : 'EXPLAIN_METHOD',
      }),
    );
  });
});
