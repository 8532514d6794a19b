import { describe, expect, test } from '@jest/globals';
import { linearExplainer, loadModel, treeExplainer } from '../src/index.ts';
import type { FeatureRow, LinearModel } from '../src/index.ts';
import { fixtureBytes, golden, loadTrees, rowsOf } from './support.ts';

// What JavaScript callers send though no type allows it.
const loose = (row: readonly unknown[]): FeatureRow => row as unknown as FeatureRow;
const dist = new URL('../dist/node/index.js', import.meta.url).href;
const { explainerPool } = (await import(dist)) as typeof import('../src/node/index.ts');

const file = fixtureBytes('3.4.1', 'numeric.json');
const model = loadTrees(file);
const rows = rowsOf(golden('3.4.1', 'numeric').rows);
const holed = (value: unknown): FeatureRow =>
  loose(Array.from(rows[0]!, (x, i) => (i < 2 ? value : x)));

describe('null and undefined', () => {
  test('are missing in an explainer, in a pool, and in the background of either', async () => {
    const background = [holed(null), rows[1]!];
    const game = { perturbation: 'interventional' as const, background };
    const alone = treeExplainer(model, game);
    const want = treeExplainer(model, { ...game, background: [holed(NaN), rows[1]!] });
    const pool = await explainerPool({ model: file, ...game, workers: 1 });
    const given = [holed(null), holed(undefined), holed(NaN)];
    const batch = await pool.explainBatch(given);
    await pool.close();
    expect(batch.baseValue).toStrictEqual(want.baseValue);
    expect(alone.baseValue).toStrictEqual(want.baseValue);
    expect(batch.attributions).toStrictEqual((await want.explainBatch(given)).attributions);
  });

  test('are refused by a linear model, as infinities are', () => {
    const linear = loadModel(
      new TextEncoder().encode(
        JSON.stringify({
          format: 'showcause-model/1',
          kind: 'linear',
          link: 'identity',
          features: [{ name: 'a' }, { name: 'b' }],
          intercept: [0],
          coefficients: [[1, 2]],
        }),
      ),
    ) as LinearModel;
    const { explain } = linearExplainer(linear, {
      perturbation: 'interventional',
      background: [[0, 0]],
    });
    for (const value of [null, undefined, NaN, Infinity])
      expect(() => explain(loose([value, 1]))).toThrow(
        expect.objectContaining({ code: 'FEATURE_MISSING' }),
      );
  });
});

test('text is no number, and not missing either', () => {
  const explainer = treeExplainer(model, { perturbation: 'tree-path-dependent' });
  expect(() => explainer.explain(holed('12'))).toThrow(
    expect.objectContaining({ code: 'FEATURE_TYPE' }),
  );
  expect(() => model.predict(holed(true))).toThrow(
    expect.objectContaining({ code: 'FEATURE_TYPE' }),
  );
});

test('a linear model has no other games than its own', () => {
  const linear = loadModel(
    new TextEncoder().encode(
      '{"format":"showcause-model/1","kind":"linear","link":"identity","features":[{"name":"a"}],"intercept":[0],"coefficients":[[1]]}',
    ),
  ) as LinearModel;
  expect(() =>
    linearExplainer(linear, { perturbation: 'foo' as 'interventional', background: [[0]] }),
  ).toThrow(expect.objectContaining({ code: 'EXPLAIN_METHOD' }));
});
