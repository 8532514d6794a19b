import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { run, temporaryFolder } from './support.ts';

const folder = fileURLToPath(
  new URL('../../explain/test/fixtures/counterfactuals/', import.meta.url),
);
const dir = temporaryFolder();
const golden = JSON.parse(readFileSync(join(folder, 'credit.golden.json'), 'utf8')) as {
  options: object;
  rows: number[][];
};
const rows = join(dir, 'rows.json');
const mutable = join(dir, 'mutable.json');
writeFileSync(rows, JSON.stringify(golden.rows.slice(0, 12)));
writeFileSync(mutable, JSON.stringify(golden.options));
const command = ['explain', '--model', join(folder, 'credit.ubj'), '--rows', rows];

describe('showcause explain --plot', () => {
  test.each([
    ['bar', []],
    ['bar', ['--row', '2']],
    ['waterfall', ['--row', '3']],
    ['force', []],
    ['beeswarm', ['--width', '320']],
    ['dependence', []],
    ['pdp', []],
    ['interactions', []],
    ['decision', ['--row', '1']],
    ['counterfactual', ['--mutable', mutable, '--threshold', '0.3']],
  ])(
    '%s %p: the picture in the file, the same bytes again, and its numbers as a table',
    async (kind, more) => {
      const file = join(dir, `${kind}${more.length}.svg`);
      const asked = [...command, '--plot', kind, ...more];
      const { exit, out, err } = await run([...asked, '--out', file]);
      expect({ exit, err }).toEqual({ exit: 0, err: '' });
      const svg = readFileSync(file, 'utf8');
      expect(svg).toMatch(/^<svg [^>]*role="img"/);
      expect(out).toMatch(/^[^\n]+\n[^\n]+\n-+ /);
      expect((await run(asked)).out.trim()).toBe(svg.trim());
    },
  );

  test('a waterfall ends at the score of its row', async () => {
    const [line = ''] = (await run([...command, '--json'])).out.split('\n').slice(2, 3);
    const { score } = JSON.parse(line) as { score: number };
    const { out } = await run([...command, '--plot', 'waterfall', '--row', '3']);
    expect(out).toContain(`f(x) = ${score < 0 ? '−' : ''}${Math.abs(score).toFixed(2)}`);
  });

  test.each([
    [['--row', '2'], '--row needs --plot'],
    [['--plot', 'waterfall', '--json'], 'leave --json out'],
    [['--plot', 'beeswarm', '--row', '2'], 'of all rows'],
    [['--plot', 'bar', '--feature', 'x'], '--feature needs --plot dependence or pdp'],
    [['--plot', 'counterfactual'], 'needs --mutable FILE'],
    [['--plot', 'pie'], 'Allowed choices'],
    [['--plot', 'bar', '--width', '10'], 'from 280 to 4000'],
  ])('refuses %p', async (more, says) => {
    const { exit, err } = await run([...command, ...more]);
    expect(exit).toBe(64);
    expect(err).toContain(says);
  });

  test('of a row, output or feature that is not there leaves no file', async () => {
    const file = join(dir, 'none.svg');
    for (const more of [
      ['--plot', 'waterfall', '--row', '99'],
      ['--plot', 'bar', '--output', '7'],
      ['--plot', 'dependence', '--feature', 'nobody'],
    ]) {
      const { exit } = await run([...command, ...more, '--out', file]);
      expect(exit).not.toBe(0);
      expect(existsSync(file)).toBe(false);
    }
  });
});
