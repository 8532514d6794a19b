import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Browser, Page } from 'playwright-core';
import { kinds } from '../explain/test/plot-kinds.ts';
import { tableHtml } from '../explain/src/plots/index.ts';
import { describeWithBrowser, startBrowser } from './support/chromium.ts';

const WITHIN_MS = 120_000;
const RUNS = 12;

/** What would end an attribute, an element, a section or a document, and what XML does not allow at all. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.constantFrom(
    '</text><script>alert(1)</script>',
    ']]>',
    '<!--',
    '"><image href="https://evil.example/x" onerror="x"/>',
    "' onload='x",
    '&amp;&#0;&nbsp;',
    '<?xml version="1.1"?>',
    '\u0000\u0008\u000b\u001f\ufffe\uffff',
    '\ud800 \udfff',
    '\u202egnp.exe',
    '</style>',
    '💥'.repeat(40),
  ),
);

describeWithBrowser('plots of hostile names, read by a real parser', () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await startBrowser();
    page = await browser.newPage();
  }, WITHIN_MS);

  afterAll(() => browser.close(), WITHIN_MS);

  /** Why each document is no XML or holds an element that no plot has; empty where all are fine. */
  function complaints(documents: readonly string[]): Promise<string[]> {
    return page.evaluate((texts) => {
      const known = new Set(
        'svg title desc style rect g text path circle table caption thead tbody tr th td'.split(
          ' ',
        ),
      );
      return texts.flatMap((text) => {
        const parsed = new DOMParser().parseFromString(text, 'application/xml');
        const error = parsed.querySelector('parsererror')?.textContent;
        if (error !== undefined && error !== null) return [error];
        return [...parsed.querySelectorAll('*')]
          .filter(
            (element) =>
              !known.has(element.localName) ||
              [...element.attributes].some(({ name }) => /^on|href/.test(name)),
          )
          .map((element) => element.outerHTML);
      });
    }, documents);
  }

  test('the judge sees what is wrong', async () => {
    expect(
      await complaints(['<svg>', '<svg><a/></svg>', '<svg onload="x"/>', '<svg/>']),
    ).toHaveLength(3);
  });

  test.each(kinds)(
    '%s is well-formed, and so is its table',
    async (_, draw) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(hostile, hostile, hostile, hostile), { minLength: 8, maxLength: 8 }),
          async (lists) => {
            const plots = lists.map(([a, b, c, title]) => draw([a, b, c], title, 320));
            expect(
              await complaints(plots.flatMap(({ svg, table }) => [svg, tableHtml(table)])),
            ).toEqual([]);
          },
        ),
        { numRuns: RUNS },
      );
    },
    WITHIN_MS,
  );

  test.each(kinds)(
    '%s keeps all its text inside the picture, 320 and 640 wide',
    async (_, draw) => {
      for (const width of [320, 640]) {
        const { svg } = draw(
          ['Checking account balance', 'Present employment since, in years', 'Home'],
          'Why this score',
          width,
        );
        await page.setContent(svg);
        const outside = await page.evaluate(() => {
          const frame = document.querySelector('svg')!.getBoundingClientRect();
          return [...document.querySelectorAll('svg text')]
            .map((text) => [text.textContent, text.getBoundingClientRect()] as const)
            .filter(
              ([, box]) =>
                box.left < frame.left ||
                box.right > frame.right ||
                box.top < frame.top ||
                box.bottom > frame.bottom,
            )
            .map(([words]) => words);
        });
        expect({ width, outside }).toEqual({ width, outside: [] });
      }
    },
  );
});
