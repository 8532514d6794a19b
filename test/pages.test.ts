import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { postApplication, readApplications } from '../examples/demo/src/acts/decide.ts';
import { receiptWith } from '../examples/demo/src/acts/seal.ts';
import type { Decided, Demo } from '../examples/demo/src/context.ts';
import { describeWithBrowser, startBrowser } from './support/chromium.ts';
import { repository, startSystem, temporaryFolder } from './support/demo.ts';

const WITHIN_MS = 120_000;
const screens = join(repository, '.cache/screens');
const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
);
const widths = [320, 1280] as const;
const schemes = ['light', 'dark'] as const;

describeWithBrowser("the applicant's page in a browser", () => {
  const dir = join(temporaryFolder(), 'out');
  let demo: Demo;
  let browser: Browser;
  let denied: Decided;
  let approved: Decided;

  beforeAll(async () => {
    mkdirSync(screens, { recursive: true });
    [demo, browser] = await Promise.all([startSystem(dir), startBrowser()]);
    const decided: Decided[] = [];
    for (const application of readApplications(40)) {
      decided.push(await postApplication(demo.parts.api.listening, application));
      const found = (outcome: string) => decided.find(({ answer }) => answer.decision === outcome);
      if (found('denied') !== undefined && found('approved') !== undefined) break;
    }
    denied = decided.find(({ answer }) => answer.decision === 'denied')!;
    approved = decided.find(({ answer }) => answer.decision === 'approved')!;
    // The page then also shows where the record stands in the log and on the chain.
    const anchored = demo.parts.chain !== null;
    await receiptWith(
      denied,
      ({ proof, anchor }) => proof !== null && (!anchored || anchor !== null),
    );
  }, WITHIN_MS);

  afterAll(async () => {
    await browser?.close();
    await demo?.parts.processes.stopAll();
  }, WITHIN_MS);

  /** Opens the form and sends the token, as a person does. */
  async function openDecision(
    decided: Decided,
    options: BrowserContextOptions,
    act: (page: Page) => Promise<void>,
  ): Promise<void> {
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      await page.goto(decided.page);
      await page.locator('input[name=token]').fill(decided.token);
      await page.locator('button[type=submit]').click();
      await page.waitForLoadState('load');
      await act(page);
    } finally {
      await context.close();
    }
  }

  test('needs no script: form, token, decision', async () => {
    await openDecision(denied, { javaScriptEnabled: false }, async (page) => {
      const text = await page.locator('body').innerText();
      for (const reason of denied.answer.reasons) expect(text).toContain(reason.text);
      expect(text).toContain(denied.answer.contact.name);
      expect(await page.locator('h1').count()).toBe(1);
      expect(page.url()).not.toContain(denied.token);
    });
  });

  test('asks nobody but its own server, and runs no script of others', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const asked: string[] = [];
    const errors: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).origin));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(`${denied.page}#${denied.token}`);
    await page.locator('button[type=submit]').click();
    await page.waitForLoadState('load');
    expect(new Set(asked)).toStrictEqual(new Set([new URL(denied.page).origin]));
    expect(errors).toStrictEqual([]);
    await context.close();
  });

  test('a wrong token shows no decision', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(denied.page);
    await page.locator('input[name=token]').fill(approved.token);
    await page.locator('button[type=submit]').click();
    const text = await page.locator('body').innerText();
    for (const reason of denied.answer.reasons) expect(text).not.toContain(reason.text);
    await context.close();
  });

  describe.each(schemes)('%s', (colorScheme) => {
    test.each(widths)('%d px: no sideways scrolling, no finding of axe-core', async (width) => {
      const options = { colorScheme, viewport: { width, height: 800 } };
      const name = `${colorScheme}-${width}`;
      await openDecision(denied, options, async (page) => {
        await judge(page, width, `decision-${name}`);
      });
      await openDecision(approved, options, async (page) => {
        await judge(page, width, `approval-${name}`);
      });
      const context = await browser.newContext(options);
      const form = await context.newPage();
      await form.goto(denied.page);
      await judge(form, width, `form-${name}`);
      await context.close();
    });
  });

  test('200 % text at 1280 px still fits', async () => {
    // WCAG 2.2, 1.4.4: half as many CSS pixels are the same as text twice as large.
    const options = { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 };
    await openDecision(denied, options, async (page) => {
      expect(await overflow(page)).toBe(0);
    });
  });
});

async function judge(page: Page, width: number, name: string): Promise<void> {
  await page.screenshot({ path: join(screens, `${name}.png`), fullPage: true });
  expect({ name, overflow: await overflow(page), width }).toStrictEqual({
    name,
    overflow: 0,
    width,
  });
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate<AxeResults>('axe.run(document)');
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
  ).toStrictEqual([]);
}

/** CSS pixels that the document is wider than the window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate<number>(
    'Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)',
  );
}
