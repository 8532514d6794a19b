import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { loadModel, requireTrees, treeExplainer } from '@showcause/explain';
import { describeWithBrowser, startBrowser } from './support/chromium.ts';
import { repository } from './support/demo.ts';

const WITHIN_MS = 120_000;
const modelPath = join(repository, 'explain/test/fixtures/xgboost-3.2.0/multiclass.json');
const folders: Readonly<Record<string, string>> = {
  explain: join(repository, 'explain/dist'),
  hashes: dirname(
    createRequire(join(repository, 'explain/package.json')).resolve('@noble/hashes/sha2.js'),
  ),
};
const page =
  '<!doctype html><script type="importmap">{"imports":{"@noble/hashes/":"/hashes/"}}</script>';

/** What a browser and Node are both asked: attributions of rows as bytes, by which kernel. */
interface Answer {
  readonly kernel: string;
  readonly bytes: number[];
}

function answerHere(rows: readonly number[][]): Answer {
  const model = requireTrees(loadModel(readFileSync(modelPath)));
  const explainer = treeExplainer(model, { perturbation: 'tree-path-dependent' });
  const values = rows.flatMap((row) =>
    explainer.explain(row).attributions.flatMap((each) => [...each]),
  );
  return {
    kernel: explainer.kernel,
    bytes: [...new Uint8Array(Float64Array.from(values).buffer)],
  };
}

describeWithBrowser('explain in a browser', () => {
  let browser: Browser;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const [, folder = '', ...rest] = url.pathname.split('/');
    const policy = url.searchParams.get('policy');
    if (policy !== null) response.setHeader('content-security-policy', policy);
    if (folder === '') return response.setHeader('content-type', 'text/html').end(page);
    if (folder === 'model') return response.end(readFileSync(modelPath));
    const root = folders[folder];
    if (root === undefined) return response.writeHead(404).end();
    response.setHeader('content-type', 'text/javascript');
    return response.end(readFileSync(join(root, ...rest)));
  });

  beforeAll(async () => {
    browser = await startBrowser();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }, WITHIN_MS);

  afterAll(async () => {
    await browser.close();
    server.close();
  }, WITHIN_MS);

  const width = requireTrees(loadModel(readFileSync(modelPath))).featureNames.length;
  const rows = [0, 0.5, -1, 3].map((shift) =>
    Array.from({ length: width }, (_, index) => (index % 3) - shift),
  );

  async function answerThere(policy: string): Promise<Answer> {
    const { port } = server.address() as AddressInfo;
    const tab = await browser.newPage();
    try {
      await tab.goto(`http://127.0.0.1:${port}/?policy=${encodeURIComponent(policy)}`);
      return await tab.evaluate(async (given) => {
        const address = '/explain/index.js';
        const explain = (await import(address)) as typeof import('@showcause/explain');
        const file = new Uint8Array(await (await fetch('/model')).arrayBuffer());
        const model = explain.requireTrees(explain.loadModel(file));
        const explainer = explain.treeExplainer(model, { perturbation: 'tree-path-dependent' });
        const values = given.flatMap((row) =>
          explainer.explain(row).attributions.flatMap((each) => [...each]),
        );
        const bytes = [...new Uint8Array(Float64Array.from(values).buffer)];
        return { kernel: explainer.kernel, bytes };
      }, rows);
    } finally {
      await tab.close();
    }
  }

  test(
    'gives the bytes of Node by the same kernel',
    async () => {
      const policy = "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'";
      const here = answerHere(rows);
      expect(here.kernel).toBe('wasm-hybrid/1');
      expect(new Set(here.bytes).size).toBeGreaterThan(100);
      expect(await answerThere(policy)).toStrictEqual(here);
    },
    WITHIN_MS,
  );

  test(
    'gives the same bytes by the TypeScript twin where a policy refuses WebAssembly',
    async () => {
      const policy = "default-src 'self'; script-src 'self' 'unsafe-inline'";
      expect(await answerThere(policy)).toStrictEqual({
        ...answerHere(rows),
        kernel: 'ts-hybrid/1',
      });
    },
    WITHIN_MS,
  );
});
