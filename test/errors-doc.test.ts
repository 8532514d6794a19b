import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const root = new URL('..', import.meta.url).pathname;
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
const parts = [
  'core',
  'explain',
  'middleware',
  'anchor-service',
  'verify',
  'cli',
  'examples/loan-api',
  'examples/demo',
];

type Table = Record<string, { means: string; fix: string }>;

async function tables(): Promise<Map<string, { means: string; fix: string }>> {
  const all = new Map<string, { means: string; fix: string }>();
  for (const part of parts) {
    if (!existsSync(join(root, part, 'src'))) continue;
    const files = readdirSync(join(root, part, 'src'), { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => /(^|\/)errors\.ts$/.test(name))) {
      const module = (await import(join(root, part, 'src', file))) as Record<string, Table>;
      for (const [name, table] of Object.entries(module))
        if (name.endsWith('ErrorCodes'))
          for (const [code, row] of Object.entries(table)) {
            expect({ code, twice: all.has(code) }).toEqual({ code, twice: false });
            all.set(code, row);
          }
    }
  }
  return all;
}

test('every code of the code is on the page, with what it means and what to do', async () => {
  const all = await tables();
  expect(all.size).toBeGreaterThan(80);
  const rows = new Map(
    page
      .split('\n')
      .map((line) => /^\| `([A-Z0-9_]+)`\s+\| (.*?)\s+\| (.*?)\s+\|$/.exec(line))
      .filter((match) => match !== null)
      .map((match) => [match[1]!, { means: match[2]!, fix: match[3]! }]),
  );
  const plain = (text: string): string => text.replace(/\\/g, '');
  for (const [code, { means, fix }] of all) {
    const row = rows.get(code);
    expect({ code, means: plain(row?.means ?? ''), fix: plain(row?.fix ?? '') }).toEqual({
      code,
      means: plain(means),
      fix: plain(fix),
    });
  }
  expect([...rows.keys()].filter((code) => !all.has(code))).toEqual([]);
});

test('a code is made in exactly one place, and every one is used', () => {
  const text = parts
    .flatMap((part) =>
      readdirSync(join(root, part, 'src'), { recursive: true, encoding: 'utf8' })
        .filter(
          (file) =>
            /\.tsx?$/.test(file) && !/(^|\/)errors\.ts$/.test(file) && !file.includes('generated'),
        )
        .map((file) => readFileSync(join(root, part, 'src', file), 'utf8')),
    )
    .join('\n');
  const codes = [...page.matchAll(/^\| `([A-Z0-9_]+)`/gm)]
    .map((match) => match[1]!)
    .filter((code) => code.includes('_') || code === 'USAGE');
  expect(codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(text))).toEqual([]);
});
