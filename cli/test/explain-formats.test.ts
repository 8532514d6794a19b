import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { explainerOf, loadModel } from '@showcause/explain';
import { parse as parseCsv } from 'csv-parse/sync';
import { explainedRows } from '../src/commands/explain/explained-rows.ts';
import { writeAll } from '../src/commands/explain/sink.ts';
import { streamRows } from '../src/commands/explain/stream-rows.ts';
import { runCli } from '../src/run.ts';

const fixtures = new URL('../../explain/test/fixtures/xgboost-3.4.1/', import.meta.url).pathname;
const dir = mkdtempSync(join(tmpdir(), 'showcause-formats-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const modelFile = join(fixtures, 'classes.json');
const model = loadModel(readFileSync(modelFile));
const golden = JSON.parse(readFileSync(join(fixtures, 'classes.golden.json'), 'utf8')) as {
  rows: (number | null)[][];
};
const names = model.featureNames;
const asCsv = [names, ...golden.rows.map((row) => row.map((value) => value ?? ''))]
  .map((line) => line.join(','))
  .join('\n');
const asNdjson = golden.rows
  .map((row) => JSON.stringify(Object.fromEntries(names.map((name, i) => [name, row[i]]))))
  .join('\n');

function file(name: string, content: string): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

async function explain(
  ...args: string[]
): Promise<{ code: number; out: string[]; err: string[]; progress: string[] }> {
  const out: string[] = [];
  const err: string[] = [];
  const progress: string[] = [];
  const code = await runCli(['explain', '--model', modelFile, ...args], {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    progress: (text) => progress.push(text),
    signal: new AbortController().signal,
    env: {},
  });
  return { code, out, err, progress };
}

const rows = file('rows.csv', asCsv);

describe('a file', () => {
  test('gets every byte, however little is taken at once', () => {
    const taken: number[] = [];
    writeAll(
      (bytes, from) => {
        const some = bytes.subarray(from, from + 3);
        taken.push(...some);
        return some.length;
      },
      Uint8Array.of(1, 2, 3, 4, 5, 6, 7),
    );
    expect(taken).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('a signal', () => {
  test('is heard within a block of rows', async () => {
    const controller = new AbortController();
    const explainer = explainerOf(model, { perturbation: 'tree-path-dependent' });
    const given = (async function* () {
      for (let i = 0; i < 900; i++)
        yield Float64Array.from(golden.rows[0] ?? [], (one) => one ?? NaN);
      await Promise.resolve();
    })();
    setTimeout(() => controller.abort(), 60);
    let seen = 0;
    for await (const _ of explainedRows(model, explainer, given, controller.signal)) {
      seen++;
      const until = performance.now() + 1;
      while (performance.now() < until);
    }
    expect(seen).toBeLessThan(900);
  });
});

describe('--format', () => {
  test('ndjson is what --json says', async () => {
    const { out } = await explain('--rows', rows, '--format', 'ndjson');
    expect(out).toHaveLength(golden.rows.length);
    expect((await explain('--rows', rows, '--json')).out).toStrictEqual(out);
  });

  test('json is one document of the same objects', async () => {
    const lines = (await explain('--rows', rows, '--json')).out;
    const { out } = await explain('--rows', rows, '--format', 'json');
    expect(JSON.parse(out.join('\n'))).toStrictEqual(
      lines.map((line) => JSON.parse(line) as unknown),
    );
  });

  test('csv has the same numbers, to the last digit, a column for each output', async () => {
    const lines = (await explain('--rows', rows, '--json')).out;
    const { out } = await explain('--rows', rows, '--format', 'csv');
    const table = parseCsv<Record<string, string>>(out.join('\n'), { columns: true });
    expect(table).toHaveLength(lines.length);
    lines.forEach((line, i) => {
      const want = JSON.parse(line) as {
        score: number[];
        attributions: Record<string, number[]>;
        modelHash: string;
      };
      expect(table[i]).toMatchObject({ row: `${i + 1}`, modelHash: want.modelHash });
      want.score.forEach((score, k) => expect(Number(table[i]![`score[${k}]`])).toBe(score));
      for (const name of names)
        want.attributions[name]!.forEach((value, k) =>
          expect(Number(table[i]![`attribution.${name}[${k}]`])).toBe(value),
        );
    });
  });

  test('an unknown format, two formats, csv with interactions, a wrong number of workers: refused as usage', async () => {
    for (const args of [
      ['--format', 'xml'],
      ['--format', 'csv', '--json'],
      ['--format', 'csv', '--interactions'],
      ['--workers', '0'],
      ['--workers', '1e3'],
    ])
      expect({ args, code: (await explain('--rows', rows, ...args)).code }).toStrictEqual({
        args,
        code: 64,
      });
  });
});

test('--workers says the same as one thread, with the background by its id and the hash of a deployment', async () => {
  const background = file(
    'background.json',
    JSON.stringify({ id: 'near the line', rows: golden.rows.slice(0, 5) }),
  );
  const args = ['--rows', rows, '--background', background, '--format', 'ndjson'];
  const { out } = await explain(...args);
  const binary = new URL('../bin/showcause.js', import.meta.url).pathname;
  const said = execFileSync(process.execPath, [
    binary,
    'explain',
    '--model',
    modelFile,
    ...args,
    '--workers',
    '2',
  ]);
  expect(said.toString().trim().split('\n')).toStrictEqual(out);
  const hash = createHash('sha256')
    .update(JSON.stringify({ band: null, id: 'near the line', rows: golden.rows.slice(0, 5) }))
    .digest('hex');
  expect(JSON.parse(out[0]!)).toMatchObject({ background: { id: 'near the line', hash, rows: 5 } });
});

describe('--out', () => {
  test('the file holds what would have been printed, and nothing is', async () => {
    const path = join(dir, 'result.ndjson');
    const { out } = await explain('--rows', rows, '--json');
    const quiet = await explain('--rows', rows, '--json', '--out', path);
    expect(quiet.out).toStrictEqual([]);
    expect(readFileSync(path, 'utf8')).toBe(`${out.join('\n')}\n`);
    expect(existsSync(`${path}.partial`)).toBe(false);
    expect(quiet.progress.at(-1)).toBe('');
    expect(quiet.progress[0]).toBe('1 row explained');
  });

  test('a refused row leaves no file', async () => {
    const path = join(dir, 'none.csv');
    const bad = file('bad.csv', `${asCsv}\n1,2,x,4,5,6`);
    const { code, err } = await explain('--rows', bad, '--format', 'csv', '--out', path);
    expect(code).toBe(1);
    expect(err[0]).toContain(`in row ${golden.rows.length + 1}`);
    expect(existsSync(path)).toBe(false);
    expect(existsSync(`${path}.partial`)).toBe(false);
  });
});

describe('large files are read piece by piece', () => {
  const collect = async (path: string, above?: number): Promise<number[][]> => {
    const all: number[][] = [];
    for await (const row of streamRows(model, path, above)) all.push([...row]);
    return all;
  };

  test('to the same rows as small ones', async () => {
    const want = await collect(rows);
    for (const path of [
      rows,
      file('crlf.csv', `\uFEFF${asCsv.replaceAll('\n', '\r\n')}\r\n`),
      file('rows.ndjson', `\n${asNdjson}\n`),
    ])
      expect(await collect(path, 0)).toStrictEqual(want);
  });

  test('with the row named where one is refused', async () => {
    const last = golden.rows.length + 1;
    for (const [path, code] of [
      [file('long.csv', `${asCsv}\n1,2,3,4,5`), 'EXPLAIN_ROWS'],
      [file('text.csv', `${asCsv}\n1,2,x,4,5,6`), 'FEATURE_TYPE'],
      [file('cut.ndjson', `${asNdjson}\n{"income":`), 'EXPLAIN_ROWS'],
      [file('list.ndjson', `${asNdjson}\n7`), 'EXPLAIN_ROWS'],
    ] as const)
      await expect(collect(path, 0)).rejects.toMatchObject({
        code,
        message: expect.stringMatching(new RegExp(`row ${last}|line ${last + 1}`)) as unknown,
      });
  });

  test('a refusal of the model in a block names the row of the file', async () => {
    const explainer = explainerOf(model, { perturbation: 'tree-path-dependent' });
    async function* given(): AsyncGenerator<Float64Array> {
      for (let i = 0; i < 1500; i++)
        yield await Promise.resolve(new Float64Array(i === 1300 ? 2 : 6));
    }
    const run = async (): Promise<void> => {
      for await (const _ of explainedRows(model, explainer, given(), new AbortController().signal));
    };
    await expect(run()).rejects.toMatchObject({
      code: 'FEATURE_COUNT',
      got: '2 values in row 1301',
    });
  });
});
