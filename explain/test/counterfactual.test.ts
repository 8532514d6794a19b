import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  changedRow,
  counterfactualSearch,
  parseMutableFeatures,
  sampledCounterfactualSearch,
} from '../src/index.ts';
import type {
  Counterfactual,
  Counterfactuals,
  Goal,
  MutableFeatures,
  TreeModel,
} from '../src/index.ts';
import { buildModel } from './builder.ts';
import type { ModelSpec, Node } from './builder.ts';
import { RANDOM_FEATURES, randomRow } from './random-models.ts';

const NUMBERS = RANDOM_FEATURES - 1;
const CATEGORY = NUMBERS;
const STEP = 0.25;
const [MIN, MAX] = [-1.5, 1.5];

const randomNumber = fc.record({
  direction: fc.constantFrom('up', 'down', 'any'),
  cost: fc.constantFrom(0.5, 1, 2),
  fromMissing: fc.boolean(),
});

/** Any subset of the features may change; the step makes all admissible values countable. */
const randomMutable: fc.Arbitrary<MutableFeatures> = fc
  .record({
    numbers: fc.dictionary(
      fc.integer({ min: 0, max: NUMBERS - 1 }).map((i) => `f${i}`),
      randomNumber,
      { minKeys: 1, maxKeys: 4 },
    ),
    category: fc.option(fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 1 }), {
      nil: null,
    }),
    constraints: fc.array(
      fc.record({
        if: fc.constantFrom('up', 'down', 'any'),
        then: fc.constantFrom('up', 'down', 'stays', 'not-up', 'not-down'),
        pair: fc.tuple(fc.nat(3), fc.nat(3)),
      }),
      { maxLength: 2 },
    ),
    changes: fc.constantFrom(2, 4),
  })
  .map(({ category, changes, constraints, numbers }) => {
    const names = Object.keys(numbers);
    const named = constraints.flatMap(({ if: moves, pair: [a, b], then }) => {
      const [cause, effect] = [names[a % names.length], names[b % names.length]];
      if (cause === effect) return [];
      return [{ if: { feature: cause, moves }, then: { feature: effect, moves: then } }];
    });
    return parseMutableFeatures({
      version: 1,
      features: {
        ...Object.fromEntries(
          names.map((name) => [name, { ...numbers[name], min: MIN, max: MAX, step: STEP }]),
        ),
        ...(category === null ? {} : { [`f${CATEGORY}`]: { categories: category, cost: 0.75 } }),
      },
      constraints: named,
      search: { options: 3, changes },
    });
  });

/** Trees that ask for three features on each path: one change alone seldom does. */
const fullTree = (depth: number): fc.Arbitrary<Node> =>
  depth === 0
    ? fc.record({
        value: fc.integer({ min: -32, max: 32 }).map((v) => v / 16),
        cover: fc.constant(1),
      })
    : fc
        .record({
          feature: fc.integer({ min: 0, max: CATEGORY }),
          below: fc.constantFrom(-1.25, -1, -0.5, -0.125, 0, 0.3, 0.5, 1),
          categories: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), {
            minLength: 1,
            maxLength: 4,
          }),
          defaultLeft: fc.boolean(),
          left: fullTree(depth - 1),
          right: fullTree(depth - 1),
        })
        .map(({ below, categories, ...rest }) => ({
          ...rest,
          ...(rest.feature === CATEGORY ? { categories } : { below }),
        }));

const spec: fc.Arbitrary<ModelSpec> = fc
  .array(fullTree(3), { minLength: 4, maxLength: 8 })
  .map((trees) => ({ trees, baseScore: 0, features: RANDOM_FEATURES }));

/** A goal that is a way off the row's own score. */
const question = fc
  .record({
    spec,
    row: randomRow,
    mutable: randomMutable,
    isBelow: fc.boolean(),
    way: fc.integer({ min: 0, max: 80 }),
  })
  .map(({ isBelow, spec: given, way, ...rest }) => {
    const model = buildModel(given);
    const own = model.predict(rest.row).score[0] ?? NaN;
    const goal: Goal = isBelow
      ? { measure: 'score', below: own - way / 16 }
      : { measure: 'score', atLeast: own + way / 16 };
    return { ...rest, goal, model, spec: given };
  });

function meets(model: TreeModel, goal: Goal, row: ArrayLike<number>): boolean {
  const score = model.predict(row).score[0] ?? NaN;
  return goal.below === undefined ? score >= (goal.atLeast ?? NaN) : score < goal.below;
}

interface Try {
  readonly index: number;
  readonly name: string;
  readonly value: number;
  readonly distance: number;
}

/** Every admissible value of a feature, with what it costs. */
function triesOf(mutable: MutableFeatures, row: Float64Array): Try[][] {
  return mutable.features.map(({ categories, cost, direction, fromMissing, name }) => {
    const index = Number(name.slice(1));
    const own = row[index] ?? NaN;
    const isMissing = Number.isNaN(own);
    const values =
      categories === null
        ? Array.from({ length: (MAX - MIN) / STEP + 1 }, (_, i) => MIN + i * STEP)
        : (categories as number[]);
    return values
      .filter((value) => value !== own && (!isMissing || fromMissing))
      .filter((value) => categories !== null || isMissing || direction !== 'up' || value > own)
      .filter((value) => categories !== null || isMissing || direction !== 'down' || value < own)
      .map((value) => ({
        index,
        name,
        value,
        distance:
          cost * (categories !== null || isMissing ? 1 : Math.abs(value - own) / (MAX - MIN)),
      }));
  });
}

function constraintsHold(
  { constraints }: MutableFeatures,
  row: Float64Array,
  changes: readonly Pick<Try, 'index' | 'name' | 'value'>[],
): boolean {
  const way = (name: string): number | null => {
    const change = changes.find((one) => one.name === name);
    return change === undefined ? null : Math.sign(change.value - (row[change.index] ?? NaN));
  };
  return constraints.every(({ if: cause, then }) => {
    const moved = way(cause.feature);
    const isTriggered =
      moved !== null && (cause.moves === 'any' || moved === (cause.moves === 'up' ? 1 : -1));
    const effect = way(then.feature);
    if (!isTriggered) return true;
    if (then.moves === 'up') return effect === 1;
    if (then.moves === 'down') return effect === -1;
    if (then.moves === 'stays') return effect === null;
    return then.moves === 'not-up' ? effect !== 1 : effect !== -1;
  });
}

/** The least distance with one change, else with two; null where neither reaches the goal. */
function bruteForce(
  model: TreeModel,
  goal: Goal,
  mutable: MutableFeatures,
  row: Float64Array,
): { changes: number; distance: number } | null {
  const reaches = (changes: readonly Try[]): boolean => {
    if (!constraintsHold(mutable, row, changes)) return false;
    const changed = Float64Array.from(row);
    for (const { index, value } of changes) changed[index] = value;
    return meets(model, goal, changed);
  };
  const tries = triesOf(mutable, row);
  const least = (sets: readonly (readonly Try[])[]): number =>
    Math.min(
      ...sets.filter(reaches).map((set) => set.reduce((sum, { distance }) => sum + distance, 0)),
    );
  const single = least(tries.flat().map((one) => [one]));
  if (single < Infinity) return { changes: 1, distance: single };
  const double = least(
    tries.flatMap((own, i) =>
      tries.slice(i + 1).flatMap((other) => own.flatMap((a) => other.map((b) => [a, b]))),
    ),
  );
  return double < Infinity ? { changes: 2, distance: double } : null;
}

/** Rows at every corner of the option and at each of its values in between. */
function rowsWithin(row: Float64Array, { changes }: Counterfactual): Float64Array[] {
  let rows = [Float64Array.from(row)];
  for (const { from, index, nearest, oneOf, to } of changes) {
    const values = oneOf ?? [nearest];
    for (let value = from ?? MIN; oneOf === null && value <= (to ?? MAX); value += STEP)
      (values as number[]).push(value);
    rows = rows.flatMap((one) => values.map((value) => one.with(index, value)));
  }
  return rows;
}

/** What every option of every search has to be. */
function checkOptions(
  found: Counterfactuals,
  { mutable, row }: { mutable: MutableFeatures; row: Float64Array },
  isMet: (row: Float64Array) => boolean,
): void {
  const sets = found.options.map(({ changes }) => changes.map(({ feature }) => feature).join());
  expect(new Set(sets).size).toBe(sets.length);
  for (const option of found.options) {
    for (const { feature, from, index, moves, nearest, oneOf, to } of option.changes) {
      const rule = mutable.features.find(({ name }) => name === feature);
      const own = row[index] ?? NaN;
      expect(rule).toBeDefined();
      if (rule === undefined) continue;
      if (rule.categories !== null)
        expect((oneOf ?? [NaN]).every((code) => rule.categories?.includes(code))).toBe(true);
      else {
        expect(from ?? -Infinity).toBeGreaterThanOrEqual(MIN);
        expect(to ?? Infinity).toBeLessThanOrEqual(MAX);
        if (moves === 'up') expect(from ?? NaN).toBeGreaterThan(own);
        if (moves === 'down') expect(to ?? NaN).toBeLessThan(own);
        if (rule.direction !== 'any' && !Number.isNaN(own)) expect(moves).toBe(rule.direction);
        if (Number.isNaN(own)) expect(rule.fromMissing).toBe(true);
        expect(nearest).toBeGreaterThanOrEqual(from ?? NaN);
        expect(nearest).toBeLessThanOrEqual(to ?? NaN);
      }
    }
    const values = option.changes.map(({ feature, index, nearest }) => ({
      name: feature,
      index,
      value: nearest,
    }));
    expect(constraintsHold(mutable, row, values)).toBe(true);
    expect(isMet(changedRow(row, option))).toBe(true);
  }
}

describe('counterfactuals of trees', () => {
  const sizes = new Map<number, number>();
  afterAll(() => {
    // Otherwise the comparison below would say little. How many are drawn differs from run to run.
    expect([...sizes.keys()].sort()).toEqual(expect.arrayContaining([0, 1, 2]));
    expect(sizes.get(2)).toBeGreaterThan(3);
  });

  test('finds what trying every one and two changes finds, and says so', () => {
    fc.assert(
      fc.property(question, ({ goal, model, mutable, row }) => {
        const found = counterfactualSearch(model, goal, mutable).search(row);
        if (meets(model, goal, row)) return expect(found.status).toBe('met');
        const nearest = bruteForce(model, goal, mutable, row);
        const [first] = found.options;
        const size = nearest?.changes ?? 0;
        sizes.set(size, (sizes.get(size) ?? 0) + 1);
        expect(found.search).toMatchObject({ exhaustive: true });
        if (nearest === null) return expect(first?.changes.length ?? 9).toBeGreaterThan(2);
        expect(first?.changes).toHaveLength(nearest.changes);
        expect(Math.abs((first?.distance ?? NaN) - nearest.distance)).toBeLessThan(1e-9);
      }),
      { numRuns: 300 },
    );
  });

  test('turns the model at every value of every interval, within bounds, directions and constraints', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const { goal, model, mutable, row } = asked;
        const isMet = (changed: ArrayLike<number>): boolean => meets(model, goal, changed);
        const found = counterfactualSearch(model, goal, mutable).search(row);
        checkOptions(found, asked, isMet);
        for (const option of found.options) {
          expect(option.proven).toBe(true);
          expect(rowsWithin(row, option).every(isMet)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('gives the same bytes each time', () => {
    fc.assert(
      fc.property(question, ({ goal, mutable, row, spec: given }) => {
        const texts = [0, 1].map(() =>
          JSON.stringify(counterfactualSearch(buildModel(given), goal, mutable).search(row)),
        );
        expect(texts[0]).toBe(texts[1]);
      }),
      { numRuns: 60 },
    );
  });

  test('asks for three changes where two do not do, and needs each of them', () => {
    const step = (feature: number) => ({
      feature,
      below: 0.5,
      left: { value: 1, cover: 1 },
      right: { value: 0, cover: 1 },
    });
    const model = buildModel({ features: 4, baseScore: 0, trees: [step(0), step(1), step(2)] });
    const features = Object.fromEntries(['f0', 'f1', 'f2'].map((name) => [name, { max: 5 }]));
    const asked = (changes: number): Counterfactuals =>
      counterfactualSearch(
        model,
        { measure: 'score', below: 0.5 },
        parseMutableFeatures({ version: 1, features, search: { changes } }),
      ).search([0, 0, 0, 0]);
    const [option] = asked(4).options;
    expect(option?.changes.map(({ from, nearest, to }) => [from, nearest, to])).toEqual(
      Array.from({ length: 3 }, () => [0.5, 0.5, 5]),
    );
    expect(asked(2)).toMatchObject({
      status: 'none',
      search: { exhaustive: true, radius: 2 },
      within: [{ feature: 'f0', max: 5, candidates: 1 }, {}, {}],
    });
  });

  test('stops at its budget and no longer claims to be exhaustive', () => {
    const model = buildModel({
      features: 1,
      baseScore: 0,
      trees: [
        { feature: 0, below: 0, left: { value: 1, cover: 1 }, right: { value: 0, cover: 1 } },
      ],
    });
    const mutable = parseMutableFeatures({
      version: 1,
      features: { f0: {} },
      search: { budget: 1 },
    });
    const found = counterfactualSearch(model, { measure: 'score', below: 0.5 }, mutable).search([
      -1,
    ]);
    expect(found).toMatchObject({ status: 'none', search: { exhaustive: false, spent: 0 } });
  });

  test('pays for intervals too: without the means an option has its nearest value alone', () => {
    const model = buildModel({
      features: 1,
      baseScore: 0,
      trees: [
        { feature: 0, below: 0, left: { value: 1, cover: 1 }, right: { value: 0, cover: 1 } },
      ],
    });
    const within = (budget: number): unknown => {
      const features = { f0: { min: -5, max: 5 } };
      const mutable = parseMutableFeatures({ version: 1, features, search: { budget } });
      const goal = { measure: 'score', below: 0.5 } as const;
      const { options, search } = counterfactualSearch(model, goal, mutable).search([-1]);
      const [change] = options[0]?.changes ?? [];
      return [change?.from ?? NaN, change?.to ?? NaN, search.spent].map(Math.abs);
    };
    expect([within(3), within(10)]).toEqual([
      [0, 0, 3],
      [0, 5, 8],
    ]);
  });

  test('a measure that no model has is refused, and a budget that would take hours', () => {
    const model = buildModel({ features: 1, baseScore: 0, trees: [{ value: 1, cover: 1 }] });
    const features = { f0: { min: 0, max: 1 } };
    const goal = { measure: 'odds', below: 1 } as never;
    expect(() =>
      counterfactualSearch(model, goal, parseMutableFeatures({ version: 1, features })),
    ).toThrow(expect.objectContaining({ code: 'COUNTERFACTUAL_GOAL' }));
    const search = { budget: 2_000_000 };
    const mutable = parseMutableFeatures({ version: 1, features, search });
    const predict = (): number[] => [];
    expect(() =>
      sampledCounterfactualSearch({ ...model, predict }, { measure: 'score', below: 1 }, mutable),
    ).toThrow(expect.objectContaining({ code: 'COUNTERFACTUAL_OPTIONS' }));
  });
});

describe('counterfactuals of any other model', () => {
  test('turns the model within bounds, directions and constraints, and gives the same bytes for a seed', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const { goal, model, mutable, row } = asked;
        const predict = (rows: readonly Float64Array[]): number[] =>
          rows.map((one) => model.predict(one).score[0] ?? NaN);
        const search = (): Counterfactuals =>
          sampledCounterfactualSearch({ ...model, predict }, goal, mutable).search(row);
        const found = search();
        checkOptions(found, asked, (changed) => meets(model, goal, changed));
        expect(JSON.stringify(search())).toBe(JSON.stringify(found));
        expect(found.search).toMatchObject({ exhaustive: false, radius: 0, seed: 1 });
      }),
      { numRuns: 100 },
    );
  });
});
