import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { drawn, pictures } from '../playground/src/pictures.ts';
import { explained } from '../playground/src/work.ts';
import { describeWithBrowser, startBrowser } from './support/chromium.ts';

const WITHIN_MS = 120_000;
const root = new URL('..', import.meta.url).pathname;
const file = join(root, 'playground/dist/index.html');
const fixtures = join(root, 'explain/test/fixtures');
const screens = join(root, '.cache/screens');
const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
);

/** How often a server here was reached while `act` ran, by connections: what a browser says of itself is no proof. */
async function withServer(act: (address: string) => Promise<void>): Promise<number> {
  let reached = 0;
  const server = createServer((_, response) => response.end());
  server.on('connection', () => reached++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await act(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    return reached;
  } finally {
    server.close();
  }
}

test('a copy of the built folder is whole: every link leads to a page of it, and to the part that it names', async () => {
  const copy = await mkdtemp(join(tmpdir(), 'showcause-playground-'));
  try {
    await cp(dirname(file), copy, { recursive: true });
    const pages = (await readdir(copy, { recursive: true })).filter((one) => /\.html$/.test(one));
    expect(pages).toContain('docs/explain.html');
    const broken = pages.flatMap((page) =>
      [...readFileSync(join(copy, page), 'utf8').matchAll(/<a [^>]*href="([^"]*)"/g)]
        .map(([, href = '']) => href)
        .filter((href) => !/^https?:/.test(href) && !leads(copy, page, href))
        .map((href) => `${page}: ${href}`),
    );
    expect(broken).toEqual([]);
  } finally {
    await rm(copy, { recursive: true });
  }
});

function leads(folder: string, page: string, href: string): boolean {
  const [path = '', part] = href.split('#');
  const target = path === '' ? join(folder, page) : join(folder, dirname(page), path);
  if (!target.startsWith(folder) || !existsSync(target)) return false;
  return part === undefined || readFileSync(target, 'utf8').includes(`id="${part}"`);
}

describeWithBrowser('the playground in a browser', () => {
  let browser: Browser;

  beforeAll(async () => {
    await mkdir(screens, { recursive: true });
    browser = await startBrowser();
  }, WITHIN_MS);

  afterAll(() => browser.close(), WITHIN_MS);

  /** Opens the page from the disk; `asked` holds every address that it asks for after that. */
  async function opened(
    options: BrowserContextOptions,
    act: (page: Page, asked: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const context = await browser.newContext(options);
    const asked: string[] = [];
    try {
      const page = await context.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      await page.goto(pathToFileURL(file).href);
      context.on('request', (request) => {
        if (!/^(data|blob):/.test(request.url())) asked.push(request.url());
      });
      await act(page, asked);
      expect(errors).toEqual([]);
    } finally {
      await context.close();
    }
  }

  const ready = (page: Page): Promise<void> =>
    page.getByRole('status').filter({ hasText: 'add up to the score' }).waitFor();

  const press = (page: Page, name: string): Promise<void> =>
    page.locator('#kinds').getByRole('button', { name, exact: true }).click();

  test(
    'draws every picture of the sample and asks nobody for anything, nor could it',
    async () => {
      await opened({ viewport: { width: 1280, height: 900 } }, async (page, asked) => {
        await page.locator('#sample').click();
        await ready(page);
        for (const name of Object.keys(pictures)) {
          await press(page, name);
          expect(await page.locator('#problem').textContent()).toBe('');
          expect(await page.locator('#picture svg[role=img]').count()).toBe(1);
          expect(await page.locator('#numbers tbody tr').count()).toBeGreaterThan(0);
        }
        expect(asked).toEqual([]);
        const reached = await withServer(async (address) => {
          const tries = await page.evaluate(async (there) => {
            const image = new Promise((resolve) => {
              const element = new Image();
              element.onerror = () => resolve('refused');
              element.onload = () => resolve('loaded');
              element.src = `http://${there}/x.png`;
            });
            const socket = new Promise((resolve) => {
              try {
                new WebSocket(`ws://${there}`).onerror = () => resolve('refused');
              } catch {
                resolve('refused');
              }
            });
            const fetched = fetch(`http://${there}/`).then(
              () => 'loaded',
              () => 'refused',
            );
            return Promise.all([image, socket, fetched]);
          }, address);
          expect(tries).toEqual(['refused', 'refused', 'refused']);
        });
        expect(reached).toBe(0);
      });
    },
    WITHIN_MS,
  );

  test.each([
    [320, 'light'],
    [1280, 'dark'],
  ] as const)(
    'leads to the documentation, %i wide in the %s',
    async (width, colorScheme) => {
      await opened({ viewport: { width, height: 900 }, colorScheme }, async (page) => {
        await page.getByRole('link', { name: 'Coming from shap' }).click();
        expect(await page.locator('h1').textContent()).toBe('Coming from shap');
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
          width,
        );
        await page.screenshot({ path: join(screens, `docs-${width}-${colorScheme}.png`) });
        await page.evaluate(axeSource);
        const { violations } = await page.evaluate(() =>
          (globalThis as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run(),
        );
        expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
        await page.getByRole('link', { name: 'Playground' }).click();
        expect(await page.locator('#sample').count()).toBe(1);
      });
    },
    WITHIN_MS,
  );

  test(
    'saves the very bytes that the package draws',
    async () => {
      await opened({ viewport: { width: 1280, height: 900 } }, async (page) => {
        await page.locator('#sample').click();
        await ready(page);
        const sample = await page.evaluate(
          () => document.getElementById('sample-data')!.textContent,
        );
        const { model, ...rest } = JSON.parse(sample) as {
          model: string;
          rows: string;
          background: string;
          mutable: string;
        };
        const work = await explained(
          { ...rest, model: new Uint8Array(Buffer.from(model, 'base64')) },
          () => undefined,
        );
        for (const name of ['Waterfall', 'Beeswarm', 'What would change it']) {
          await press(page, name);
          const width = Number(await page.locator('#picture svg').getAttribute('width'));
          const saved = page.waitForEvent('download');
          await page.locator('#save-svg').click();
          const bytes = readFileSync(await (await saved).path(), 'utf8');
          const view = {
            row: Number(await page.locator('#row').inputValue()) - 1,
            other: 1,
            feature: undefined,
            threshold: 0.3,
            wantsHigh: false,
            width,
          };
          expect(bytes).toBe((await drawn(name, work, view)).svg);
        }
        const saved = page.waitForEvent('download');
        await page.locator('#save-all').click();
        const lines = readFileSync(await (await saved).path(), 'utf8')
          .trim()
          .split('\r\n');
        expect(lines).toHaveLength(work.rows.length + 1);
        const [, score, , base, ...own] = lines[1]!.split(',').map(Number);
        expect(Math.abs(own.reduce((sum, value) => sum + value, base!) - score!)).toBeLessThan(
          1e-9,
        );
      });
    },
    WITHIN_MS,
  );

  test(
    "takes a person's own files, and says by its code what is wrong with them",
    async () => {
      await opened({}, async (page) => {
        await page
          .locator('#model-file')
          .setInputFiles(join(fixtures, 'xgboost-3.4.1/named-categories.ubj'));
        const rows = (text: string) => ({
          name: 'rows.csv',
          mimeType: 'text/csv',
          buffer: Buffer.from(text),
        });
        await page.locator('#rows-file').setInputFiles(rows('income,house\n1,own\n'));
        await page.locator('#problem').filter({ hasText: 'FEATURE_UNKNOWN' }).waitFor();
        await page
          .locator('#rows-file')
          .setInputFiles(rows('income,home\n-0.5,free\n,own\n1,rent\n'));
        await ready(page);
        expect(await page.locator('#facts').textContent()).toContain(
          '2 features, 1 output; 3 rows',
        );
        expect(await page.locator('#problem').isHidden()).toBe(true);
        await page
          .locator('#model-file')
          .setInputFiles({ name: 'model', mimeType: '', buffer: Buffer.from('<b>no</b>') });
        await page.locator('#problem').filter({ hasText: 'MODEL_' }).waitFor();
      });
    },
    WITHIN_MS,
  );

  test(
    'works by keyboard alone',
    async () => {
      await opened({ viewport: { width: 1280, height: 900 } }, async (page) => {
        const focused = () =>
          page.evaluate(
            () => document.activeElement?.id || document.activeElement?.textContent || '',
          );
        const tabTo = async (want: string): Promise<void> => {
          for (let presses = 0; presses < 60 && (await focused()) !== want; presses++)
            await page.keyboard.press('Tab');
          expect(await focused()).toBe(want);
        };
        await tabTo('sample');
        await page.keyboard.press('Enter');
        await ready(page);
        await tabTo('Force');
        await page.keyboard.press('Enter');
        expect(await page.locator('#picture title').first().textContent()).toBe(
          'What pushed this score',
        );
        await tabTo('row');
        const before = Number(await page.locator('#row').inputValue());
        await page.keyboard.press('ArrowUp');
        await page.keyboard.press('Tab');
        expect(await page.locator('#rows [aria-pressed=true]').textContent()).toBe(
          `row ${before + 1}`,
        );
      });
    },
    WITHIN_MS,
  );

  test.each([
    [320, 'light'],
    [320, 'dark'],
    [1280, 'light'],
    [1280, 'dark'],
  ] as const)(
    '%i wide in the %s: no rule of axe broken, nothing beside the page',
    async (width, colorScheme) => {
      await opened({ viewport: { width, height: 900 }, colorScheme }, async (page) => {
        await page.locator('#sample').click();
        await ready(page);
        await page.locator('summary').click();
        for (const name of ['Interactions', 'Beeswarm', 'What would change it', 'Waterfall']) {
          await press(page, name);
          expect(
            await page.evaluate(() => document.documentElement.scrollWidth),
          ).toBeLessThanOrEqual(width);
        }
        await page.screenshot({
          path: join(screens, `playground-${width}-${colorScheme}.png`),
          fullPage: true,
        });
        await page.evaluate(axeSource);
        const { violations } = await page.evaluate(() =>
          (globalThis as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run(),
        );
        expect(
          violations.map(({ id, nodes }) => ({
            id,
            at: nodes.map(({ html }) => html.slice(0, 120)),
          })),
        ).toEqual([]);
      });
    },
    WITHIN_MS,
  );
});
