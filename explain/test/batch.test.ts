import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  ExplainError,
  EXPLAIN_VERSION,
  explainerOf,
  explanationArrays,
  explanationAt,
  explanationJson,
  linearExplainer,
  loadModel,
  loadXgboost,
  treeExplainer,
  withCovers,
} from '../src/index.ts';
import type { BatchExplanation, Explainer, Explanation, FeatureRow, Model } from '../src/index.ts';
import { buildLinear, buildModel } from './builder.ts';
import {
  fixtureBytes,
  fixturePath,
  golden,
  loadTrees,
  modelsOf,
  readModel,
  rowsOf,
} from './support.ts';

const rows = rowsOf(golden('3.4.1', 'classes').rows);
const model = loadTrees(fixtureBytes('3.4.1', 'classes.json'));
const features = model.featureNames.length;
const flat = Float64Array.from(rows.flatMap((row) => [...row]));
const explainers: [name: string, explainer: Explainer, rows: readonly FeatureRow[]][] = [
  ['path-dependent', treeExplainer(model, { perturbation: 'tree-path-dependent' }), rows],
  [
    'interventional',
    treeExplainer(model, { perturbation: 'interventional', background: rows.slice(0, 5) }),
    rows,
  ],
  [
    'interventional without tables',
    treeExplainer(model, {
      perturbation: 'interventional',
      background: rows.slice(0, 5),
      maxTableBytes: 0,
    }),
    rows,
  ],
  ...(['interventional', 'correlation-dependent'] as const).map(
    (perturbation): [string, Explainer, readonly FeatureRow[]] => {
      const path = modelsOf('sklearn', 'json').find(([, name]) => name === 'logistic')?.[2];
      const linear = loadModel(readModel(path ?? ''));
      const full = rows.filter((row) => row.every((value) => !Number.isNaN(value)));
      const sized = full.map((row) =>
        Float64Array.from(linear.featureNames, (_, i) => (row[i % row.length] ?? 0) + i),
      );
      return [
        `linear, ${perturbation}`,
        explainerOf(linear, { perturbation, background: sized.slice(0, 20) }),
        sized,
      ];
    },
  ),
];

/** What `explain` says of each row, laid out as a batch lays it out. */
function oneByOne(explainer: Explainer, given: readonly FeatureRow[]): number[][] {
  const all = given.map((row) => explainer.explain(row));
  return [
    all.flatMap(({ attributions }) => attributions.flatMap((values) => [...values])),
    all.flatMap(({ score }) => score),
    all.flatMap(({ margin }) => margin),
    all.map(({ additivityError }) => additivityError),
  ];
}

function parts(batch: BatchExplanation): number[][] {
  const { attributions, scores, margins, additivityErrors } = batch;
  return [attributions, scores, margins, additivityErrors].map((values) => Array.from(values));
}

describe.each(explainers)('a batch, %s', (_, explainer, given) => {
  test('says of every row what explain says, to the bit, whatever the chunk', async () => {
    const want = oneByOne(explainer, given);
    for (const chunk of [1, 7, 1000])
      expect(parts(await explainer.explainBatch(given, { chunk }))).toStrictEqual(want);
  });

  test('more rows than a kernel takes together: the same, and a refusal names its own', async () => {
    const many = Array.from({ length: 600 }, (_, i) => given[(i * 7) % given.length] ?? []);
    const together = await explainer.explainBatch(many, { chunk: 600 });
    const pieces = await explainer.explainBatch(many, { chunk: 11 });
    expect(parts(together)).toStrictEqual(parts(pieces));
    many[530] = [1];
    await expect(explainer.explainBatch(many, { chunk: 600 })).rejects.toMatchObject({ row: 530 });
  });

  test('takes one row-major array for the same rows', async () => {
    const all = Float64Array.from(given.flatMap((row) => Array.from(row)));
    expect(parts(await explainer.explainBatch(all))).toStrictEqual(oneByOne(explainer, given));
  });

  test('writes to the arrays that it is given, and explainInto to one place of them', async () => {
    const out = explanationArrays(explainer, given.length);
    const batch = await explainer.explainBatch(given, { out });
    expect(batch.attributions).toBe(out.attributions);
    const again = explanationArrays(explainer, 2);
    explainer.explainInto(given[3] ?? [], again, 1);
    const size = explainer.outputs * explainer.features;
    expect(again.attributions.subarray(size)).toStrictEqual(
      out.attributions.slice(3 * size, 4 * size),
    );
    expect(again.attributions.subarray(0, size).every((value) => value === 0)).toBe(true);
  });
});

test('a row of a batch is what explain gives', async () => {
  const [, explainer] = explainers[1]!;
  const batch = await explainer.explainBatch(rows);
  rows.forEach((row, index) => {
    expect(explanationAt(model, batch, index)).toStrictEqual(explainer.explain(row));
  });
});

test('the XGBoost entry reads the same model, and no other library’s', () => {
  for (const extension of ['json', 'ubj']) {
    const bytes = fixtureBytes('3.4.1', `classes.${extension}`);
    const other = loadXgboost(bytes);
    expect(other.hash).toBe(loadModel(bytes).hash);
    expect(other.predict(rows[0] ?? [])).toStrictEqual(model.predict(rows[0] ?? []));
  }
  for (const path of [modelsOf('lightgbm', 'txt')[0]?.[2], modelsOf('onnx', 'onnx')[0]?.[2]])
    expect(() => loadXgboost(readModel(path ?? ''))).toThrow(
      expect.objectContaining({ code: 'MODEL_FORMAT' }),
    );
});

describe('progress and cancellation', () => {
  const explainer = treeExplainer(model, { perturbation: 'tree-path-dependent' });

  test('progress is told after each chunk, in order, to the end', async () => {
    const told: number[] = [];
    await explainer.explainBatch(rows.slice(0, 10), {
      chunk: 4,
      onProgress: ({ done, total }) => told.push(done, total),
    });
    expect(told).toStrictEqual([4, 10, 8, 10, 10, 10]);
  });

  test('others have their turn between two chunks', async () => {
    let isOver = false;
    const batch = explainer.explainBatch(rows, { chunk: 1 }).then(() => (isOver = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    await batch;
  });

  test('a signal ends it with its own reason, with the rows behind it not written', async () => {
    const controller = new AbortController();
    const out = explanationArrays(explainer, rows.length);
    const batch = explainer.explainBatch(rows, {
      out,
      chunk: 2,
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done === 4) controller.abort(new Error('enough'));
      },
    });
    await expect(batch).rejects.toThrow('enough');
    expect(out.scores.subarray(0, 4 * 3).every((score) => score !== 0)).toBe(true);
    expect(out.scores.subarray(4 * 3).every((score) => score === 0)).toBe(true);
    await expect(
      explainer.explainBatch(rows, { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('no rows are no work', async () => {
    expect((await explainer.explainBatch([])).rows).toBe(0);
    expect((await explainer.explainBatch(new Float32Array(0))).rows).toBe(0);
  });
});

describe('what is refused', () => {
  const explainer = treeExplainer(model, { perturbation: 'tree-path-dependent' });
  const refusal = async (run: () => unknown): Promise<unknown> => {
    try {
      await run();
    } catch (error) {
      if (error instanceof ExplainError) return { code: error.code, row: error.row };
      throw error;
    }
    return 'accepted';
  };

  test('a row of the wrong length, by its index', async () => {
    const bad = [...rows.slice(0, 5), [1, 2], ...rows.slice(5)];
    expect(await refusal(() => explainer.explainBatch(bad, { chunk: 3 }))).toStrictEqual({
      code: 'FEATURE_COUNT',
      row: 5,
    });
    await expect(explainer.explainBatch(bad)).rejects.toThrow('got 2 values in rows[5], want 6');
  });

  test('a missing value in a linear model, by the index of its row', async () => {
    const [, linear, given] = explainers[3]!;
    const bad = given.map((row) => Float64Array.from(row));
    bad[2]![0] = NaN;
    expect(await refusal(() => linear.explainBatch(bad))).toStrictEqual({
      code: 'FEATURE_MISSING',
      row: 2,
    });
  });

  test('attributions that do not add up, by the index of the row', async () => {
    const huge = linearExplainer(buildLinear([1e300, -1e300]), {
      perturbation: 'interventional',
      background: [[0, 0]],
    });
    expect(await refusal(() => huge.explainBatch([[1e10, 1e10]]))).toStrictEqual({
      code: 'EXPLAIN_ADDITIVITY',
      row: 0,
    });
  });

  test('half a row, a chunk of nothing, arrays of another shape', async () => {
    const half = flat.subarray(0, features * 2 + 1);
    const cases: [() => unknown, string][] = [
      [() => explainer.explainBatch(half), 'EXPLAIN_ROWS'],
      [() => explainer.explainBatch(rows, { chunk: 0 }), 'EXPLAIN_ROWS'],
      [() => explainer.explainBatch(rows, { chunk: 1.5 }), 'EXPLAIN_ROWS'],
      [
        () => explainer.explainBatch(rows, { out: explanationArrays(explainer, 3) }),
        'EXPLAIN_ARRAYS',
      ],
      [
        () => {
          const out = explanationArrays({ outputs: 1, features }, rows.length);
          return explainer.explainBatch(rows, { out });
        },
        'EXPLAIN_ARRAYS',
      ],
      [
        () => explainer.explainInto(rows[0] ?? [], explanationArrays(explainer, 1), 1),
        'EXPLAIN_ARRAYS',
      ],
      [
        () => explainer.explainInto(rows[0] ?? [], explanationArrays(explainer, 1), NaN),
        'EXPLAIN_ARRAYS',
      ],
      [() => explanationArrays(explainer, -1), 'EXPLAIN_ARRAYS'],
      [() => explanationArrays(explainer, 1e12), 'EXPLAIN_ARRAYS'],
    ];
    for (const [run, code] of cases)
      expect(await refusal(run)).toStrictEqual({ code, row: undefined });
  });

  test('a background of no rows, whatever the method', () => {
    const linear: Model = loadModel(
      readModel(modelsOf('sklearn', 'json').find(([, name]) => name === 'linear')?.[2] ?? ''),
    );
    for (const each of [model, linear])
      for (const background of [[], { id: 'none', rows: [] }])
        expect(() => explainerOf(each, { perturbation: 'interventional', background })).toThrow(
          expect.objectContaining({ code: 'EXPLAIN_BACKGROUND' }),
        );
    expect(() => withCovers(model, [])).toThrow(
      expect.objectContaining({ code: 'EXPLAIN_BACKGROUND' }),
    );
  });
});

describe('what every explanation states', () => {
  const sha256 = (bytes: Uint8Array | string): string =>
    createHash('sha256').update(bytes).digest('hex');

  test('the hash of the model file, and whose numbers these are', async () => {
    const hash = sha256(readFileSync(fixturePath('3.4.1', 'classes.json')));
    const explainer = treeExplainer(model, { perturbation: 'tree-path-dependent' });
    const want = {
      method: 'tree-path-dependent',
      kernel: explainer.kernel,
      version: EXPLAIN_VERSION,
      modelHash: hash,
      outputSpace: 'margin',
      coverSource: 'hessian',
      background: null,
    };
    expect(model.hash).toBe(hash);
    expect(explainer).toMatchObject(want);
    expect(explainer.explain(rows[0] ?? [])).toMatchObject(want);
    expect(await explainer.explainBatch(rows)).toMatchObject(want);
  });

  test('the background: its id, its size, and SHA-256 of its RFC 8785 JSON', () => {
    const background = [
      [1.5, NaN, -0, 1e21, 3, 4],
      [0.1, 2, 3, 4, 5, 6],
    ];
    const json = (id: string): string =>
      `{"band":null,"id":${id},"rows":[[1.5,null,0,1e+21,3,4],[0.1,2,3,4,5,6]]}`;
    const facts = (given: Parameters<typeof explainerOf>[1]['background']): unknown =>
      explainerOf(model, { perturbation: 'interventional', background: given! }).explain(
        rows[0] ?? [],
      ).background;
    expect(facts(background)).toStrictEqual({ id: null, hash: sha256(json('null')), rows: 2 });
    expect(facts({ id: 'near "the line"', rows: background })).toStrictEqual({
      id: 'near "the line"',
      hash: sha256(json('"near \\"the line\\""')),
      rows: 2,
    });
    const hash = 'ab'.repeat(32);
    expect(facts({ id: 'b', hash, rows: background })).toStrictEqual({ id: 'b', hash, rows: 2 });
  });

  test('counted covers name the rows that they were counted from', () => {
    const counted = withCovers(model, { id: 'last year', rows });
    const explainer = treeExplainer(counted, { perturbation: 'tree-path-dependent' });
    expect(explainer).toMatchObject({
      modelHash: model.hash,
      coverSource: 'count',
      background: { id: 'last year', rows: rows.length },
    });
    expect(treeExplainer(model, { perturbation: 'tree-path-dependent' }).background).toBeNull();
  });

  test('the output space follows the link', () => {
    const space = (objective: string): string =>
      treeExplainer(
        buildModel({ features: 1, trees: [{ value: 1 }], baseScore: '5E-1', objective }),
        {
          perturbation: 'tree-path-dependent',
        },
      ).outputSpace;
    expect(space('binary:logistic')).toBe('log-odds');
    expect(space('count:poisson')).toBe('log');
    expect(space('reg:squarederror')).toBe('margin');
  });
});

test('an explanation as JSON: plain arrays, members in one order, no number that JSON lacks', () => {
  const explanation = explainers[1]![1].explain(rows[0]!);
  const json = explanationJson(explanation);
  expect(JSON.parse(JSON.stringify(json))).toStrictEqual(json);
  expect(json).toStrictEqual({
    ...explanation,
    attributions: explanation.attributions.map((values) => Array.from(values)),
  });
  const turned = Object.fromEntries(Object.entries(explanation).reverse());
  expect(JSON.stringify(explanationJson(turned as unknown as Explanation))).toBe(
    JSON.stringify(json),
  );
  expect(explanationJson({ ...explanation, response: [Infinity, NaN, 1] }).response).toStrictEqual([
    null,
    null,
    1,
  ]);
});
