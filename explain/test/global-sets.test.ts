import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  cohortWhere,
  compareCohorts,
  driftReport,
  meanAbsoluteAttributions,
  numericFeatures,
  shapDependence,
  treeExplainer,
} from '../src/index.ts';
import type { FeatureFacts } from '../src/index.ts';
import { kolmogorovSmirnov, kolmogorovTail } from '../src/global/kolmogorov.ts';
import { shareDifference, wilson } from '../src/global/intervals.ts';
import { globalGolden, goldenRows } from './global-support.ts';
import { golden, fixtureBytes, loadTrees, rowsOf } from './support.ts';

const five = numericFeatures(['x0', 'x1', 'x2', 'x3', 'x4']);
const attributions = Float64Array.from(globalGolden.attributions.flat());
const explained = {
  rows: goldenRows.length,
  outputs: 1,
  features: 5,
  attributions,
  scores: Float64Array.from(globalGolden.attributions, (row) => row.reduce((a, b) => a + b, 0)),
};
const code = (wanted: string) => expect.objectContaining({ code: wanted });

describe('mean absolute attributions', () => {
  test('of a real model, per output, with counts', async () => {
    const model = loadTrees(fixtureBytes('3.4.1', 'classes.json'));
    const rows = rowsOf(golden('3.4.1', 'classes').rows).slice(0, 20);
    const explainer = treeExplainer(model, { perturbation: 'tree-path-dependent' });
    const found = meanAbsoluteAttributions(await explainer.explainBatch(rows), model.featureNames);
    expect(found.map(({ name }) => name)).toEqual(model.featureNames);
    const each = rows.map((row) => explainer.explain(row).attributions);
    found.forEach(({ meanAbsolute, mean, nonzero }, feature) =>
      meanAbsolute.forEach((value, output) => {
        const column = each.map((one) => one[output]![feature]!);
        expect(value).toBeCloseTo(column.reduce((a, b) => a + Math.abs(b), 0) / 20, 12);
        expect(mean[output]).toBeCloseTo(column.reduce((a, b) => a + b, 0) / 20, 12);
        expect(nonzero[output]).toBe(column.filter((one) => one !== 0).length);
      }),
    );
  });

  test('a group is summed before it is counted, and the rest stands alone', () => {
    const two = {
      rows: 2,
      outputs: 1,
      features: 3,
      attributions: Float64Array.of(1, -1, 2, 0.5, 0.5, -4),
    };
    expect(meanAbsoluteAttributions(two, ['a', 'b', 'c'], { both: ['b', 'a'] })).toEqual([
      { name: 'both', features: ['b', 'a'], meanAbsolute: [0.5], mean: [0.5], nonzero: [1] },
      { name: 'c', features: ['c'], meanAbsolute: [3], mean: [-1], nonzero: [2] },
    ]);
  });

  test('refusals', () => {
    const run =
      (groups: Record<string, string[]>, rows = explained.rows) =>
      () =>
        meanAbsoluteAttributions({ ...explained, rows }, five.featureNames, groups);
    expect(run({ a: ['nobody'] })).toThrow(code('FEATURE_UNKNOWN'));
    expect(run({ a: ['x0'], b: ['x0'] })).toThrow(code('EXPLAIN_OPTION'));
    expect(run({}, 0)).toThrow(code('GLOBAL_ROWS'));
    expect(() => meanAbsoluteAttributions(explained, ['x0'])).toThrow(code('FEATURE_COUNT'));
  });
});

describe('dependence', () => {
  test("finds shap's strongest interaction", () => {
    const found = [0, 2].map((feature) => shapDependence(five, goldenRows, explained, feature));
    expect(found.map(({ interaction }) => interaction?.feature)).toEqual(
      globalGolden.strongest.map((i) => `x${i}`),
    );
    expect(found[0]!.values[7]).toBe(goldenRows[7]![0]);
    expect(found[0]!.attributions[7]).toBe(globalGolden.attributions[7]![0]);
  });

  test('one row and constant features: none', () => {
    const one = { ...explained, rows: 1, attributions: attributions.slice(0, 5) };
    expect(shapDependence(five, goldenRows.slice(0, 1), one, 'x0').interaction).toBeNull();
    expect(shapDependence(five, goldenRows, explained, 'x3').interaction).toBeNull();
  });

  test('refusals', () => {
    expect(() => shapDependence(five, goldenRows, explained, 'x9')).toThrow(
      code('FEATURE_UNKNOWN'),
    );
    expect(() => shapDependence(five, goldenRows, explained, 0, 1)).toThrow(code('EXPLAIN_OUTPUT'));
    expect(() => shapDependence(five, goldenRows.slice(1), explained, 0)).toThrow(
      code('EXPLAIN_ARRAYS'),
    );
    expect(() => shapDependence(five, [], explained, 0)).toThrow(code('GLOBAL_ROWS'));
  });
});

describe('drift', () => {
  test('Kolmogorov-Smirnov as scipy has it', () => {
    const a = Float64Array.from(goldenRows.slice(0, 120), ([x]) => x!).sort();
    const b = Float64Array.from(goldenRows.slice(120), ([x]) => x! * 1.2 + 0.1).sort();
    expect(kolmogorovSmirnov(a, b)!.statistic).toBeCloseTo(globalGolden.ks.statistic, 14);
    for (const [x, p] of globalGolden.ks.tail) expect(kolmogorovTail(x)).toBeCloseTo(p, 13);
    expect(kolmogorovSmirnov(a, new Float64Array())).toBeNull();
  });

  test('PSI by hand, with an empty cell as half a row', () => {
    const facts = numericFeatures(['a']);
    const before = [[1], [1], [2], [2]];
    const after = [[1], [3], [3], [NaN]];
    const { features } = driftReport(facts, { rows: before }, { rows: after });
    expect(features[0]!.cells).toEqual([
      { kind: 'value', value: 1, reference: 2, other: 1 },
      { kind: 'value', value: 2, reference: 2, other: 0 },
      { kind: 'other', reference: 0, other: 2 },
      { kind: 'missing', reference: 0, other: 1 },
    ]);
    const terms = [
      [2, 1],
      [2, 0.5],
      [0.5, 2],
      [0.5, 1],
    ].map(([p, q]) => ((q! - p!) / 4) * Math.log(q! / p!));
    expect(features[0]!.psi).toBeCloseTo(
      terms.reduce((a, b) => a + b),
      14,
    );
  });

  test('no drift is 0, a shift shows in the feature, its attributions and the scores', () => {
    const shifted = goldenRows.map((row) => row.map((x, i) => (i === 0 ? x + 2 : x)));
    const moved = {
      ...explained,
      attributions: attributions.map((x, i) => (i % 5 === 0 ? x + 1 : x)),
      scores: explained.scores.map((x) => x + 1),
    };
    const set = { rows: goldenRows, explained };
    const still = driftReport(five, set, set);
    for (const one of [...still.features, ...still.attributions[0]!, ...still.scores])
      expect([one.psi, one.ks?.statistic]).toEqual([0, 0]);
    const found = driftReport(five, set, { rows: shifted, explained: moved });
    expect(found.features[0]!.psi).toBeGreaterThan(1);
    expect(found.features.slice(1).map(({ psi }) => psi)).toEqual([0, 0, 0, 0]);
    expect(found.attributions[0]![0]!.psi).toBeGreaterThan(0.2);
    expect(found.scores[0]!.psi).toBeGreaterThan(0.2);
  });

  test('categories are cells of their own; cells hold every row', () => {
    const facts: FeatureFacts = {
      featureNames: ['c'],
      featureTypes: ['categorical'],
      categories: [null],
    };
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1, max: 30 }), { minLength: 1 }),
        fc.array(fc.integer({ min: -1, max: 30 }), { minLength: 1 }),
        (a, b) => {
          const set = (list: number[]) => ({ rows: list.map((x) => [x < 0 ? NaN : x]) });
          const { features } = driftReport(facts, set(a), set(b));
          expect(features[0]!.ks).toBeNull();
          expect(features[0]!.cells.reduce((sum, one) => sum + one.reference, 0)).toBe(a.length);
          expect(features[0]!.cells.reduce((sum, one) => sum + one.other, 0)).toBe(b.length);
          expect(features[0]!.psi).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });

  test('refusals', () => {
    const set = { rows: goldenRows };
    expect(() => driftReport(five, set, { rows: [] })).toThrow(code('GLOBAL_ROWS'));
    expect(() => driftReport(five, set, { rows: [[1]] })).toThrow(code('FEATURE_COUNT'));
    expect(() => driftReport(five, set, set, { bins: 1 })).toThrow(code('EXPLAIN_OPTION'));
    expect(() => driftReport(five, { ...set, explained }, set)).toThrow(code('EXPLAIN_ARRAYS'));
  });
});

describe('cohorts', () => {
  const cohortOf = goldenRows.map((row) => (row[1]! < 2 ? 'low' : row[1]! < 4 ? 'high' : null));
  const approved = Array.from(explained.scores, (score) => score > 1);
  const question = { explained, featureNames: five.featureNames, cohortOf, approved };

  test('Newcombe 1998, table II: 56/70 against 48/80', () => {
    const { interval } = shareDifference(56, 70, 48, 80);
    expect(interval!.low).toBeCloseTo(0.0524, 4);
    expect(interval!.high).toBeCloseTo(0.3339, 4);
    expect(wilson(81, 263).low).toBeCloseTo(0.2553, 4);
  });

  test('each against all others', () => {
    const [high, low] = compareCohorts(question);
    expect([high!.name, low!.name]).toEqual(['high', 'low']);
    expect(high!.rows + high!.others).toBe(300);
    const inside = explained.scores.filter((_, i) => cohortOf[i] === 'low');
    expect(low!.meanScore).toBeCloseTo(inside.reduce((a, b) => a + b, 0) / inside.length, 12);
    expect(low!.approval!.approved).toBe(
      approved.filter((yes, i) => yes && cohortOf[i] === 'low').length,
    );
    expect(low!.approval!.difference.value).toBeLessThan(0);
    expect(low!.attributions[1]!.difference.interval!.high).toBeLessThan(0);
    expect(low!.attributions[3]!.difference).toEqual({ value: 0, interval: { low: 0, high: 0 } });
  });

  test('by a predicate, and one row without an interval', () => {
    const labels = cohortWhere(goldenRows, 'first', (_row, index) => index === 0);
    const [first] = compareCohorts({ ...question, cohortOf: labels });
    expect(first!.scoreDifference.interval).toBeNull();
    expect(first!.approval!.rate.interval).not.toBeNull();
  });

  test.each<[string, Partial<Parameters<typeof compareCohorts>[0]>, string]>([
    ['an empty cohort', { cohorts: ['nobody'] }, 'GLOBAL_COHORT'],
    ['nobody beside it', { cohortOf: cohortOf.map(() => 'all') }, 'GLOBAL_COHORT'],
    ['none at all', { cohortOf: cohortOf.map(() => null) }, 'GLOBAL_COHORT'],
    ['a label too few', { cohortOf: cohortOf.slice(1) }, 'GLOBAL_ROWS'],
    ['an approval too few', { approved: [] }, 'GLOBAL_ROWS'],
    ['no such output', { output: 1 }, 'EXPLAIN_OUTPUT'],
  ])('%s is refused', (_name, change, wanted) => {
    expect(() => compareCohorts({ ...question, ...change })).toThrow(code(wanted));
  });
});
