import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openSink } from '../src/commands/explain/sink.ts';
import type { Io } from '../src/io.ts';
import { temporaryFolder } from './support.ts';

const repository = new URL('../../', import.meta.url).pathname;
const bin = join(repository, 'cli/bin/showcause.js');
const loan = join(repository, 'examples/loan-api/model');
const dir = temporaryFolder();

describe('a result that cannot be written whole', () => {
  const onFull = existsSync('/dev/full') ? test : test.skip;
  const openFiles = (): number => readdirSync('/proc/self/fd').length;

  onFull.each([
    ['at its end', 1],
    ['on the way', 100_000],
  ])('%s leaves no partial file and none open', (_, length) => {
    const path = join(dir, `full-${length}`);
    symlinkSync('/dev/full', `${path}.partial`);
    const before = openFiles();
    const sink = openSink({} as Io, path);
    expect(() => {
      sink.line('x'.repeat(length));
      sink.done();
    }).toThrow(expect.objectContaining({ code: 'FILE_UNWRITABLE' }));
    expect(openFiles()).toBe(before);
    expect(readdirSync(dir).filter((name) => name.startsWith('full-'))).toEqual([]);
    // A caller that hears of it drops the result as well.
    sink.dropped();
  });
});

const background = JSON.parse(readFileSync(join(loan, 'background.json'), 'utf8')) as {
  rows?: unknown[];
};
const many = join(dir, 'many.json');
const once = Array.isArray(background) ? background : (background.rows ?? []);
writeFileSync(many, JSON.stringify(Array.from({ length: 500 }, () => once).flat()));

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  'a run that %s ends is not taken for a whole one',
  async (signal, exit) => {
    const args = ['explain', '--model', join(loan, 'credit.ubj'), '--rows', many, '--json'];
    const outcome = [
      '--counterfactual',
      '--mutable',
      join(loan, 'mutable.json'),
      '--threshold',
      '0.3',
    ];
    const child = spawn(process.execPath, [bin, ...args, ...outcome], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.stdout.once('data', () => child.kill(signal));
    child.stdout.resume();
    const [code] = await new Promise<[number | null, string | null]>((resolve) =>
      child.once('close', (...ended) => {
        resolve(ended);
      }),
    );
    expect([code, err]).toEqual([exit, '']);
  },
  30_000,
);

describe('names that a terminal would obey', () => {
  const names = ['income\u00ad', 'tab\tname', 'rtl\u202eok', '\u001b[2J'];
  const model = join(dir, 'linear.json');
  const features = names.map((name) => ({ name }));
  const parts = { format: 'showcause-model/1', kind: 'linear', link: 'logit', features };
  writeFileSync(
    model,
    JSON.stringify({ ...parts, intercept: [0], coefficients: [names.map((_, i) => i + 1)] }),
  );
  const rows = join(dir, 'one.json');
  writeFileSync(rows, JSON.stringify([names.map(() => 1)]));
  const explain = (...more: string[]): string => {
    const given = ['--model', model, '--rows', rows, '--background', rows];
    const ran = spawnSync(process.execPath, [bin, 'explain', ...given, ...more]);
    expect([ran.status, String(ran.stderr)]).toEqual([0, '']);
    return String(ran.stdout);
  };

  test.each(['csv', 'json', 'ndjson'])('in a pipe %s is the bytes of --out', (format) => {
    const out = join(dir, `out.${format}`);
    const piped = explain('--format', format);
    explain('--format', format, '--out', out);
    expect(piped).toBe(readFileSync(out, 'utf8'));
    if (format === 'csv') expect(piped).toContain('attribution.tab\tname');
  });

  test('text is safe to show wherever it ends up', () => {
    expect(explain()).toMatch(/^[^\u001b\u00ad\u202e\t]+$/);
  });
});
