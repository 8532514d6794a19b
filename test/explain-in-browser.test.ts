import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { describeWithBrowser, startBrowser } from './support/chromium.ts';

const root = new URL('..', import.meta.url).pathname;
const dist = join(root, 'explain/dist');
const fixtures = join(root, 'explain/test/fixtures');
const ORIGIN = 'https://explain.example';
const WITHIN_MS = 120_000;

/** A model of each reader and of each kind of split, link and number of outputs. */
const models = [
  'xgboost-3.4.1/numeric.json',
  'xgboost-3.4.1/dart.ubj',
  'xgboost-3.4.1/partition.json',
  'xgboost-3.4.1/classes.ubj',
  'xgboost-3.4.1/deep.json',
  'xgboost-3.4.1/poisson.json',
  'lightgbm-4.7.0/categories.txt',
  'lightgbm-4.7.0/multiclass.txt',
  'catboost-1.2.10/multiclass.json',
  'sklearn-1.9.1/hist.json',
  'sklearn-1.9.1/forest.json',
  'sklearn-1.9.1/logistic-classes.json',
  'onnx-1.32.0/forest-double.onnx',
  'onnx-1.32.0/logistic.onnx',
].map((model): [string, string] => [model, model.replace(/\.[a-z]+$/, '.golden.json')]);

type Digest = (
  explain: unknown,
  read: (name: string) => Promise<Uint8Array>,
  names: readonly (readonly string[])[],
) => Promise<string[]>;

/** Content-Security-Policies of the page, and what the kernels' names begin with under each. */
const policies: readonly [what: string, policy: string | null, engine: 'wasm' | 'ts'][] = [
  ['without a policy', null, 'wasm'],
  [
    'where a policy allows WebAssembly',
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'",
    'wasm',
  ],
  [
    'by the TypeScript twins where a policy refuses WebAssembly',
    "default-src 'self'; script-src 'self' 'unsafe-inline'",
    'ts',
  ],
];

const sha256 = (lines: readonly string[]): string =>
  createHash('sha256').update(lines.join('\n')).digest('hex');

async function linesHere(): Promise<string[]> {
  const { digestLines } = (await import(
    new URL('./support/explain-digest.mjs', import.meta.url).href
  )) as { digestLines: Digest };
  const explain: unknown = await import(join(dist, 'index.js'));
  return digestLines(
    explain,
    async (name) => new Uint8Array(await readFile(join(fixtures, name))),
    models,
  );
}

/** Files by the path under which the page asks for them. */
function fileOf(path: string): string {
  if (path.startsWith('/fixtures/')) return join(fixtures, path.slice('/fixtures/'.length));
  return join(root, 'test/support', path.slice(1));
}

/** The package as a bundler gives it to a page. */
async function bundle(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(dist, 'index.js')],
    bundle: true,
    format: 'esm',
    write: false,
  });
  return outputFiles[0]!.contents;
}

/** What a page under this policy says. */
async function linesThere(
  browser: Browser,
  explain: Uint8Array,
  policy: string | null,
): Promise<string[]> {
  const page = await browser.newPage();
  const headers = policy === null ? {} : { 'content-security-policy': policy };
  try {
    await page.route(`${ORIGIN}/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      const file = fileOf(pathname);
      if (pathname === '/')
        await route.fulfill({ contentType: 'text/html', headers, body: '<!doctype html>' });
      else if (pathname === '/explain.js')
        await route.fulfill({ contentType: 'text/javascript', body: Buffer.from(explain) });
      else if (!existsSync(file)) await route.fulfill({ status: 404 });
      else
        await route.fulfill({
          contentType: /\.m?js$/.test(file) ? 'text/javascript' : 'application/octet-stream',
          body: readFileSync(file),
        });
    });
    await page.goto(`${ORIGIN}/`);
    return await page.evaluate(async (names) => {
      const [index, digest] = ['/explain.js', '/explain-digest.mjs'];
      const explain: unknown = await import(index);
      const { digestLines } = (await import(digest)) as { digestLines: Digest };
      const read = async (name: string) =>
        new Uint8Array(await (await fetch(`/fixtures/${name}`)).arrayBuffer());
      return digestLines(explain, read, names);
    }, models);
  } finally {
    await page.close();
  }
}

const kernelsOf = (lines: readonly string[]): string[] =>
  [...new Set(lines.map((line) => line.split(' ')[1] ?? ''))].sort();

describeWithBrowser('explanations in a browser, of a model of each reader in each game', () => {
  let browser: Browser;
  let here: readonly string[] = [];
  let bundled: Uint8Array;

  beforeAll(async () => {
    browser = await startBrowser();
    here = await linesHere();
    bundled = await bundle();
  }, WITHIN_MS);

  afterAll(() => browser.close(), WITHIN_MS);

  test('Node itself runs every WebAssembly kernel', () => {
    expect(here.length).toBeGreaterThan(models.length * 20);
    expect(kernelsOf(here)).toEqual(
      expect.arrayContaining(['wasm-blocks/1', 'wasm-blocks/1/walk0', 'wasm-hybrid/1']),
    );
  });

  test.each(policies)(
    'have the bytes of Node %s',
    async (_, policy, engine) => {
      const there = await linesThere(browser, bundled, policy);
      const want = here.map((line) => line.replace(/ wasm-/, ` ${engine}-`));
      expect(kernelsOf(there)).toStrictEqual(kernelsOf(want));
      const differing = want.findIndex((line, index) => line !== there[index]);
      expect(differing < 0 ? '' : want[differing]?.split(' ', 2).join(' ')).toBe('');
      expect(sha256(there)).toBe(sha256(want));
    },
    WITHIN_MS,
  );
});
