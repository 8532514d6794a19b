import { describe, expect, test } from '@jest/globals';
import {
  checkRegistry,
  numberWord,
  parseReasonRegistry,
  principalReasons,
  rowOf,
  treeExplainer,
} from '../src/index.ts';
import type { ReasonQuestion, TreeModel } from '../src/index.ts';

import { buildModel } from './builder.ts';
import type { Node } from './builder.ts';

/** Risk in log-odds: short income hurts, much debt hurts, age of file is not monotone, home is a category. */
const step = (feature: number, below: number, left: number, right: number): Node => ({
  feature,
  below,
  left: { value: left },
  right: { value: right },
});

const names = ['income', 'debt', 'late_payments', 'home', 'months'];
const model = buildModel(
  {
    trees: [
      step(0, 2000, 1, -1),
      step(0, 3000, 0.5, -0.5),
      step(1, 500, -0.75, 0.75),
      step(2, 1, -0.5, 0.5),
      { feature: 3, categories: [1], left: { value: -0.25 }, right: { value: 0.25 } },
      // Few months hurt, and so do many.
      { feature: 4, below: 12, left: { value: 0.375 }, right: step(4, 60, -0.375, 0.375) },
    ],
    features: 5,
    names,
    types: ['float', 'float', 'int', 'c', 'int'],
    objective: 'binary:logistic',
    baseScore: '5E-1',
  },
  { categories: { home: ['own', 'rent'] } },
);

const background = [
  [2500, 300, 0, 0, 24],
  [3500, 450, 0, 0, 36],
  [4000, 600, 0, 1, 48],
].map((row) => Float64Array.from(row));

const definition = {
  id: 'test-reasons',
  version: '1',
  language: 'en',
  labels: { income: 'monthly income' },
  reasons: [
    reason(
      'R08',
      ['income'],
      'lower-hurts',
      'Your {feature} of {value} euros is low for this loan.',
    ),
    reason(
      'R09',
      ['debt'],
      'higher-hurts',
      'You owe {debt} euros already.',
      'Pay {value} euros back first.',
    ),
    reason('R17', ['late_payments'], 'higher-hurts', 'Your file shows {value} late payments.'),
    reason('R12', ['home'], 'any', 'You live in this kind of home: {value}.'),
    reason('R07', ['months'], 'lower-hurts', 'You have been in your job for {value} months.'),
    reason('R01', [], 'any', 'Some information we needed was missing: {items}.'),
  ],
};

function reason(
  code: string,
  features: string[],
  direction: string,
  text: string,
  next: string | null = null,
): object {
  return {
    code,
    features,
    direction,
    text,
    next,
    statement: `Statement of ${code}`,
    changeable: 'slow',
  };
}

const registry = parseReasonRegistry(definition);
const explainer = treeExplainer(model, { perturbation: 'interventional', background });

function ask(
  values: readonly (number | null)[],
  more: Partial<ReasonQuestion> = {},
): ReturnType<typeof principalReasons> {
  const row = rowOf(model, values);
  return principalReasons({
    registry,
    explanation: explainer.explain(row),
    row,
    model,
    adverseDirection: 'higher',
    background,
    ...more,
  });
}

const codes = ({ principal }: ReturnType<typeof principalReasons>): string[] =>
  principal.map(({ code }) => code);
const droppedBy = ({ all }: ReturnType<typeof principalReasons>): Record<string, string | null> =>
  Object.fromEntries(all.map(({ code, dropped }) => [code, dropped]));

describe('principal reasons', () => {
  test('the weightiest first, at most four, all groups logged', () => {
    const result = ask([1500.5, 12345.678, 3, 1, 6]);
    expect(codes(result)).toStrictEqual(['R08', 'R09', 'R17', 'R07']);
    expect(result.principal.map(({ rank, source }) => [rank, source])).toStrictEqual(
      [1, 2, 3, 4].map((rank) => [rank, 'model']),
    );
    expect(droppedBy(result)).toStrictEqual({
      R08: null,
      R09: null,
      R17: null,
      R12: 'rank',
      R07: null,
    });
    expect(result.principal[0]).toStrictEqual({
      code: 'R08',
      rank: 1,
      source: 'model',
      text: 'Your monthly income of 1,500.5 euros is low for this loan.',
      statement: 'Statement of R08',
      next: null,
      features: ['income'],
      value: '1,500.5',
      language: 'en',
      translations: {},
      attribution: result.all[0]?.attribution,
    });
    expect(result.principal[1]).toMatchObject({
      text: 'You owe 12,345.68 euros already.',
      next: 'Pay 12,345.68 euros back first.',
    });
    expect(result.all.map(({ code }) => code)).toStrictEqual(['R08', 'R09', 'R17', 'R12', 'R07']);
  });

  test('groups that helped are no reasons', () => {
    const result = ask([5000, 100, 0, 1, 24]);
    expect(codes(result)).toStrictEqual(['R12']);
    expect(droppedBy(result)).toMatchObject({ R08: 'helped', R09: 'helped', R17: 'helped' });
  });

  test('adverse is the lower score where the model scores creditworthiness', () => {
    const result = ask([5000, 100, 0, 1, 24], { adverseDirection: 'lower' });
    expect(codes(result)).not.toContain('R12');
    expect(droppedBy(result)['R12']).toBe('helped');
  });

  test('a sentence that the model contradicts for this row is dropped', () => {
    const result = ask([5000, 100, 0, 0, 80]);
    expect(result.all.find(({ code }) => code === 'R07')?.attribution).toBeGreaterThan(0);
    expect(droppedBy(result)['R07']).toBe('direction');
    expect(codes(ask([5000, 100, 0, 0, 6]))).toStrictEqual(['R07']);
  });

  test('a value at which no approved row is better says nothing in that direction', () => {
    const low = ask([1000, 100, 0, 0, 24], { background: [Float64Array.of(900, 100, 0, 0, 24)] });
    expect(droppedBy(low)['R08']).toBe('direction');
  });

  test('without a background the thresholds of the model tell the direction', () => {
    const { background: _, ...without } = { background };
    const row = rowOf(model, [1000, 100, 0, 1, 80]);
    const result = principalReasons({
      registry,
      explanation: explainer.explain(row),
      row,
      model,
      adverseDirection: 'higher',
      ...without,
    });
    expect(codes(result)).toStrictEqual(['R08', 'R12']);
    expect(droppedBy(result)['R07']).toBe('direction');
  });

  test('attributions are summed per reason before ranking', () => {
    const grouped = parseReasonRegistry({
      ...definition,
      reasons: [
        reason('A', ['income'], 'lower-hurts', 'Income of {value} is low for this.'),
        reason(
          'B',
          ['home', 'debt', 'late_payments'],
          'higher-hurts',
          'Debt {debt}, {late_payments} late, {feature} is {value}.',
        ),
        reason('C', ['months'], 'lower-hurts', 'Months in the job: {value}.'),
      ],
    });
    // debt + late payments + home weigh more than income alone, though each weighs less.
    const result = ask([2500, 900, 2, 1, 24], { registry: grouped });
    const b = result.all.find(({ code }) => code === 'B');
    const explanation =
      explainer.explain(rowOf(model, [2500, 900, 2, 1, 24])).attributions[0] ?? [];
    expect(b?.attribution).toBe(
      (explanation[3] ?? 0) + (explanation[1] ?? 0) + (explanation[2] ?? 0),
    );
    expect(codes(result)[0]).toBe('B');
    // {value} and {feature} are those of the feature that pushes hardest.
    expect(result.principal[0]?.text).toBe('Debt 900, 2 late, debt is 900.');
  });

  test('ties go by the order of the registry', () => {
    const twin = buildModel({
      trees: [step(0, 1, 1, -1), step(1, 1, 1, -1)],
      features: 2,
      names: ['a', 'b'],
    });
    const row = Float64Array.of(0, 0);
    const explanation = treeExplainer(twin, {
      perturbation: 'interventional',
      background: [Float64Array.of(2, 2)],
    }).explain(row);
    for (const order of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const tied = parseReasonRegistry({
        ...definition,
        reasons: order.map((name) =>
          reason(name, [name], 'lower-hurts', `The value of ${name} is {value}.`),
        ),
      });
      expect(
        codes(
          principalReasons({
            registry: tied,
            explanation,
            row,
            model: twin,
            adverseDirection: 'higher',
          }),
        ),
      ).toStrictEqual(order);
    }
  });

  test('a missing value is said to be missing, and can move anywhere', () => {
    const result = ask([null, 100, 0, 0, 24]);
    const missing = result.all.find(({ code }) => code === 'R08');
    expect(missing?.attribution).toBeGreaterThan(-10);
    const forced = buildModel({
      trees: [{ ...step(0, 2000, 1, -1), defaultLeft: true }],
      features: 1,
      names: ['income'],
    });
    const row = Float64Array.of(NaN);
    const explanation = treeExplainer(forced, {
      perturbation: 'interventional',
      background: [Float64Array.of(3000)],
    }).explain(row);
    const one = parseReasonRegistry({ ...definition, reasons: [definition.reasons[0]] });
    const { principal } = principalReasons({
      registry: one,
      explanation,
      row,
      model: forced,
      adverseDirection: 'higher',
    });
    expect(principal[0]?.text).toBe('Your monthly income of not given euros is low for this loan.');
  });

  test('values in the words of the registry, then in those of the model', () => {
    const row = [5000, 100, 0, 1, 24];
    expect(ask(row).principal[0]?.text).toBe('You live in this kind of home: rent.');
    const worded = parseReasonRegistry({
      ...definition,
      reasons: definition.reasons.map((each) =>
        (each as { code: string }).code === 'R12'
          ? { ...each, values: { '1': 'a rented flat' } }
          : each,
      ),
    });
    expect(ask(row, { registry: worded }).principal[0]?.text).toBe(
      'You live in this kind of home: a rented flat.',
    );
  });

  test('fired rules come first, once each, with their values; the model does not repeat them', () => {
    const rules = [
      { code: 'R01', values: { items: 'two payslips' } },
      { code: 'R17', values: { value: 4 } },
      { code: 'R01' },
    ];
    const result = ask([1500, 900, 3, 1, 6], { rules });
    expect(codes(result)).toStrictEqual(['R01', 'R17', 'R08', 'R09']);
    expect(result.principal[0]).toMatchObject({
      source: 'rule',
      rank: 1,
      text: 'Some information we needed was missing: two payslips.',
      value: null,
      attribution: null,
    });
    expect(result.principal[1]).toMatchObject({
      source: 'rule',
      value: '4',
      text: 'Your file shows 4 late payments.',
    });
    expect(droppedBy(result)).toMatchObject({ R17: 'named', R07: 'rank', R12: 'rank' });
    expect(codes(ask([1500, 900, 3, 1, 6], { rules, most: 1 }))).toStrictEqual(['R01']);
    expect(codes(ask([1500, 900, 3, 1, 6], { rules: [], most: 2 }))).toStrictEqual(['R08', 'R09']);
  });

  test('rules alone, when nothing was scored', () => {
    const unscored = { explanation: null, row: null };
    const result = ask([1500, 900, 3, 1, 6], {
      rules: [{ code: 'R01', values: { items: 'a payslip' } }],
      ...unscored,
    });
    expect(codes(result)).toStrictEqual(['R01']);
    expect(result.all).toStrictEqual([]);
    expect(ask([1500, 900, 3, 1, 6], unscored)).toStrictEqual({
      principal: [],
      all: [],
    });
    expect(() => ask([1500, 900, 3, 1, 6], { row: null })).toThrow(
      expect.objectContaining({ code: 'REASON_EXPLANATION', got: 'null as row' }),
    );
  });

  test('a feature with a reason for each direction speaks through the one that the model bears out', () => {
    const both = parseReasonRegistry({
      ...definition,
      reasons: [
        ...definition.reasons,
        reason('R07b', ['months'], 'higher-hurts', 'You have been there for {value} months.'),
      ],
    });
    expect(codes(ask([5000, 100, 0, 0, 80], { registry: both }))).toStrictEqual(['R07b']);
    expect(codes(ask([5000, 100, 0, 0, 6], { registry: both }))).toStrictEqual(['R07']);
  });

  describe('of one feature', () => {
    const one = (trees: Node[], reasons: object[], row: number, rows: number[]): string[] => {
      const single = buildModel({ trees, features: 1, names: ['months'] });
      const against = rows.map((value) => Float64Array.of(value));
      const about = treeExplainer(single, { perturbation: 'interventional', background: against });
      return codes(
        principalReasons({
          registry: parseReasonRegistry({ ...definition, reasons }),
          explanation: about.explain([row]),
          row: [row],
          model: single,
          adverseDirection: 'higher',
          background: against,
        }),
      );
    };
    const low = reason('LOW', ['months'], 'lower-hurts', 'Few months in the job: {value}.');
    const high = reason('HIGH', ['months'], 'higher-hurts', 'Many months in the job: {value}.');
    const any = reason('ANY', ['months'], 'any', 'Months in the job: {value}.');

    test('it is named once, though the model bears out both directions', () => {
      const hill: Node = { feature: 0, below: 12, left: { value: -1 }, right: step(0, 60, 1, -1) };
      expect(one([hill], [low, high], 24, [6, 80])).toStrictEqual(['LOW']);
      expect(one([hill], [high, low], 24, [6, 80])).toStrictEqual(['HIGH']);
    });

    test('equal rows of the background count as often as they are there', () => {
      // From 0 upwards: a little better at 1, much worse at 2.
      const uneven: Node = { feature: 0, below: 1, left: { value: 0 }, right: step(0, 2, -1, 2) };
      expect(one([uneven], [low], 0, [1, 1, 1, 2])).toStrictEqual(['LOW']);
      expect(one([uneven], [low], 0, [1, 2])).toStrictEqual([]);
    });

    test('a missing value of the background is no value to move to', () => {
      const missingHelps: Node = { ...step(0, 1, -5, 1), defaultLeft: true };
      expect(one([missingHelps], [any], 3, [NaN])).toStrictEqual([]);
      expect(one([missingHelps], [any], 3, [0])).toStrictEqual(['ANY']);
    });
  });
});

describe('refused, never guessed', () => {
  const row = [1500, 900, 3, 1, 6];
  const refuses = (code: string, more: Partial<ReasonQuestion>): void => {
    expect(() => ask(row, more)).toThrow(expect.objectContaining({ code }));
  };

  test.each<[string, unknown, string]>([
    ['too narrow', [1, 2], 'FEATURE_COUNT'],
    ['too wide', [1, 2, 3, 4, 5, 6], 'FEATURE_COUNT'],
    ['of texts', ['1', '2', '3', '4', '5'], 'FEATURE_TYPE'],
    ['of big integers', new BigInt64Array(5), 'EXPLAIN_BACKGROUND'],
  ])(
    'a background row that is %s, whichever it is and however often it is asked',
    (_, bad, code) => {
      for (const rows of [[bad], [...background, bad], [...background, bad]])
        refuses(code, { background: rows as Float64Array[] });
      const grown: unknown[] = [...background];
      ask(row, { background: grown as Float64Array[] });
      grown.push(bad);
      refuses(code, { background: grown as Float64Array[] });
    },
  );

  test('attributions that do not add up', () => {
    const honest = explainer.explain(rowOf(model, row));
    const bent = honest.attributions.map((values) => values.map((value) => value * 1.01));
    refuses('EXPLAIN_ADDITIVITY', {
      explanation: { ...honest, attributions: bent },
    });
    refuses('EXPLAIN_ADDITIVITY', { explanation: { ...honest, baseValue: [NaN] } });
  });

  test('an explanation of another row or of another model', () => {
    const other = explainer.explain(rowOf(model, [100, 5, 1, 0, 1]));
    refuses('REASON_EXPLANATION', { explanation: other });
    const own = explainer.explain(rowOf(model, row));
    refuses('REASON_EXPLANATION', { explanation: { ...own, modelHash: '00'.repeat(32) } });
  });

  test('a feature without a reason, a reason without its feature', () => {
    refuses('REASON_UNMAPPED', {
      registry: parseReasonRegistry({ ...definition, reasons: definition.reasons.slice(1) }),
    });
    const stray = reason('X', ['unknown'], 'any', 'Something else entirely: {value}.');
    refuses('REASON_REGISTRY', {
      registry: parseReasonRegistry({ ...definition, reasons: [...definition.reasons, stray] }),
    });
  });

  test('a rule without a reason, a text without its value', () => {
    refuses('REASON_RULE', { rules: [{ code: 'R99' }] });
    refuses('REASON_RULE', { rules: [{ code: 'constructor' }] });
    refuses('REASON_TEXT', { rules: [{ code: 'R01' }] });
    refuses('REASON_TEXT', { rules: [{ code: 'R01', values: { item: 'x' } }] });
  });

  test('an output that the model does not have, or none where there are several', () => {
    refuses('EXPLAIN_OUTPUT', { output: 1 });
    refuses('EXPLAIN_OUTPUT', { output: -1 });
    refuses('EXPLAIN_OUTPUT', { output: 0.5 });
    const leaf: Node = { value: 1 };
    const classes = buildModel({
      trees: [leaf, leaf],
      groups: [0, 1],
      classes: 2,
      features: 5,
      names,
      objective: 'multi:softprob',
    });
    const two = (more: object): unknown =>
      principalReasons({
        registry,
        row: new Float64Array(5),
        explanation: treeExplainer(classes, {
          perturbation: 'interventional',
          background: [new Float64Array(5)],
        }).explain(new Float64Array(5)),
        model: classes,
        adverseDirection: 'higher',
        ...more,
      });
    expect(() => two({})).toThrow(expect.objectContaining({ code: 'EXPLAIN_OUTPUT' }));
    expect(two({ output: 1 })).toMatchObject({ principal: [] });
  });
});

describe('registries', () => {
  type Loose = Record<string, unknown>;
  const first = definition.reasons[0] as Loose;
  const withFirst = (change: Loose): Loose => ({
    ...definition,
    reasons: [{ ...first, ...change }, ...definition.reasons.slice(1)],
  });

  test('reads its own definition', () => {
    expect(registry.reasons).toHaveLength(6);
    expect(registry.reasons[5]).toStrictEqual({
      code: 'R01',
      text: 'Some information we needed was missing: {items}.',
      statement: 'Statement of R01',
      next: null,
      features: [],
      direction: 'any',
      values: {},
      changeable: 'slow',
      inquiries: false,
    });
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['a list', []],
    ['text', 'x'],
    ['an unknown member', { ...definition, extra: 1 }],
    ['no version', { id: 'x', language: 'en', reasons: definition.reasons }],
    ['an empty id', { ...definition, id: ' ' }],
    ['a wrong language', { ...definition, language: 'english language' }],
    ['no reasons', { ...definition, reasons: [] }],
    ['reasons that are no list', { ...definition, reasons: {} }],
    [
      '1001 reasons',
      {
        ...definition,
        reasons: Array.from({ length: 1001 }, (_, i) => ({
          ...first,
          code: `R${i}`,
          features: [],
        })),
      },
    ],
    ['a code twice', withFirst({ code: 'R09' })],
    ['a code with blanks', withFirst({ code: 'R 08' })],
    ['an unknown member of a reason', withFirst({ extra: 1 })],
    ['a reason without text', withFirst({ text: undefined })],
    ['a text too long', withFirst({ text: 'a'.repeat(1001) })],
    ['a lone surrogate', withFirst({ text: 'half \ud800 a character' })],
    ['an unknown direction', withFirst({ direction: 'lower' })],
    ['an unknown changeable', withFirst({ changeable: true })],
    ['features that are no list', withFirst({ features: 'income' })],
    ['a feature twice in a reason', withFirst({ features: ['income', 'income'] })],
    ['a feature of another reason, same direction', withFirst({ features: ['income', 'months'] })],
    ['a feature of a reason in any direction', withFirst({ features: ['income', 'home'] })],
    ['an unclosed brace', withFirst({ text: 'Your income of {value is low.' })],
    ['an empty brace', withFirst({ text: 'Your income of {} is low.' })],
    ['a brace in next', withFirst({ next: 'Ask for } less.' })],
    ['values that are no words', withFirst({ values: { 0: 1 } })],
    ['labels that are a list', { ...definition, labels: ['a'] }],
  ])('%s is refused', (_, json) => {
    expect(() => parseReasonRegistry(json)).toThrow(
      expect.objectContaining({ code: 'REASON_REGISTRY' }),
    );
  });

  const check = (change: Loose, features = names): void =>
    checkRegistry(parseReasonRegistry(withFirst(change)), features);

  test('a specific registry that covers the model passes', () => {
    expect(() => checkRegistry(registry, names)).not.toThrow();
    expect(() => check({ text: 'Your score card of {value} points at school.' })).not.toThrow();
  });

  test.each([
    'Your score was too low for this loan',
    'Your credit score is low',
    'You failed to achieve a qualifying score',
    'This is our internal policy',
    'Internal standards of the bank',
    'You are outside our risk appetite',
    'The algorithm decided so',
    'You do not meet our criteria',
    'Denied by the scoring system',
    'For various reasons',
    'Other, specify',
    'The computer rejected you',
    '{value} {feature}',
    'No: {value}',
  ])('%j is vague', (text) => {
    expect(() => check({ text })).toThrow(expect.objectContaining({ code: 'REASON_VAGUE' }));
    if (!text.includes('{'))
      expect(() => check({ statement: text })).toThrow(
        expect.objectContaining({ code: 'REASON_VAGUE' }),
      );
    expect(() => check({ next: text })).toThrow(expect.objectContaining({ code: 'REASON_VAGUE' }));
  });

  test('every feature needs a reason, and every reason its features', () => {
    expect(() => checkRegistry(registry, [...names, 'savings'])).toThrow(
      expect.objectContaining({ code: 'REASON_UNMAPPED' }),
    );
    expect(() => checkRegistry(registry, names.slice(1))).toThrow(
      expect.objectContaining({ code: 'REASON_REGISTRY' }),
    );
  });

  test('a label is for a feature of the model', () => {
    const labelled = (labels: Record<string, string>) =>
      parseReasonRegistry({ ...definition, labels });
    const all = Object.fromEntries(names.map((name) => [name, `the ${name}`]));
    expect(() => checkRegistry(labelled(all), names)).not.toThrow();
    expect(() => checkRegistry(labelled({ ...all, incomes: 'income' }), names)).toThrow(
      expect.objectContaining({ code: 'REASON_REGISTRY', got: 'a label for "incomes"' }),
    );
  });

  test.each(['sex', 'Gender', 'foreign_worker', 'foreignWorker', 'marital-status', 'age'])(
    '%s is protected',
    (name) => {
      expect(() => check({ features: [name] }, [name, ...names.slice(1)])).toThrow(
        expect.objectContaining({ code: 'REASON_PROTECTED' }),
      );
      expect(() => checkRegistry(registry, [...names, name])).toThrow(
        expect.objectContaining({ code: 'REASON_PROTECTED' }),
      );
    },
  );

  test('further protected names from the caller', () => {
    expect(() => checkRegistry(registry, names, { protectedFeatures: ['Home'] })).toThrow(
      expect.objectContaining({ code: 'REASON_PROTECTED' }),
    );
  });

  test('a text may name only values that its features give', () => {
    expect(() => check({ text: 'Your income is {income}, your debt {debt}.' })).toThrow(
      expect.objectContaining({ code: 'REASON_TEXT' }),
    );
    expect(() => check({ next: 'Bring {documents} with you.' })).toThrow(
      expect.objectContaining({ code: 'REASON_TEXT' }),
    );
  });
});

describe('numbers in words', () => {
  test.each<[number, string, string]>([
    [0, 'en', '0'],
    [-0, 'en', '0'],
    [1234567, 'en', '1,234,567'],
    [999, 'en', '999'],
    [-1000.5, 'en', '-1,000.5'],
    [0.005, 'en', '0.01'],
    [-0.001, 'en', '0'],
    [12.3, 'en', '12.3'],
    [1234.56, 'de', '1.234,56'],
    [1234.56, 'es', '1234,56'],
    [12345.6, 'es', '12.345,6'],
    [1234.56, 'fr', '1234.56'],
    [1e15, 'en', '1000000000000000'],
    [Infinity, 'en', 'Infinity'],
  ])('%d in %s is %s', (value, language, want) => {
    expect(numberWord(value, language)).toBe(want);
  });
});

test('the model above is what its comments say', () => {
  const margin = (m: TreeModel, row: number[]): number => m.predict(row).score[0] ?? NaN;
  expect(margin(model, [1500, 900, 3, 1, 6])).toBe(1 + 0.5 + 0.75 + 0.5 + 0.25 + 0.375);
  expect(margin(model, [5000, 100, 0, 0, 24])).toBe(-1 - 0.5 - 0.75 - 0.5 - 0.25 - 0.375);
});
