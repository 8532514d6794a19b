import { existsSync } from 'node:fs';
import { describe, test } from '@jest/globals';
import chromium from '@sparticuz/chromium';
import { chromium as playwright } from 'playwright-core';
import type { Browser } from 'playwright-core';

// Not the package's own list: it holds --single-process, which ends the browser with its first page.
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Path of a browser that starts here; null where there is none. */
async function findBrowser(): Promise<string | null> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  try {
    const path = await chromium.executablePath();
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

const executablePath = await findBrowser();

export function startBrowser(): Promise<Browser> {
  if (executablePath === null) throw new Error('no browser here');
  return playwright.launch({ executablePath, args: flags });
}

/** Tests that need a real browser: skipped by name where none starts, which is a failure when CI=true. */
export function describeWithBrowser(name: string, tests: () => void): void {
  if (executablePath !== null) describe(name, tests);
  else if (process.env['CI'] === 'true')
    test(name, () => {
      throw new Error('no browser is installed');
    });
  else describe.skip(`${name} (needs Chromium)`, tests);
}
