import { describe, expect, test } from '@jest/globals';
import { loadModel, rowOf, treeExplainer } from '../src/index.ts';
import { loadTrees } from './support.ts';

const card = {
  format: 'showcause-model/1',
  kind: 'scorecard',
  link: 'identity',
  base: 500,
  features: [
    {
      name: 'age',
      bins: [
        { upTo: 25, points: 5 },
        { upTo: 40, points: 20 },
        { upTo: 60, points: 35 },
        { points: 30 },
      ],
      missing: -3,
    },
    {
      name: 'home',
      type: 'categorical',
      categories: ['own', 'rent', 'free'],
      points: { own: 40, rent: 10, free: 15 },
      otherwise: 0,
      missing: 1,
    },
  ],
};
const bytes = (document: object): Uint8Array => new TextEncoder().encode(JSON.stringify(document));

describe('a points scorecard', () => {
  const model = loadTrees(bytes(card));
  const scoreOf = (age: number | null, home: string | number | null): number =>
    model.predict(rowOf(model, { age, home })).score[0]!;

  test.each([
    [25, 'own', 545],
    [25.000001, 'own', 560],
    [40, 'rent', 530],
    [60, 'free', 550],
    [61, 'free', 545],
    [null, 'rent', 507],
    [-1e300, null, 506],
    [1e300, null, 531],
    [30, 7, 520],
  ])('age %p and home %p make %p', (age, home, score) => {
    expect(scoreOf(age, home)).toBe(score);
  });

  test('attributions are points against the mean points of the background', () => {
    const background = [
      rowOf(model, { age: 20, home: 'rent' }),
      rowOf(model, { age: 50, home: 'own' }),
    ];
    const explainer = treeExplainer(model, { perturbation: 'interventional', background });
    const { attributions, baseValue } = explainer.explain(rowOf(model, { age: 30, home: 'free' }));
    expect(baseValue).toStrictEqual([545]);
    expect([...attributions[0]!]).toStrictEqual([0, -10]);
  });
});

describe('refuses', () => {
  const [age, home] = card.features;
  test.each<[string, object, string]>([
    [
      'bins that fall',
      {
        features: [
          { ...age, bins: [{ upTo: 3, points: 1 }, { upTo: 2, points: 1 }, { points: 0 }] },
        ],
      },
      'MODEL_MALFORMED',
    ],
    [
      'bins without an end',
      { features: [{ ...age, bins: [{ upTo: 3, points: 1 }] }] },
      'MODEL_MALFORMED',
    ],
    ['no bins', { features: [{ ...age, bins: [] }] }, 'MODEL_MALFORMED'],
    ['no points for missing values', { features: [{ ...age, missing: undefined }] }, 'MODEL_VALUE'],
    ['a label without points', { features: [{ ...home, points: { own: 1 } }] }, 'MODEL_VALUE'],
    ['no labels', { features: [{ ...home, categories: undefined }] }, 'MODEL_MALFORMED'],
    ['another link', { link: 'odds' }, 'MODEL_MALFORMED'],
    ['another version', { format: 'showcause-model/2' }, 'MODEL_VERSION'],
    ['another kind', { kind: 'rules' }, 'MODEL_MALFORMED'],
    ['a name twice', { features: [age, age] }, 'MODEL_MALFORMED'],
  ])('%s', (_what, change, code) => {
    expect(() => loadModel(bytes({ ...card, ...change }))).toThrow(
      expect.objectContaining({ code }),
    );
  });
});
