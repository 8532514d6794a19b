import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { describeWithBrowser, startBrowser } from './support/chromium.ts';

const root = new URL('..', import.meta.url).pathname;
const dist = join(root, 'explain/dist');
const fixtures = join(root, 'explain/test/fixtures');
const noble = dirname(
  createRequire(join(root, 'explain/package.json')).resolve('@noble/hashes/sha2.js'),
);
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
  if (path.startsWith('/explain/')) return join(dist, path.slice('/explain/'.length));
  if (path.startsWith('/noble/')) return join(noble, path.slice('/noble/'.length));
  if (path.startsWith('/fixtures/')) return join(fixtures, path.slice('/fixtures/'.length));
  return join(root, 'test/support', path.slice(1));
}

const PAGE = `<!doctype html><script type="importmap">${JSON.stringify({
  imports: {
    '@noble/hashes/sha2.js': '/noble/sha2.js',
    '@noble/hashes/utils.js': '/noble/utils.js',
  },
})}</script>`;

const IN_PAGE = `(async () => {
  const [explain, { digestLines }] = await Promise.all([
    import('/explain/index.js'), import('/explain-digest.mjs')]);
  const read = async (name) => new Uint8Array(await (await fetch('/fixtures/' + name)).arrayBuffer());
  return digestLines(explain, read, ${JSON.stringify(models)});
})()`;

describeWithBrowser('explanations in a browser', () => {
  test(
    'are the bytes that this Node gives, for a model of each reader',
    async () => {
      const browser = await startBrowser();
      try {
        const page = await browser.newPage();
        await page.route(`${ORIGIN}/**`, async (route) => {
          const { pathname } = new URL(route.request().url());
          const file = fileOf(pathname);
          if (pathname === '/') await route.fulfill({ contentType: 'text/html', body: PAGE });
          else if (!existsSync(file)) await route.fulfill({ status: 404 });
          else
            await route.fulfill({
              contentType: /\.m?js$/.test(file) ? 'text/javascript' : 'application/octet-stream',
              body: readFileSync(file),
            });
        });
        await page.goto(`${ORIGIN}/`);
        const [there, here] = [await page.evaluate<string[]>(IN_PAGE), await linesHere()];
        expect(here.length).toBeGreaterThan(models.length * 20);
        const differing = here.findIndex((line, index) => line !== there[index]);
        expect(differing < 0 ? '' : here[differing]?.split(' ', 2).join(' ')).toBe('');
        expect(sha256(there)).toBe(sha256(here));
      } finally {
        await browser.close();
      }
    },
    WITHIN_MS,
  );
});
