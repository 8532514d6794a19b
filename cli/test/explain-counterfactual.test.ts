import { readFileSync, writeFileSync } from 'node:fs';
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
  answers: { singles: Record<string, { value: number }> }[];
};
const rows = join(dir, 'rows.json');
const mutable = join(dir, 'mutable.json');
writeFileSync(rows, JSON.stringify(golden.rows.slice(0, 3)));
writeFileSync(mutable, JSON.stringify(golden.options));

const command = ['explain', '--model', join(folder, 'credit.ubj'), '--rows', rows];
const asked = [...command, '--counterfactual', '--mutable', mutable, '--threshold', '0.3'];

describe('showcause explain --counterfactual', () => {
  test('--json gives what the library gives', async () => {
    const { exit, out } = await run([...asked, '--json']);
    expect(exit).toBe(0);
    out.split('\n').forEach((line, i) => {
      const { counterfactuals } = JSON.parse(line) as {
        counterfactuals: { options: { changes: { feature: string; nearest: number }[] }[] };
      };
      const alone = counterfactuals.options.filter(({ changes }) => changes.length === 1);
      for (const { changes } of alone)
        expect(changes[0]?.nearest).toBe(
          golden.answers[i]?.singles[changes[0]?.feature ?? '']?.value,
        );
    });
    expect(out).toContain('"exhaustive":true');
  });

  test('as text says how far it looked, and a sentence for each option', async () => {
    const { exit, out } = await run(asked);
    expect(exit).toBe(0);
    expect(out).toContain('probability below 0.3, if (exhaustive for up to');
    expect(out).toMatch(/If your \w+ were .+, the answer would have been yes at 0\.[0-2]\d+\./);
  });

  test('refuses half a question and a wrong file', async () => {
    expect((await run([...command, '--counterfactual'])).exit).toBe(64);
    expect((await run([...command, '--threshold', '0.3'])).exit).toBe(64);
    writeFileSync(join(dir, 'wrong.json'), '{"version":1,"features":{"nobody":{}}}');
    const { err, exit } = await run([
      ...command,
      '--counterfactual',
      '--mutable',
      join(dir, 'wrong.json'),
    ]);
    expect(exit).not.toBe(0);
    expect(err).toContain('COUNTERFACTUAL_OPTIONS');
  });
});
