import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { run, temporaryFolder } from './support.ts';

const fixtures = fileURLToPath(
  new URL('../../explain/test/fixtures/xgboost-3.2.0/', import.meta.url),
);
const dir = temporaryFolder();

const NAMES = ['income', 'debt', 'age_of_file', 'rate', 'months', 'count', 'region', 'home'];
const NUMBERS = [0.5, -0.25, null, 1.5, 30, 0, 4, 2];

function file(name: string, content: string): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

function record(values: readonly (number | null)[] = NUMBERS): Record<string, number | null> {
  return Object.fromEntries(NAMES.map((name, index) => [name, values[index] ?? null]));
}

interface Line {
  margin: number;
  score: number;
  probability: number | null;
  baseValue: number;
  attributions: Record<string, number>;
  additivityError: number;
}

async function explain(
  rows: string,
  ...more: string[]
): Promise<{ exit: number; lines: Line[]; err: string }> {
  const model = more.includes('--model') ? [] : ['--model', join(fixtures, 'partition.json')];
  const { exit, out, err } = await run(['explain', ...model, '--rows', rows, '--json', ...more]);
  return {
    exit,
    lines: out === '' ? [] : out.split('\n').map((line) => JSON.parse(line) as Line),
    err,
  };
}

const asCsv = `${NAMES.join(',')}\n${NUMBERS.map((value) => value ?? '').join(',')}\n`;

describe('rows in every form are one row', () => {
  const forms: [string, string][] = [
    ['objects.json', JSON.stringify([record()])],
    ['one-object.json', JSON.stringify(record(), null, 2)],
    ['lists.json', JSON.stringify([NUMBERS])],
    ['wrapped.json', JSON.stringify({ id: 'background', features: NAMES, rows: [NUMBERS] })],
    ['objects.ndjson', `${JSON.stringify(record())}\n\n`],
    ['list.ndjson', `${JSON.stringify(NUMBERS)}\n`],
    ['rows.csv', asCsv],
    ['rows-with-null.csv', asCsv.replace(',,', ',null,')],
    ['rows-with-mark.csv', `\ufeff${asCsv.replaceAll('\n', '\r\n')}`],
    [
      'shuffled.csv',
      `${NAMES.toReversed().join(',')}\n${NUMBERS.toReversed()
        .map((value) => value ?? '')
        .join(', ')}`,
    ],
    ['no-extension', JSON.stringify([record()])],
    ['csv-without-extension', asCsv],
  ];

  test.each(forms)('%s', async (name, content) => {
    const { exit, lines, err } = await explain(file(name, content));
    expect([exit, err]).toStrictEqual([0, '']);
    const reference = await explain(file('reference.json', JSON.stringify([NUMBERS])));
    expect(lines).toHaveLength(1);
    expect(lines).toStrictEqual(reference.lines);
  });

  test('two rows, one a line', async () => {
    const { lines } = await explain(
      file(
        'two.ndjson',
        `${JSON.stringify(NUMBERS)}\n${JSON.stringify(record([1, 2, 3, 4, 5, 6, 0, 1]))}`,
      ),
    );
    expect(lines).toHaveLength(2);
    expect(lines[0]).not.toStrictEqual(lines[1]);
  });
});

describe('--json', () => {
  test('base value and attributions add up to the score, by name', async () => {
    const { lines } = await explain(file('sum.csv', asCsv));
    const [line] = lines as [Line];
    expect(Object.keys(line)).toStrictEqual([
      'margin',
      'score',
      'probability',
      'baseValue',
      'attributions',
      'additivityError',
      'method',
      'kernel',
      'version',
      'modelHash',
      'outputSpace',
      'coverSource',
      'background',
    ]);
    expect(Object.keys(line.attributions)).toStrictEqual(NAMES);
    const sum = Object.values(line.attributions).reduce(
      (total, value) => total + value,
      line.baseValue,
    );
    expect(Math.abs(sum - line.score)).toBeLessThanOrEqual(1e-12);
    expect(Math.abs(line.score - line.margin)).toBeLessThanOrEqual(1e-5);
    expect(
      Math.abs((line.probability ?? NaN) - 1 / (1 + Math.exp(-line.score))),
    ).toBeLessThanOrEqual(1e-6);
    expect(line).toMatchObject({ method: 'tree-path-dependent' });
  });

  test('interventional against the row itself: nothing to explain', async () => {
    const rows = file('self.csv', asCsv);
    const { lines } = await explain(rows, '--background', rows, '--method', 'interventional');
    expect(lines[0]).toMatchObject({ method: 'interventional', additivityError: 0 });
    expect(Object.values(lines[0]?.attributions ?? {})).toStrictEqual(NAMES.map(() => 0));
    expect((await explain(rows, '--background', rows)).lines).toStrictEqual(lines);
  });

  test('several outputs: arrays by class', async () => {
    const rows = file('six.json', JSON.stringify([[0, 0, 0, 0, 30, 1]]));
    const { lines } = await explain(rows, '--model', join(fixtures, 'multiclass.ubj'));
    const line = lines[0] as unknown as Record<string, number[]>;
    expect(line['margin']).toHaveLength(3);
    expect(line['score']).toHaveLength(3);
    expect(line['baseValue']).toHaveLength(3);
    expect(line['probability']?.reduce((sum, p) => sum + p, 0)).toBeGreaterThan(0.999999);
    expect((line['attributions'] as unknown as Record<string, number[]>)['income']).toHaveLength(3);
  });

  test('no probability where the objective has none; missing values are told by null', async () => {
    const rows = file('nulls.json', JSON.stringify([[null, null, null, null, null, null]]));
    const { lines } = await explain(rows, '--model', join(fixtures, 'regression.json'));
    expect(lines[0]?.probability).toBeNull();
  });

  test('categories by name, in CSV too', async () => {
    const model = ['--model', join(fixtures, 'named-categories.json')];
    const byName = await explain(file('named.csv', 'income,home\n1,rent\n'), ...model);
    const byCode = await explain(file('codes.csv', 'income,home\n1,2\n'), ...model);
    expect(byName.exit).toBe(0);
    expect(byName.lines).toStrictEqual(byCode.lines);
  });
});

test('without --json a table, weightiest attribution first', async () => {
  const { exit, out } = await run([
    'explain',
    '--model',
    join(fixtures, 'partition.json'),
    '--rows',
    file('table.csv', asCsv),
    '--method',
    'path-dependent',
  ]);
  expect(exit).toBe(0);
  expect(out).toMatch(
    /^row 1 {3}score [+-]\d+\.\d{6} {3}probability 0\.\d{4} {3}\(tree-path-dependent, wasm-hybrid\/1\)/,
  );
  expect(out).toMatch(/\n {2}base value +[+-]\d/);
  expect(out).toMatch(/\n {2}age_of_file +missing +[+-]\d/);
  const weights = out
    .split('\n')
    .slice(2, -1)
    .map((line) => Math.abs(Number(/[+-]\d+\.\d+$/.exec(line)?.[0])));
  expect(weights).toHaveLength(8);
  expect(weights).toStrictEqual(weights.toSorted((a, b) => b - a));
});

test('path-dependent says that it does not use a background', async () => {
  const rows = file('unused.csv', asCsv);
  const { exit, lines, err } = await explain(
    rows,
    '--method',
    'path-dependent',
    '--background',
    rows,
  );
  expect([exit, lines.length]).toStrictEqual([0, 1]);
  expect(err).toMatch(/--background is not used/);
  expect(lines[0]).toMatchObject({ method: 'tree-path-dependent' });
});

describe('refusals name the row and never its values', () => {
  test.each<[string, string, string, RegExp]>([
    ['bad-number.csv', `${asCsv}x42,0,0,0,0,0,0,0\n`, 'FEATURE_TYPE', /"income" in row 2/],
    [
      'bad-type.json',
      JSON.stringify([NUMBERS, { ...record(), debt: '1' }]),
      'FEATURE_TYPE',
      /"debt" in row 2/,
    ],
    ['nested.json', JSON.stringify([{ ...record(), debt: [1] }]), 'FEATURE_TYPE', /in row 1/],
    ['column-missing.csv', 'income\n1\n', 'FEATURE_MISSING', /in row 1, want "debt"/],
    [
      'column-unknown.csv',
      asCsv.replace('income', 'salary'),
      'FEATURE_UNKNOWN',
      /"salary" in row 1/,
    ],
    ['column-twice.csv', asCsv.replace('debt', 'income'), 'EXPLAIN_ROWS', /named twice/],
    [
      'ragged.csv',
      `${asCsv}1,2\n`,
      'EXPLAIN_ROWS',
      /CSV_RECORD_INCONSISTENT_FIELDS_LENGTH at line 3/,
    ],
    ['quote.csv', `${NAMES.join(',')}\n"1,2,3`, 'EXPLAIN_ROWS', /CSV_QUOTE_NOT_CLOSED/],
    ['empty.csv', '', 'EXPLAIN_ROWS', /no rows/],
    ['header-only.csv', `${NAMES.join(',')}\n`, 'EXPLAIN_ROWS', /no rows/],
    ['empty.json', '[]', 'EXPLAIN_ROWS', /no rows/],
    ['short.json', '[[1,2,3]]', 'FEATURE_COUNT', /3 values in row 1, want 8/],
    ['scalar.json', '7', 'EXPLAIN_ROWS', /no row/],
    ['mixed.json', JSON.stringify([NUMBERS, 7]), 'EXPLAIN_ROWS', /no row/],
    ['cut.json', JSON.stringify([record()]).slice(0, -2), 'JSON_SYNTAX', /./],
    ['cut.ndjson', `${JSON.stringify(NUMBERS)}\n{"income":`, 'EXPLAIN_ROWS', /row 2/],
    [
      'twice.ndjson',
      `${JSON.stringify(NUMBERS)}\n{"income":1,"income":2}`,
      'EXPLAIN_ROWS',
      /JSON_DUPLICATE_KEY in row 2/,
    ],
    [
      'order.json',
      JSON.stringify({ features: NAMES.toReversed(), rows: [NUMBERS] }),
      'EXPLAIN_ROWS',
      /other features/,
    ],
  ])('%s', async (name, content, code, message) => {
    const { exit, lines, err } = await explain(file(name, content));
    expect([exit, lines]).toStrictEqual([1, []]);
    expect(err).toMatch(new RegExp(`^${code}: `));
    expect(err).toMatch(message);
    expect(err).not.toMatch(/x42/);
  });

  test('a model cut short, a file that is not there, a method without its background', async () => {
    const rows = file('rows-again.csv', asCsv);
    const cut = file('cut-model.json', '{"learner":{"attributes":{}');
    expect(await explain(rows, '--model', cut)).toMatchObject({
      exit: 1,
      err: expect.stringMatching(/^MODEL_TRUNCATED: /),
    });
    expect(await explain(join(dir, 'nowhere.csv'))).toMatchObject({
      exit: 2,
      err: expect.stringMatching(/^FILE_UNREADABLE: /),
    });
    expect((await explain(rows, '--method', 'interventional')).exit).toBe(64);
    expect((await explain(rows, '--method', 'guess')).exit).toBe(64);
    expect((await run(['explain', '--rows', rows])).exit).toBe(64);
  });
});

test('an aborted run stops between rows, and says so to a script', async () => {
  const controller = new AbortController();
  controller.abort();
  const rows = file('many.ndjson', `${JSON.stringify(NUMBERS)}\n`.repeat(5));
  const { exit, out } = await run(
    ['explain', '--model', join(fixtures, 'partition.json'), '--rows', rows, '--json'],
    {
      signal: controller.signal,
    },
  );
  expect(out).toBe('');
  expect(exit).toBe(130);
});

describe('--interactions', () => {
  test('a matrix by name whose row sums are the attributions', async () => {
    const { exit, lines } = await explain(
      file('pairs.json', JSON.stringify([record()])),
      '--interactions',
    );
    expect(exit).toBe(0);
    const [line] = lines as (Line & { interactions: Record<string, Record<string, number>> })[];
    for (const [name, attribution] of Object.entries(line?.attributions ?? {}))
      expect(
        Object.values(line?.interactions[name] ?? {}).reduce((sum, value) => sum + value, 0),
      ).toBeCloseTo(attribution, 12);
    expect(Object.keys(line?.interactions ?? {})).toStrictEqual(NAMES);
  });

  test('the page lists the strongest pairs', async () => {
    const rows = file('pairs-page.json', JSON.stringify([record()]));
    const { exit, out } = await run([
      ...['explain', '--model', join(fixtures, 'partition.json'), '--rows', rows, '--interactions'],
    ]);
    expect(exit).toBe(0);
    expect(out).toMatch(/interactions \(\d+ strongest of 28 pairs\)\n {4}\w+ × \w+ +[+-]\d/);
  });
});
