import fc from 'fast-check';
import type { ModelSpec, Node } from './builder.ts';

/** Features of random models: the last one is categorical with 6 categories. */
export const RANDOM_FEATURES = 6;
const CATEGORICAL = RANDOM_FEATURES - 1;
const GRID = [-1, -0.5, 0, 0.5, 1];

const leaf = fc.record({
  value: fc.integer({ min: -64, max: 64 }).map((value) => value / 16),
  cover: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 40 }) },
    { weight: 1, arbitrary: fc.constant(0) },
  ),
});

/** Trees with repeated features, missing values on both sides, categories, and covers of 0. */
export const randomTree: fc.Arbitrary<Node> = fc.letrec<{ node: Node; split: Node; leaf: Node }>(
  (tie) => ({
    node: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true, maxDepth: 5 },
      tie('leaf'),
      tie('split'),
      tie('split'),
    ),
    leaf,
    split: fc
      .record({
        feature: fc.integer({ min: 0, max: CATEGORICAL }),
        below: fc.constantFrom(...GRID),
        categories: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 }),
        defaultLeft: fc.boolean(),
        left: tie('node'),
        right: tie('node'),
      })
      .map(({ below, categories, ...rest }) => ({
        ...rest,
        ...(rest.feature === CATEGORICAL ? { categories } : { below }),
      })),
  }),
).node;

export const randomSpec: fc.Arbitrary<ModelSpec> = fc
  .record({
    trees: fc.array(randomTree, { minLength: 1, maxLength: 3 }),
    baseScore: fc.integer({ min: -8, max: 8 }),
  })
  .map((parts) => ({ ...parts, features: RANDOM_FEATURES }));

const cell = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...GRID, 0.25, -0.75, -0, 2) },
  { weight: 1, arbitrary: fc.constant(NaN) },
);
const category = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 7 }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, 1e6) },
);

export const randomRow: fc.Arbitrary<Float64Array> = fc
  .tuple(...Array.from({ length: CATEGORICAL }, () => cell), category)
  .map((values) => Float64Array.from(values));
