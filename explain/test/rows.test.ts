import { describe, expect, test } from '@jest/globals';
import { loadModel, rowOf } from '../src/index.ts';
import type { FeatureRecord, FeatureValue } from '../src/index.ts';
import { buildModel } from './builder.ts';
import { fixtureBytes, golden, rowsOf } from './support.ts';

const model = buildModel({
  trees: [{ feature: 0, below: 1, left: { value: 1 }, right: { value: 2 } }],
  features: 4,
  names: ['income', 'months', 'owner', 'home'],
  types: ['float', 'int', 'i', 'c'],
});

const good = { income: 1234.5, months: 12, owner: 1, home: 2 };

test('a record by name and a list in order are one row', () => {
  expect(rowOf(model, { home: 2, owner: true, months: 12, income: 1234.5 })).toStrictEqual(
    Float64Array.of(1234.5, 12, 1, 2),
  );
  expect(rowOf(model, [1234.5, 12, true, 2])).toStrictEqual(Float64Array.of(1234.5, 12, 1, 2));
  expect(rowOf(model, { ...good, owner: false, income: -0 })).toStrictEqual(
    Float64Array.of(-0, 12, 0, 2),
  );
});

test('null is missing, for every type', () => {
  expect(rowOf(model, [null, null, null, null])).toStrictEqual(new Float64Array(4).fill(NaN));
});

describe('refused records', () => {
  test.each<[string, FeatureRecord | FeatureValue[], string]>([
    ['a name too few', { income: 1, months: 1, owner: 1 }, 'FEATURE_MISSING'],
    ['an undefined value', { ...good, home: undefined as unknown as null }, 'FEATURE_MISSING'],
    ['a name only inherited', Object.create(good) as FeatureRecord, 'FEATURE_MISSING'],
    ['a name too many', { ...good, age: 3 }, 'FEATURE_UNKNOWN'],
    ['a list too short', [1, 2, 1], 'FEATURE_COUNT'],
    ['a list too long', [1, 2, 1, 2, 3], 'FEATURE_COUNT'],
    ['an empty list', [], 'FEATURE_COUNT'],
    ['text for a number', { ...good, income: '1234.5' }, 'FEATURE_TYPE'],
    ['text for a category without names', { ...good, home: 'own' }, 'FEATURE_TYPE'],
    ['NaN', { ...good, income: NaN }, 'FEATURE_TYPE'],
    ['an infinity', { ...good, income: Infinity }, 'FEATURE_TYPE'],
    ['a number beyond float32', { ...good, income: 1e39 }, 'FEATURE_TYPE'],
    ['a fraction for a whole number', { ...good, months: 1.5 }, 'FEATURE_TYPE'],
    ['a boolean for a number', { ...good, income: true }, 'FEATURE_TYPE'],
    ['a boolean for a category', { ...good, home: true }, 'FEATURE_TYPE'],
    ['2 for an indicator', { ...good, owner: 2 }, 'FEATURE_TYPE'],
    ['a negative category', { ...good, home: -1 }, 'FEATURE_TYPE'],
    ['a fraction for a category', { ...good, home: 0.5 }, 'FEATURE_TYPE'],
    ['an object', { ...good, home: {} as unknown as null }, 'FEATURE_TYPE'],
    ['a bigint', { ...good, income: 1n as unknown as null }, 'FEATURE_TYPE'],
  ])('%s', (_, record, code) => {
    expect(() => rowOf(model, record)).toThrow(expect.objectContaining({ code }));
  });

  test('messages name the feature and never the value', () => {
    const secret = { ...good, income: '98765' };
    expect(() => rowOf(model, secret)).toThrow(/a string for "income", want float/);
    expect(() => rowOf(model, secret)).not.toThrow(/98765/);
    expect(() => rowOf(model, { ...good, months: 4242.5 })).not.toThrow(/4242/);
  });
});

test('categories by name', () => {
  const named = loadModel(fixtureBytes('3.2.0', 'named-categories.json'));
  const { labels = [], rows } = golden('3.2.0', 'named-categories');
  labels.forEach((home, index) => {
    const income = rows[index]?.[0] ?? null;
    expect(rowOf(named, { income, home })).toStrictEqual(rowsOf(rows)[index]);
  });
  expect(() => rowOf(named, { income: 1, home: 'castle' })).toThrow(
    expect.objectContaining({ code: 'FEATURE_TYPE' }),
  );
  expect(() => rowOf(named, { income: 'own', home: 'own' })).toThrow(
    expect.objectContaining({ code: 'FEATURE_TYPE' }),
  );
});

test('predict refuses a row of another length', () => {
  expect(() => model.predict([1, 2, 3])).toThrow(
    expect.objectContaining({ code: 'FEATURE_COUNT' }),
  );
});
