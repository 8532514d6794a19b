import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  batchOf,
  explainGlobally,
  explainerOf,
  kernelExplainer,
  loadModel,
  modelCard,
  modelCardMarkdown,
  parseStated,
  predictedModel,
  ruleWords,
} from '../src/index.ts';
import type { GlobalExplanation, GlobalQuestion, ModelCard } from '../src/index.ts';
import { escapeMarkdown, escapeParagraphs } from '../src/global/card/escape.ts';
import { fixtureBytes, golden, loadTrees, rowsOf } from './support.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../spec/schema/model-card.schema.json', import.meta.url), 'utf8'),
) as object;
const validate = new Ajv2020({ strict: false }).compile(schema);

const model = loadTrees(fixtureBytes('3.4.1', 'named-categories.json'));
const rows = rowsOf(golden('3.4.1', 'named-categories').rows);
const explainer = explainerOf(model, {
  perturbation: 'interventional',
  background: rows.slice(0, 5),
});
const question: GlobalQuestion = {
  model,
  explainer,
  rows,
  other: rows.slice(0, 60),
  target: { values: rows.map((_, i) => i % 2), scorer: 'auc' },
  surrogate: { threshold: 0 },
  cohorts: {
    cohortOf: rows.map((_, i) => (i % 3 === 0 ? 'third' : null)),
    approved: rows.map((_, i) => i % 5 !== 0),
  },
  seed: 3,
};
const code = (wanted: string) => expect.objectContaining({ code: wanted });

let whole: GlobalExplanation;
let card: ModelCard;
beforeAll(async () => {
  whole = await explainGlobally(question);
  card = modelCard(model, whole, { name: 'a model', limitations: 'many\n\n# no heading' });
});

describe('a global explanation', () => {
  test('has every part that was asked for, of the very rows', () => {
    expect(whole.rows).toBe(rows.length);
    expect(whole.partialDependence.map(({ feature }) => feature)).toEqual(model.featureNames);
    expect(whole.permutation!.predictions).toBe(rows.length * (1 + 5 * model.featureNames.length));
    expect(whole.drift!.features).toHaveLength(model.featureNames.length);
    expect(whole.cohorts!.map(({ name }) => name)).toEqual(['third']);
    const [first] = whole.surrogate!.rules;
    expect(ruleWords(first!, model)).not.toBe('');
  });

  test('the same question gives the same bytes', async () => {
    expect(JSON.stringify(await explainGlobally(question))).toBe(JSON.stringify(whole));
  });

  test('an output that the model does not have is refused', async () => {
    await expect(explainGlobally({ model, explainer, rows, output: 99 })).rejects.toEqual(
      code('EXPLAIN_OUTPUT'),
    );
    expect(modelCardMarkdown(card)).toContain('score of output 0');
  });

  test('a far value does not hide the curve of the others', async () => {
    const isNumber = model.featureTypes.map((type) => type === 'float');
    const far = Array.from({ length: 200 }, (_, i) =>
      Float64Array.from(rows[i % rows.length]!, (value, feature) =>
        isNumber[feature] ? (i === 0 ? 1e6 : i / 200) : value,
      ),
    );
    const { partialDependence: curves } = await explainGlobally({ model, explainer, rows: far });
    const ends = curves.filter((_, i) => isNumber[i]).map(({ grid }) => Math.max(...grid));
    expect(ends.length).toBeGreaterThan(0);
    expect(Math.max(...ends)).toBeLessThan(2);
  });

  test('what is not asked for is null or empty, and stages say how far they are', async () => {
    const stages = new Set<string>();
    const found = await explainGlobally({
      model,
      explainer,
      rows,
      curves: false,
      onProgress: ({ stage }) => stages.add(stage),
    });
    const { permutation, surrogate, drift, cohorts, partialDependence } = found;
    expect([permutation, surrogate, drift, cohorts, partialDependence]).toEqual([
      null,
      null,
      null,
      null,
      [],
    ]);
    expect([...stages]).toEqual(['attributions']);
  });

  test('of a linear model, in its own unit', async () => {
    const path = new URL('./fixtures/sklearn-1.9.1/linear.json', import.meta.url);
    const linear = loadModel(new Uint8Array(readFileSync(path)));
    const given = Array.from({ length: 30 }, (_, i) =>
      linear.featureNames.map((_name, feature) => ((i * (feature + 3)) % 7) - 3),
    );
    const options = { perturbation: 'interventional', background: given } as const;
    const found = await explainGlobally({
      model: linear,
      explainer: explainerOf(linear, options),
      rows: given,
      surrogate: {},
    });
    expect(found.facts.outputSpace).toBe('margin');
    for (const { average, grid } of found.partialDependence)
      expect(average).toHaveLength(grid.length);
    expect(modelCard(linear, found).model.trees).toBeNull();
    expect(validate(JSON.parse(JSON.stringify(modelCard(linear, found))))).toBe(true);
  });

  test('one row is enough but for a surrogate', async () => {
    const one = { model, explainer, rows: rows.slice(0, 1) };
    expect((await explainGlobally(one)).importance).toHaveLength(model.featureNames.length);
    await expect(explainGlobally({ ...one, surrogate: {} })).rejects.toEqual(code('GLOBAL_ROWS'));
    await expect(explainGlobally({ ...one, rows: [] })).rejects.toEqual(code('GLOBAL_ROWS'));
  });
});

describe('a model card', () => {
  test('fits its schema, with every part and with none', async () => {
    expect([validate(JSON.parse(JSON.stringify(card))), validate.errors]).toEqual([true, null]);
    const bare = modelCard(model, await explainGlobally({ model, explainer, rows, curves: false }));
    expect(validate(JSON.parse(JSON.stringify(bare)))).toBe(true);
    expect(Object.values(bare.stated)).toEqual(Object.values(bare.stated).map(() => null));
    expect(validate({ ...card, verdict: 'fair' })).toBe(false);
  });

  test('names the model file, the background and the fidelity', () => {
    const page = modelCardMarkdown(card);
    expect(card.model.sha256).toBe(model.hash);
    expect(page).toContain(model.hash);
    expect(page).toContain(card.explanation.background!.hash);
    expect(page).toContain(`R² ${Number(card.surrogate!.heldOut.r2!.toPrecision(4))}`);
    expect(page.match(/_Not stated\._/g)!.length).toBe(14 - 2);
    expect(page).not.toContain('\n# no heading');
  });

  test('of another model is refused', () => {
    const other = loadTrees(fixtureBytes('3.4.1', 'numeric.json'));
    expect(() => modelCard(other, whole)).toThrow(code('MODEL_CARD'));
  });

  test.each<[string, unknown]>([
    ['a list', []],
    ['an unknown member', { verdict: 'fair' }],
    ['a number', { name: 3 }],
    ['an empty text', { name: ' ' }],
    ['a long text', { name: 'x'.repeat(20_001) }],
  ])('%s is nothing that people state', (_name, json) => {
    expect(() => parseStated(json)).toThrow(code('MODEL_CARD'));
  });
});

describe('hostile names', () => {
  const names = [
    'a|b',
    '<script>alert(1)</script>',
    '[x](javascript:alert(1))',
    '![x](https://evil.example/x.png)',
    'line\nbreak | x',
    '\u202egnp.exe',
    '`code`',
    '# heading',
    '- list',
    '1. list',
    '&lt;b&gt;',
    'https://evil.example',
    'www.evil.example',
    '\\| already',
  ];

  test.each(names)('%j is one line without markup', (name) => {
    const escaped = escapeMarkdown(name);
    expect(escaped).not.toMatch(/[\p{C}<>]/u);
    expect(escaped.replaceAll(/\\./g, '')).not.toMatch(/[|`*_[\]#!]/);
    expect(escaped).not.toMatch(/^(- |\d+\. )/);
    expect(escaped).not.toMatch(/[a-z]:\/\/|www\./);
    expect(escaped.replace(/&(?!amp;|lt;|gt;)/, 'X')).toBe(escaped);
  });

  test('a card of them keeps its tables', () => {
    const hostile = JSON.parse(
      JSON.stringify(card).replaceAll(
        JSON.stringify(model.featureNames[0]),
        JSON.stringify('a|b\n<i>'),
      ),
    ) as ModelCard;
    const page = modelCardMarkdown(hostile).split('\n');
    const plain = modelCardMarkdown(card).split('\n');
    expect(page).toHaveLength(plain.length);
    const cells = (line: string) => line.replaceAll(/\\./g, '').split('|').length;
    expect(page.map(cells).sort()).toEqual(plain.map(cells).sort());
    expect(page.join('\n')).not.toContain('<i>');
  });

  test('paragraphs stay, their markup does not', () => {
    expect(escapeParagraphs('one\n\n\n\n# two\r\n- three')).toBe('one\n\n\\# two\n\\- three');
  });
});

describe('a model that is known by its answers alone', () => {
  const small = rows.map((row) => row.map((value) => (Number.isNaN(value) ? 0 : value)));
  const answer = (given: readonly ArrayLike<number>[]) =>
    given.map((row) => [(row[0] ?? 0) * 2 + (row[1] ?? 0), -(row[1] ?? 0)]);

  test('is explained as a whole by what it answers, and its card keeps to the schema', async () => {
    const subject = await predictedModel(answer, model, small[0]!);
    expect(subject).toMatchObject({ kind: 'predicted', outputs: 2 });
    const kernel = await kernelExplainer(answer, { background: small.slice(0, 4) });
    const found = await explainGlobally({
      model: subject,
      explainer: batchOf(kernel),
      rows: small,
      other: small.slice(0, 9),
      output: 1,
      surrogate: {},
      cohorts: {
        cohortOf: small.map((_, i) => (i % 2 === 0 ? 'even' : 'odd')),
        approved: (scores) => (scores[0] ?? NaN) > 1,
      },
    });
    // Of the second output: the first feature is not in it.
    expect(found.importance[0]!.meanAbsolute[1]).toBeCloseTo(0, 12);
    expect(found.surrogate!.output).toBe(1);
    expect(found.cohorts![0]!.approval!.approved).toBe(
      small.filter((row, i) => i % 2 === 0 && answer([row])[0]![0]! > 1).length,
    );
    const made = modelCard(subject, found);
    expect(made.model).toMatchObject({ sha256: null, kind: 'predicted', trees: null });
    validate(JSON.parse(JSON.stringify(made)));
    expect(validate.errors).toBeNull();
    expect(modelCardMarkdown(made)).toContain('score of output 1');
  });

  test('names the row that it cannot answer', async () => {
    const picky = (given: readonly ArrayLike<number>[]) =>
      given.map((row) => (row[0] === 77 ? NaN : (row[0] ?? 0)));
    const kernel = await kernelExplainer(picky, { background: [[0], [1]] });
    await expect(batchOf(kernel).explainBatch([[5], [77]])).rejects.toMatchObject({
      code: 'PREDICT_VALUE',
      row: 1,
    });
  });
});

test.each(['surrogate', 'drift'] as const)('an interrupt is heard during the %s', async (part) => {
  const ending = new AbortController();
  const many = Array.from({ length: 30_000 }, (_, i) => [Math.imul(i, 2654435761) % 9973, i % 3]);
  const attributions = Float64Array.from({ length: 60_000 }, (_, i) => Math.imul(i, 40503) % 9973);
  const explained = { ...whole.facts, rows: 30_000, outputs: 1, features: 2, attributions };
  const work = explainGlobally({
    model,
    explainer: {
      explainBatch: () => {
        setTimeout(() => ending.abort(new Error('enough')), 0);
        return Promise.resolve({ ...explained, scores: attributions.subarray(0, 30_000) });
      },
    },
    rows: many,
    curves: false,
    signal: ending.signal,
    ...(part === 'surrogate' ? { surrogate: { depth: 12 } } : { other: many }),
  });
  await expect(work).rejects.toThrow('enough');
});
