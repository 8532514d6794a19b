import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { changedRow, counterfactualSearch, loadModel, parseMutableFeatures } from '../src/index.ts';
import type { Counterfactuals, Goal } from '../src/index.ts';

/** What trying every value on either side of every threshold gave, judged by XGBoost itself. */
interface Answer {
  readonly singles: Readonly<Record<string, { value: number; distance: number }>>;
  readonly pairs: readonly {
    readonly features: readonly [string, string];
    readonly values: readonly [number, number];
    readonly distance: number;
  }[];
}

interface GoldenSearch {
  readonly columns: readonly string[];
  readonly goal: Goal;
  readonly options: unknown;
  readonly rows: readonly (readonly number[])[];
  readonly answers: readonly Answer[];
}

const folder = new URL('./fixtures/counterfactuals/', import.meta.url);
const golden = JSON.parse(
  readFileSync(new URL('credit.golden.json', folder), 'utf8'),
) as GoldenSearch;
const model = loadModel(new Uint8Array(readFileSync(new URL('credit.ubj', folder))));
const { search } = counterfactualSearch(model, golden.goal, parseMutableFeatures(golden.options));
const found: readonly Counterfactuals[] = golden.rows.map((row) => search(row));

/** Distances are sums of quotients: the same to the last bits only. */
const SAME = 1e-9;

describe('counterfactuals of held-out denials, depth 4 x 100, against a brute force over two changes', () => {
  test('finds the nearest option of as few changes, each time', () => {
    const wrong = golden.answers.flatMap(({ pairs, singles }, i) => {
      const alone = Object.values(singles).map(({ distance }) => distance);
      const nearest = alone.length > 0 ? Math.min(...alone) : (pairs[0]?.distance ?? NaN);
      const [first] = found[i]?.options ?? [];
      const isSame =
        first?.changes.length === (alone.length > 0 ? 1 : 2) &&
        Math.abs(first.distance - nearest) < SAME;
      return isSame ? [] : [{ row: i, nearest, first }];
    });
    expect(wrong).toEqual([]);
  });

  test('finds every feature that does it alone, at the same distance', () => {
    golden.answers.forEach(({ singles }, i) => {
      const options = found[i]?.options.filter(({ changes }) => changes.length === 1) ?? [];
      const own = options.map(({ changes, distance }) => [changes[0]?.feature, distance] as const);
      for (const [name, distance] of own)
        expect(Math.abs((singles[name ?? '']?.distance ?? NaN) - distance)).toBeLessThan(SAME);
      expect(own).toHaveLength(Math.min(5, Object.keys(singles).length));
    });
  });

  test('finds pairs at the distance of the brute force', () => {
    let compared = 0;
    golden.answers.forEach(({ pairs }, i) => {
      for (const { changes, distance } of found[i]?.options ?? []) {
        if (changes.length !== 2) continue;
        const names = changes.map(({ feature }) => feature);
        const pair = pairs.find(({ features }) => features.every((name) => names.includes(name)));
        expect(Math.abs((pair?.distance ?? NaN) - distance)).toBeLessThan(SAME);
        compared++;
      }
    });
    expect(compared).toBeGreaterThan(100);
  });

  test('says that it is exhaustive, and the model bears out every option', () => {
    found.forEach(({ options, search: account, status }, i) => {
      expect({ status, ...account }).toMatchObject({
        status: 'found',
        exhaustive: true,
        seed: null,
      });
      for (const option of options) {
        const changed = changedRow(golden.rows[i] ?? [], option);
        expect(model.predict(changed).probability?.[0]).toBeLessThan(golden.goal.below ?? 0);
        expect(option.proven).toBe(true);
      }
    });
  });
});
