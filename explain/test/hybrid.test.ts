import { afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { enumerateShapley, treeExplainer } from '../src/index.ts';
import type { TreeModel } from '../src/index.ts';
import { castRow } from '../src/model/tree-model.ts';
import { DEFAULT_TABLE_BYTES } from '../src/shapley/kernel.ts';
import type { EngineName } from '../src/shapley/kernel.ts';
import { pathDependentKernel } from '../src/shapley/path-dependent.ts';
import { planTrees } from '../src/shapley/hybrid/plan.ts';
import { wasmEngine } from '../src/shapley/hybrid/wasm-engine.ts';
import { rankTrees } from '../src/shapley/ranks.ts';
import { buildModel } from './builder.ts';
import type { ModelSpec, Node } from './builder.ts';
import { RANDOM_FEATURES, randomRow, randomSpec } from './random-models.ts';
import {
  attributionDifference,
  fixturePath,
  goldenModels,
  largestDifference,
  loadTrees,
  modelsOf,
  readGolden,
  readModel,
  rowsOf,
} from './support.ts';

const BAR = 1e-12;
const path = { perturbation: 'tree-path-dependent' } as const;
const engines: readonly EngineName[] = ['wasm', 'typescript'];
const realWebAssembly = globalThis.WebAssembly;

afterEach(() => {
  globalThis.WebAssembly = realWebAssembly;
  jest.restoreAllMocks();
});

/** Attributions of rows, by a kernel straight from the model. */
function valuesOf(
  model: TreeModel,
  rows: readonly Float64Array[],
  engine: EngineName,
  maxTableBytes = DEFAULT_TABLE_BYTES,
): Float64Array {
  const kernel = pathDependentKernel(model, maxTableBytes, engine);
  const cells = model.outputs * model.featureNames.length;
  const out = new Float64Array(rows.length * cells).fill(NaN);
  kernel.attributeRows(
    rows.map((row) => castRow(model, row)),
    out,
    0,
  );
  return out;
}

/** A tree without gaps down to `depth`, so that it has upper nodes: every number comes from `seed`. */
function fullTree(seed: number, depth: number): Node {
  let state = seed * 2 + 1;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const grow = (level: number): Node => {
    const cover = next(5) === 0 ? 0 : 1 + next(40);
    if (level === depth || next(9) === 0) return { value: (next(129) - 64) / 16, cover };
    const feature = next(RANDOM_FEATURES);
    const ask =
      feature === RANDOM_FEATURES - 1
        ? { categories: [next(3), 3 + next(3)] }
        : { below: (next(5) - 2) / 2 };
    const sides = { defaultLeft: next(2) === 1, left: grow(level + 1), right: grow(level + 1) };
    return { feature, ...ask, ...sides, cover };
  };
  return grow(0);
}

const fullSpec: fc.Arbitrary<ModelSpec> = fc
  .record({
    trees: fc.array(fc.tuple(fc.nat(1e6), fc.integer({ min: 3, max: 6 })), {
      minLength: 1,
      maxLength: 3,
    }),
    groups: fc.constant([0, 1, 0]),
  })
  .map(({ trees, groups }) => ({
    trees: trees.map(([seed, depth]) => fullTree(seed, depth)),
    features: RANDOM_FEATURES,
    objective: 'multi:softprob',
    classes: 2,
    groups: groups.slice(0, trees.length),
  }));

/** A chain that asks feature after feature: one path holds them all. */
function chain(features: number): ModelSpec {
  let tree: Node = { value: 1, cover: 3 };
  for (let feature = 0; feature < features; feature++)
    tree = { feature, below: 0.5, left: { value: -feature / 8, cover: 2 }, right: tree };
  return { trees: [tree], features };
}

const real = [
  ...goldenModels.map(([version, name]) => fixturePath(version, `${name}.json`)),
  ...modelsOf('lightgbm', 'txt').map(([, , file]) => file),
  ...modelsOf('catboost', 'json').map(([, , file]) => file),
];

describe('the hybrid', () => {
  test.each(engines)('%s gives the values of the definition on full trees', (engine) => {
    fc.assert(
      fc.property(fullSpec, randomRow, (spec, row) => {
        const model = buildModel(spec);
        const got = treeExplainer(model, { ...path, engine }).explain(row);
        const want = enumerateShapley(model, row, path);
        expect(attributionDifference(got, want)).toBeLessThanOrEqual(BAR);
        expect(got.additivityError).toBeLessThanOrEqual(BAR);
      }),
      { numRuns: 60 },
    );
  });

  test('both engines give the same bytes, in blocks of rows and row by row', () => {
    fc.assert(
      fc.property(
        fc.oneof(fullSpec, randomSpec),
        fc.array(randomRow, { minLength: 30, maxLength: 70 }),
        (spec, rows) => {
          const model = buildModel(spec);
          const values = valuesOf(model, rows, 'wasm');
          expect(values).toStrictEqual(valuesOf(model, rows, 'typescript'));
          const explainer = treeExplainer(model, path);
          const single = rows.flatMap((row) =>
            explainer.explain(row).attributions.flatMap((each) => [...each]),
          );
          expect(values).toStrictEqual(Float64Array.from(single));
        },
      ),
      { numRuns: 40 },
    );
  });

  test('both engines give the same bytes on real models', () => {
    expect(real.length).toBeGreaterThan(20);
    for (const file of real) {
      const model = loadTrees(readModel(file));
      const rows = rowsOf(readGolden(file).rows.slice(0, 40));
      expect(valuesOf(model, rows, 'wasm')).toStrictEqual(valuesOf(model, rows, 'typescript'));
    }
  });

  test('models side by side do not disturb each other', () => {
    const [one, other] = [fullTree(1, 6), fullTree(2, 5)].map((tree) =>
      buildModel({ trees: [tree], features: RANDOM_FEATURES }),
    );
    if (one === undefined || other === undefined) throw new Error('two models');
    const rows = fc.sample(randomRow, { numRuns: 20, seed: 7 });
    const alone = rows.map((row) => treeExplainer(one, path).explain(row));
    const [a, b] = [treeExplainer(one, path), treeExplainer(other, path)];
    const mixed = rows.map((row) => {
      b.explain(row);
      return a.explain(row);
    });
    expect(mixed).toStrictEqual(alone);
  });
});

describe('wide paths', () => {
  test.each([1, 4, 5, 8, 9, 12, 13, 15])('%i features on one path', (features) => {
    const model = buildModel(chain(features));
    const row = Float64Array.from({ length: features }, (_, i) => (i % 4 === 1 ? 0 : 1));
    const want = enumerateShapley(model, row, path).attributions[0] ?? [];
    for (const engine of engines)
      expect(largestDifference(valuesOf(model, [row], engine), want)).toBeLessThanOrEqual(BAR);
  });

  test.each([16, 17, 24, 31, 32])(
    '%i features on one path: as the walk without tables has it',
    (features) => {
      const model = buildModel(chain(features));
      const rows = [3, 4, 5].map((step) =>
        Float64Array.from({ length: features }, (_, i) => (i % step === 1 ? 0 : 1)),
      );
      const values = valuesOf(model, rows, 'wasm');
      expect(values).toStrictEqual(valuesOf(model, rows, 'typescript'));
      expect(largestDifference(values, valuesOf(model, rows, 'wasm', 0))).toBeLessThanOrEqual(BAR);
      for (const row of rows)
        expect(treeExplainer(model, path).explain(row).additivityError).toBeLessThanOrEqual(BAR);
    },
  );

  test('a path wider than a mask is walked without tables', () => {
    const model = buildModel(chain(33), { limits: { maxDepth: 40 } });
    const explainer = treeExplainer(model, path);
    expect(explainer.tableBytes).toBe(0);
    const row = Float64Array.from({ length: 33 }, (_, i) => (i % 4 === 1 ? 0 : 1));
    expect(explainer.explain(row).additivityError).toBeLessThanOrEqual(BAR);
  });
});

describe('limits', () => {
  const file = fixturePath('3.2.0', 'multiclass.json');
  const model = loadTrees(readModel(file));
  const rows = rowsOf(readGolden(file).rows.slice(0, 40));

  test('tables stay below maxTableBytes; what does not fit is walked, and the name says the limit', () => {
    const whole = treeExplainer(model, path);
    const half = Math.floor(whole.tableBytes / 2);
    const some = treeExplainer(model, { ...path, maxTableBytes: half });
    const none = treeExplainer(model, { ...path, maxTableBytes: 0 });
    expect(whole.kernel).toBe('wasm-hybrid/1');
    expect(some.kernel).toBe(`wasm-hybrid/1/${half}`);
    expect(some.tableBytes).toBeLessThanOrEqual(half);
    expect(some.tableBytes).toBeGreaterThan(half / 2);
    expect(none.tableBytes).toBe(0);
    for (const row of rows) {
      const want = whole.explain(row);
      for (const explainer of [some, none])
        expect(attributionDifference(explainer.explain(row), want)).toBeLessThanOrEqual(BAR);
    }
    expect(valuesOf(model, rows, 'wasm', half)).toStrictEqual(
      valuesOf(model, rows, 'typescript', half),
    );
  });

  test('tables count whole: one byte less and one tree more is walked', () => {
    const { tableBytes } = treeExplainer(model, path);
    expect(treeExplainer(model, { ...path, maxTableBytes: tableBytes }).tableBytes).toBe(
      tableBytes,
    );
    expect(
      treeExplainer(model, { ...path, maxTableBytes: tableBytes - 1 }).tableBytes,
    ).toBeLessThan(tableBytes);
  });

  test('an instance takes little more memory than its tables', () => {
    const ranks = rankTrees(model.trees);
    const { plan } = planTrees(model.trees, ranks, model.featureNames.length, DEFAULT_TABLE_BYTES);
    const engine = wasmEngine(plan, { rows: 2, rankSlots: ranks.slots, cells: 30 });
    const tableBytes = plan.tables.byteLength + plan.code.byteLength;
    const memory = engine?.ranks.buffer.byteLength ?? Infinity;
    expect(memory).toBeGreaterThanOrEqual(tableBytes);
    expect(memory).toBeLessThan(tableBytes + 2 ** 17);
    expect(engine?.sums.buffer).toBe(engine?.ranks.buffer);
  });
});

describe('without WebAssembly', () => {
  const model = buildModel({ trees: [fullTree(3, 5)], features: RANDOM_FEATURES });
  const rows = fc.sample(randomRow, { numRuns: 10, seed: 3 });

  test('the TypeScript twin answers, says so, and gives the same bytes', () => {
    const wanted = valuesOf(model, rows, 'wasm');
    expect(treeExplainer(model, path).kernel).toBe('wasm-hybrid/1');
    Reflect.deleteProperty(globalThis, 'WebAssembly');
    const explainer = treeExplainer(model, path);
    expect(explainer.kernel).toBe('ts-hybrid/1');
    expect(explainer.explain(rows[0] ?? []).kernel).toBe('ts-hybrid/1');
    expect(valuesOf(model, rows, 'wasm')).toStrictEqual(wanted);
  });

  test('it can be asked for', () => {
    expect(treeExplainer(model, { ...path, engine: 'typescript' }).kernel).toBe('ts-hybrid/1');
  });
});
