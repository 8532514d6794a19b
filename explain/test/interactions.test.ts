import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { enumerateShapley, shapleyValues, treeExplainer, treeInteractions } from '../src/index.ts';
import type { ExplainerOptions, Tree, TreeModel } from '../src/index.ts';
import { goesLeft } from '../src/model/tree.ts';
import { newPairSums, usedFeatures } from '../src/interactions/matrix.ts';
import { buildModel } from './builder.ts';
import type { Node } from './builder.ts';
import { RANDOM_FEATURES, randomRow, randomSpec } from './random-models.ts';
import { fixtureBytes, largestDifference, loadTrees, rowsOf } from './support.ts';

const BAR = 1e-12;
const runs = { numRuns: 100 };
const path = { perturbation: 'tree-path-dependent' } as const;
const backgrounds = fc.array(randomRow, { minLength: 1, maxLength: 4 });

/** Worth of a coalition of features, given as bits. */
type Worth = (members: number) => number;

/** By definition: half of what the Shapley value of i changes when j joins before everybody. */
function enumeratedInteractions(worth: Worth): Float64Array {
  const matrix = new Float64Array(RANDOM_FEATURES * RANDOM_FEATURES);
  const alone = shapleyValues(RANDOM_FEATURES, worth);
  for (let j = 0; j < RANDOM_FEATURES; j++) {
    const bit = 1 << j;
    const inside = shapleyValues(RANDOM_FEATURES, (members) => worth(members | bit));
    const outside = shapleyValues(RANDOM_FEATURES, (members) => worth(members & ~bit));
    for (let i = 0; i < RANDOM_FEATURES; i++)
      if (i !== j) matrix[i * RANDOM_FEATURES + j] = ((inside[i] ?? NaN) - (outside[i] ?? NaN)) / 2;
  }
  for (let i = 0; i < RANDOM_FEATURES; i++) {
    const row = matrix.subarray(i * RANDOM_FEATURES, (i + 1) * RANDOM_FEATURES);
    row[i] = (alone[i] ?? NaN) - row.reduce((sum, value) => sum + value, 0);
  }
  return matrix;
}

function interventionalWorth(
  model: TreeModel,
  row: Float64Array,
  background: readonly Float64Array[],
): Worth {
  return (members) => {
    let total = 0;
    for (const other of background)
      total +=
        model.predict(other.map((value, i) => ((members >> i) & 1 ? (row[i] ?? NaN) : value)))
          .score[0] ?? NaN;
    return total / background.length;
  };
}

function coverWorth(model: TreeModel, row: Float64Array): Worth {
  return (members) =>
    model.trees.reduce((sum, tree) => sum + expectation(tree, 0, row, members), 0);
}

function expectation(tree: Tree, node: number, row: Float64Array, members: number): number {
  const left = tree.leftChild[node] ?? NaN;
  if (left === 0) return tree.value[node] ?? NaN;
  const feature = tree.feature[node] ?? NaN;
  const below = [left, left + 1].map((child) => expectation(tree, child, row, members));
  if ((members >> feature) & 1)
    return below[goesLeft(tree, node, row[feature] ?? NaN) ? 0 : 1] ?? NaN;
  const whole = tree.cover[node] ?? NaN;
  return below.reduce(
    (sum, value, i) => sum + value * (whole === 0 ? 0.5 : (tree.cover[left + i] ?? NaN) / whole),
    0,
  );
}

function interactionsOf(model: TreeModel, row: Float64Array, options: ExplainerOptions) {
  return treeInteractions(model, options).explain(row).interactions[0] ?? new Float64Array();
}

describe('interaction values against the definition', () => {
  test('path-dependent, with missing values, categories, repeated features and covers of 0', () => {
    fc.assert(
      fc.property(randomSpec, randomRow, (spec, row) => {
        const model = buildModel(spec);
        const want = enumeratedInteractions(coverWorth(model, row));
        expect(largestDifference(interactionsOf(model, row, path), want)).toBeLessThanOrEqual(BAR);
      }),
      runs,
    );
  });

  test('interventional', () => {
    fc.assert(
      fc.property(randomSpec, randomRow, backgrounds, (spec, row, background) => {
        const model = buildModel(spec);
        const want = enumeratedInteractions(interventionalWorth(model, row, background));
        const got = interactionsOf(model, row, { perturbation: 'interventional', background });
        expect(largestDifference(got, want)).toBeLessThanOrEqual(BAR);
      }),
      runs,
    );
  });

  test('the matrix is symmetric, its row sums are the attributions, its sum is score - base', () => {
    fc.assert(
      fc.property(randomSpec, randomRow, (spec, row) => {
        const model = buildModel(spec);
        const { interactions, additivityError } = treeInteractions(model, path).explain(row);
        const matrix = interactions[0] ?? new Float64Array();
        const { attributions } = enumerateShapley(model, row, path);
        const at = (i: number, j: number): number => matrix[i * RANDOM_FEATURES + j] ?? NaN;
        const sums = Array.from({ length: RANDOM_FEATURES }, (_, i) =>
          matrix
            .subarray(i * RANDOM_FEATURES, (i + 1) * RANDOM_FEATURES)
            .reduce((sum, value) => sum + value, 0),
        );
        expect(largestDifference(sums, attributions[0] ?? [])).toBeLessThanOrEqual(BAR);
        expect(additivityError).toBeLessThanOrEqual(BAR);
        for (let i = 0; i < RANDOM_FEATURES; i++)
          for (let j = 0; j < i; j++) expect(at(i, j)).toBe(at(j, i));
      }),
      runs,
    );
  });
});

interface GoldenInteractions {
  readonly rows: readonly (readonly (number | null)[])[];
  readonly predInteractions: readonly Nested[];
  readonly shapInteractions?: readonly Nested[];
}
/** [feature][feature], or [class][feature][feature] */
type Nested = readonly (readonly number[])[] | readonly (readonly (readonly number[])[])[];

function goldenInteractions(name: string): GoldenInteractions {
  const file = new URL(`./fixtures/interactions-shap-0.54.1/${name}.golden.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as GoldenInteractions;
}

/** One flat matrix [feature × feature] per output, without the bias. */
function flat(values: Nested, outputs: number, features: number): number[][] {
  const matrices = (
    outputs === 1 ? [values] : values
  ) as readonly (readonly (readonly number[])[])[];
  return matrices.map((matrix) =>
    matrix.slice(0, features).flatMap((row) => row.slice(0, features)),
  );
}

describe.each(['numeric', 'partition', 'multiclass', 'deep'])('golden model %s', (name) => {
  const model = loadTrees(fixtureBytes('3.2.0', `${name}.json`));
  const { rows, predInteractions, shapInteractions } = goldenInteractions(name);
  const features = model.featureNames.length;
  const explainer = treeInteractions(model, path);
  const explained = rowsOf(rows).map((row) => explainer.explain(row));

  test("interactions are within 1e-5 of XGBoost's, which are float32", () => {
    explained.forEach(({ interactions, score }, index) => {
      const scale = Math.max(1, ...score.map(Math.abs));
      flat(predInteractions[index] ?? [], model.outputs, features).forEach((want, output) =>
        expect(largestDifference(interactions[output] ?? [], want)).toBeLessThanOrEqual(
          1e-5 * scale,
        ),
      );
    });
  });

  if (shapInteractions !== undefined)
    test("interactions are within 1e-12 of shap's C++", () => {
      explained.forEach(({ interactions, score }, index) => {
        const scale = Math.max(1, ...score.map(Math.abs));
        flat(shapInteractions[index] ?? [], model.outputs, features).forEach((want, output) =>
          expect(largestDifference(interactions[output] ?? [], want)).toBeLessThanOrEqual(
            1e-12 * scale,
          ),
        );
      });
    });
});

test('the row sums are the attributions of the kernels, multi-output and interventional too', () => {
  const model = loadTrees(fixtureBytes('3.2.0', 'multiclass.json'));
  const rows = rowsOf(goldenInteractions('multiclass').rows);
  const background = rows.slice(0, 5);
  for (const options of [path, { perturbation: 'interventional', background } as const]) {
    const { attributions } = treeExplainer(model, options).explain(rows[7] ?? []);
    const { interactions } = treeInteractions(model, options).explain(rows[7] ?? []);
    attributions.forEach((values, output) => {
      const matrix = interactions[output] ?? new Float64Array();
      const sums = Array.from(values, (_, i) =>
        matrix
          .subarray(i * values.length, (i + 1) * values.length)
          .reduce((sum, value) => sum + value, 0),
      );
      expect(largestDifference(sums, values)).toBeLessThanOrEqual(BAR);
    });
  }
});

describe('models of many features', () => {
  const split = (feature: number): Node => ({
    feature,
    below: 0.5,
    left: { value: 1, cover: 1 },
    right: { value: 3, cover: 2 },
  });

  test('sums are kept for the features that are asked', () => {
    const { trees } = buildModel({ trees: [split(7), split(2900)], features: 3000 });
    const used = usedFeatures(trees, 3000);
    expect(used.list).toStrictEqual([7, 2900]);
    expect(newPairSums(3000, used).pairs).toHaveLength(4);
  });

  test('above 2^24 numbers they are refused before anything is made', () => {
    const model = buildModel({ trees: [split(7)], features: 4097 });
    expect(() => treeInteractions(model, path)).toThrow(
      expect.objectContaining({ code: 'EXPLAIN_TOO_WIDE', want: 'at most 16777216 numbers' }),
    );
    const widest = buildModel({ trees: [split(7)], features: 4096 });
    expect(() => treeInteractions(widest, path)).not.toThrow();
  });
});
