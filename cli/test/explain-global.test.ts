import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { loadModel } from '@showcause/explain';
import type { GlobalJson, ModelCard } from '@showcause/explain';
import { parse as parseCsv } from 'csv-parse/sync';
import { runCli } from '../src/run.ts';

const fixtures = new URL('../../explain/test/fixtures/xgboost-3.4.1/', import.meta.url).pathname;
const dir = mkdtempSync(join(tmpdir(), 'showcause-global-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const modelFile = join(fixtures, 'named-categories.json');
const model = loadModel(readFileSync(modelFile));
const golden = JSON.parse(readFileSync(join(fixtures, 'named-categories.golden.json'), 'utf8')) as {
  rows: (number | null)[][];
};

function csv(
  name: string,
  rows: readonly (readonly (number | null)[])[],
  more: string[] = [],
): string {
  const path = join(dir, name);
  const lines = rows.map((row, i) =>
    [
      ...row.map((value) => value ?? ''),
      ...(more.length === 0 ? [] : [i % 2 === 0 ? 'true' : 'false', i % 3 === 0 ? 'x' : 'y']),
    ].join(','),
  );
  writeFileSync(path, [[...model.featureNames, ...more].join(','), ...lines].join('\n'));
  return path;
}

const rows = csv('rows.csv', golden.rows);
const wide = csv('wide.csv', golden.rows, ['bad', 'region']);
const other = csv('other.csv', golden.rows.slice(0, 12));

async function explain(
  ...args: string[]
): Promise<{ code: number; out: string[]; err: string[]; progress: string[] }> {
  const [out, err, progress]: string[][] = [[], [], []];
  const code = await runCli(['explain', '--model', modelFile, ...args], {
    out: (line) => out!.push(line),
    err: (line) => err!.push(line),
    progress: (text) => progress!.push(text),
    signal: new AbortController().signal,
    env: {},
  });
  return { code, out: out!, err: err!, progress: progress! };
}

const all = [
  '--global',
  '--surrogate',
  '2',
  '--drift',
  other,
  '--target',
  'bad',
  '--cohort',
  'region',
  '--seed',
  '5',
];

describe('--global', () => {
  test('names the output of the curves and refuses one that the model does not have', async () => {
    expect((await explain('--rows', rows, '--global', '--output', '0')).out.join('\n')).toContain(
      'mean score of output 0',
    );
    const { code, err } = await explain('--rows', rows, '--global', '--output', '99');
    expect([code === 0, err.join(' ')]).toEqual([false, expect.stringContaining('EXPLAIN_OUTPUT')]);
  });

  test('a file that cannot be written is said to be that', async () => {
    const { err } = await explain('--rows', rows, '--global', '--out', join(dir, 'none', 'a.txt'));
    expect(err.join(' ')).toContain('FILE_UNWRITABLE');
  });

  test('text names every part; the same seed gives the same bytes', async () => {
    const { code, out, err, progress } = await explain(
      '--rows',
      wide,
      ...all,
      '--threshold',
      '0.5',
    );
    expect([code, err]).toEqual([0, []]);
    const page = out.join('\n');
    for (const part of [
      'mean |attribution|',
      'permutation importance: loss of logLoss',
      'partial dependence',
      'surrogate tree of depth 2',
      'drift: 12 rows against 20',
      'cohort x',
      'approved less others',
    ])
      expect(page).toContain(part);
    expect(progress.some((text) => text.includes('permutation'))).toBe(true);
    expect(progress.at(-1)).toBe('');
    expect((await explain('--rows', wide, ...all, '--threshold', '0.5')).out).toEqual(out);
  });

  test('json, ndjson and csv have the same numbers', async () => {
    const { out } = await explain('--rows', wide, ...all, '--format', 'json');
    const given = JSON.parse(out.join('\n')) as GlobalJson;
    expect(
      (await explain('--rows', wide, ...all, '--json')).out.map(
        (line) => JSON.parse(line) as unknown,
      ),
    ).toEqual([given]);
    const table = parseCsv<Record<string, string>>(
      (await explain('--rows', wide, ...all, '--format', 'csv')).out.join('\n'),
      { columns: true },
    );
    const of = (part: string, name: string) =>
      table
        .filter((line) => line['part'] === part && line['name'] === name)
        .map((line) => Number(line['value']));
    for (const { name, meanAbsolute } of given.importance)
      expect(of('meanAbsolute', name)).toEqual(meanAbsolute);
    for (const { feature, average } of given.partialDependence)
      expect(of('partialDependence', feature)).toEqual(average);
    for (const { name, psi } of given.drift!.features)
      expect(of('drift.feature.psi', name)).toEqual([psi]);
    expect(of('surrogate.heldOut', 'r2')).toEqual([given.surrogate!.heldOut.r2]);
  });

  test('a part alone is that part alone', async () => {
    const given = JSON.parse(
      (await explain('--rows', rows, '--surrogate', '--json')).out[0]!,
    ) as GlobalJson;
    expect(given.surrogate!.depth).toBe(3);
    expect([given.drift, given.permutation, given.partialDependence]).toEqual([null, null, []]);
  });
});

describe('--model-card', () => {
  test('writes Markdown and JSON, with what people state', async () => {
    const stated = join(dir, 'stated.json');
    writeFileSync(stated, JSON.stringify({ name: 'test model' }));
    const paths = ['card.md', 'card.json'].map((name) => join(dir, name));
    for (const path of paths) {
      const { code, out } = await explain(
        '--rows',
        wide,
        '--target',
        'bad',
        '--cohort',
        'region',
        '--model-card',
        path,
        '--stated',
        stated,
      );
      expect([code, out]).toEqual([0, []]);
    }
    expect(readFileSync(paths[0]!, 'utf8')).toMatch(/^# Model card: test model\n/);
    const card = JSON.parse(readFileSync(paths[1]!, 'utf8')) as ModelCard;
    expect(card.model.sha256).toBe(model.hash);
    expect(card.permutation!.scorer).toBe('logLoss');
    expect(existsSync(`${paths[0]}.partial`)).toBe(false);
  });
});

describe('refusals', () => {
  test.each<[string, string[]]>([
    ['stated without a card', ['--rows', rows, '--global', '--stated', 'x']],
    ['a scorer without outcomes', ['--rows', rows, '--global', '--scorer', 'auc']],
    ['outcomes that nothing asks for', ['--rows', wide, '--target', 'bad']],
    ['a seed that nothing draws with', ['--rows', rows, '--seed', '1']],
    ['single rows', ['--rows', rows, '--global', '--interactions']],
    ['depth 13', ['--rows', rows, '--surrogate', '13']],
    ['a seed that is none', ['--rows', rows, '--global', '--seed', '-1']],
  ])('%s: usage', async (_name, args) => {
    const { code, out } = await explain(...args);
    expect([code, out]).toEqual([64, []]);
  });

  test.each<[string, string[], string]>([
    ['no such column', ['--rows', rows, '--global', '--target', 'bad'], 'EXPLAIN_ROWS'],
    [
      'a column that is no outcome',
      ['--rows', wide, '--global', '--target', 'region', '--cohort', 'bad'],
      'GLOBAL_TARGET',
    ],
    [
      'a column that nobody asked for',
      ['--rows', wide, '--global', '--target', 'bad'],
      'FEATURE_UNKNOWN',
    ],
  ])('%s', async (_name, args, code) => {
    const { code: exit, err } = await explain(...args);
    expect(exit).not.toBe(0);
    expect(err.join('\n')).toContain(code);
  });
});
