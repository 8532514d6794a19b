import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  ExplainError,
  counterfactualSearch,
  counterfactualSentence,
  loadModel,
  parseMutableFeatures,
} from '../src/index.ts';
import type { Counterfactual, Goal } from '../src/index.ts';
import { buildModel, bytesOf } from './builder.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../spec/schema/counterfactuals.schema.json', import.meta.url), 'utf8'),
) as object;
const bySchema = new Ajv2020({ allowUnionTypes: true }).compile(schema);

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'accepted';
  } catch (error) {
    if (error instanceof ExplainError) return error.code;
    throw error;
  }
}

const good = {
  version: 1,
  features: {
    amount: { direction: 'down', min: 250, max: 10_000, step: 50, scale: 2800, cost: 1 },
    purpose: { categories: ['car', 3], cost: 2, fromMissing: true },
  },
  constraints: [
    { if: { feature: 'amount', moves: 'down' }, then: { feature: 'purpose', moves: 'stays' } },
  ],
  search: { options: 2, changes: 3, budget: 1000, seed: 7 },
};

const withFeature = (feature: unknown) => ({ version: 1, features: { amount: feature } });
const withConstraint = (constraint: unknown) => ({ ...good, constraints: [constraint] });

/** Each is one fault in a good file. */
const faulty: Readonly<Record<string, unknown>> = {
  'no object': [],
  'another version': { ...good, version: 2 },
  'no features': { version: 1, features: {} },
  'a list of features': { version: 1, features: ['amount'] },
  'an unknown member': { ...good, extra: 1 },
  'an unknown member of a feature': withFeature({ minimum: 1 }),
  'bounds of a category': withFeature({ categories: [1], min: 0 }),
  'no category': withFeature({ categories: [] }),
  'a category twice': withFeature({ categories: [1, 1] }),
  'a fraction as category': withFeature({ categories: [1.5] }),
  'another direction': withFeature({ direction: 'sideways' }),
  'a bound that is text': withFeature({ min: '1' }),
  'a bound out of reach': withFeature({ max: 1e16 }),
  'a step of 0': withFeature({ step: 0 }),
  'a negative cost': withFeature({ cost: -1 }),
  'too many options': { ...good, search: { options: 6 } },
  'half a change': { ...good, search: { changes: 1.5 } },
  'a constraint without effect': withConstraint({ if: { feature: 'amount', moves: 'up' } }),
  'too many features': {
    version: 1,
    features: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`f${i}`, {}])),
  },
};

describe('the file of changeable features', () => {
  test('is read with its defaults', () => {
    expect(bySchema(good)).toBe(true);
    const { features, search } = parseMutableFeatures(good);
    expect(features[1]).toMatchObject({ categories: ['car', 3], direction: 'any', min: null });
    expect(search).toEqual({ options: 2, changes: 3, budget: 1000, seed: 7 });
    expect(parseMutableFeatures(withFeature({})).search).toMatchObject({ options: 3, changes: 4 });
  });

  test.each(Object.entries(faulty))('is refused with %s, by the schema too', (_, file) => {
    expect(codeOf(() => parseMutableFeatures(file))).toBe('COUNTERFACTUAL_OPTIONS');
    expect(bySchema(file)).toBe(false);
  });

  test('is refused where a constraint names a feature that cannot change, or one feature twice', () => {
    const stay = { feature: 'amount', moves: 'stays' };
    for (const feature of ['age', 'amount'])
      expect(
        codeOf(() =>
          parseMutableFeatures(withConstraint({ if: { feature, moves: 'any' }, then: stay })),
        ),
      ).toBe('COUNTERFACTUAL_OPTIONS');
    expect(codeOf(() => parseMutableFeatures(withFeature({ min: 2, max: 1 })))).toBe(
      'COUNTERFACTUAL_OPTIONS',
    );
  });
});

const leaf = (value: number) => ({ value, cover: 1 });
const model = buildModel({
  features: 6,
  baseScore: 0,
  trees: [
    { feature: 0, below: 2.5, left: leaf(1), right: leaf(0) },
    { feature: 5, categories: [2], left: leaf(1), right: leaf(0) },
  ],
});

describe('what does not fit the model', () => {
  const asked = (features: object, goal: Goal = { measure: 'score', below: 1 }): string =>
    codeOf(() => counterfactualSearch(model, goal, parseMutableFeatures({ version: 1, features })));

  test('is refused with its code', () => {
    expect(asked({ f0: {}, f5: { categories: [2] } })).toBe('accepted');
    expect(asked({ f9: {} })).toBe('COUNTERFACTUAL_OPTIONS');
    expect(asked({ f5: { min: 0, max: 5 } })).toBe('COUNTERFACTUAL_OPTIONS');
    expect(asked({ f5: { categories: ['nobody knows'] } })).toBe('COUNTERFACTUAL_OPTIONS');
    expect(asked({ f0: {} }, { measure: 'score' })).toBe('COUNTERFACTUAL_GOAL');
    expect(asked({ f0: {} }, { measure: 'score', below: NaN })).toBe('COUNTERFACTUAL_GOAL');
    expect(asked({ f0: {} }, { measure: 'score', below: 1, atLeast: 1 })).toBe(
      'COUNTERFACTUAL_GOAL',
    );
    expect(asked({ f0: {} }, { measure: 'score', below: 1, output: 1 })).toBe('EXPLAIN_OUTPUT');
  });
});

describe('counterfactuals of a linear model', () => {
  const linear = loadModel(
    bytesOf(
      JSON.stringify({
        format: 'showcause-model/1',
        kind: 'linear',
        link: 'logit',
        features: [{ name: 'debt' }, { name: 'years', type: 'int' }],
        intercept: [1],
        coefficients: [[2, -0.5]],
      }),
    ),
  );
  const mutable = parseMutableFeatures({
    version: 1,
    features: {
      debt: { direction: 'down', min: 0, max: 10 },
      years: { direction: 'up', min: 0, max: 40 },
    },
  });

  test('are those of the closed form, to the bound, and proven', () => {
    const { search } = counterfactualSearch(
      linear,
      { measure: 'probability', below: 0.5 },
      mutable,
    );
    const [debt, years] = search([3, 4]).options;
    // 1 + 2·debt - 0.5·years < 0
    expect(years?.changes).toMatchObject([{ feature: 'years', from: 15, nearest: 15, to: 40 }]);
    expect(debt?.changes).toMatchObject([{ feature: 'debt', from: 0 }]);
    expect(Math.abs((debt?.changes[0]?.nearest ?? NaN) - 0.5)).toBeLessThan(1e-9);
    expect([years?.proven, debt?.proven]).toEqual([true, true]);
  });
});

describe('the words of an option', () => {
  const option = (change: object): Counterfactual => ({
    changes: [
      {
        feature: 'amount',
        index: 0,
        moves: 'down',
        own: 3500,
        nearest: 0,
        from: null,
        to: null,
        oneOf: null,
        step: null,
        ...change,
      },
    ],
    distance: 0,
    reached: 0,
    proven: true,
  });
  const words = {
    language: 'en',
    label: (feature: string) => feature,
    valueWord: (feature: string, value: number) =>
      feature === 'savings' ? (['none', 'some', 'many'][value] ?? null) : null,
  };
  const sentence = (change: object): string => counterfactualSentence(option(change), words, 'yes');

  test('are said in Spanish and German too, with units and the number marks of the language', () => {
    const change = option({ from: 2100.5, to: 12600, step: 0.5 });
    const inWords = (language: string): string =>
      counterfactualSentence(
        change,
        { ...words, language, unit: () => ({ one: '{n} €', other: '{n} €' }) },
        'x',
      );
    expect(inWords('en')).toContain(
      'Amount: between 2,100.5 € and 12,600 €, in steps of 0.5 € (it was 3,500 €).',
    );
    expect(inWords('es-ES')).toContain(
      'x. Amount: entre 2100,5 € y 12.600 €, de 0,5 € en 0,5 € (antes: 3500 €).',
    );
    expect(inWords('de')).toContain(
      'x gewesen. Amount: zwischen 2.100,5 € und 12.600 €, in Schritten von 0,5 € (bisher: 3.500 €).',
    );
  });

  test('round inwards, list what has words, and leave open ends open', () => {
    expect(sentence({ from: 250, to: 2599.999755859375 })).toBe(
      'With these details the answer would have been yes. Amount: between 250 and 2,599 (it was 3,500).',
    );
    expect(sentence({ from: 1.0000001, to: 1.4999999 })).toContain('between 1.0001 and 1.4999');
    expect(sentence({ to: 2100 })).toContain('2,100 or less');
    expect(sentence({ from: 2100, own: null })).toContain('2,100 or more (it was not given)');
    expect(sentence({ feature: 'savings', own: 0, from: 1, to: 2, step: 1 })).toBe(
      'With these details the answer would have been yes. Savings: some or many (it was none).',
    );
    expect(sentence({ feature: 'savings', own: 0, oneOf: [2] })).toContain(
      'Savings: many (it was none)',
    );
  });
});
