import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { prepareFolder } from '../src/folder.ts';
import { parseOptions } from '../src/options.ts';

const root = mkdtempSync(join(tmpdir(), 'showcause-demo-options-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('options', () => {
  test('defaults', () => {
    expect(parseOptions([])).toStrictEqual({
      decisions: 24,
      out: './showcause-demo',
      json: false,
      serve: false,
      kafka: false,
      chain: true,
    });
  });

  test('what npm took for its own counts', () => {
    expect(parseOptions([], { json: true })).toMatchObject({ json: true, serve: false });
  });

  test.each([
    ['--decisions', '0'],
    ['--decisions', '1e3'],
    ['--decisions', '99999'],
    ['--nope'],
    ['word'],
  ])('%s %s is refused', (...argv) => {
    expect(() => parseOptions(argv.filter((word) => word !== undefined))).toThrow();
  });
});

describe('the folder', () => {
  test('a former demo is replaced; anything else is left alone', () => {
    const dir = join(root, 'demo');
    prepareFolder(dir);
    writeFileSync(join(dir, 'receipts/old.json'), '{}');
    prepareFolder(dir);
    expect(readdirSync(join(dir, 'receipts'))).toStrictEqual([]);

    const mine = join(root, 'mine');
    mkdirSync(mine);
    writeFileSync(join(mine, 'thesis.txt'), 'mine');
    expect(() => prepareFolder(mine)).toThrow(expect.objectContaining({ code: 'OUT_NOT_EMPTY' }));
    expect(existsSync(join(mine, 'thesis.txt'))).toBe(true);
  });
});
