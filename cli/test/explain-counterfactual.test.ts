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
    expect(out).toMatch(/With these details the answer would have been yes\. .+ \[0\.[0-2]\d+\]/);
  });

  test('speaks the language that is asked for', async () => {
    const { exit, out } = await run([...asked, '--language', 'de']);
    expect(exit).toBe(0);
    expect(out).toContain('Mit diesen Angaben wäre die Antwort ja gewesen.');
    expect((await run([...command, '--language', 'de'])).exit).toBe(64);
  });

  test('where nothing is found names the bounds that it looked within', async () => {
    const tight = join(dir, 'tight.json');
    const [name = '', other = ''] = Object.keys(
      (golden.options as { features: Record<string, object> }).features,
    );
    writeFileSync(
      tight,
      JSON.stringify({
        version: 1,
        features: { [name]: { min: 0, max: 1e-9 }, [other]: { min: 0, max: 1e-9 } },
        constraints: [
          { if: { feature: name, moves: 'up' }, then: { feature: other, moves: 'stays' } },
        ],
        search: { changes: 3, budget: 1000 },
      }),
    );
    const { out } = await run([
      ...command,
      ...['--counterfactual', '--mutable', tight, '--threshold', '0.000001'],
    ]);
    expect(out).toContain('none within these bounds');
    expect(out).toContain(`if “${name}” goes up, “${other}” must stay as it is`);
    expect(out).toContain('at most 3 of these changed together');
    expect(out).toContain('the search may look at 1,000 values');
  });

  test('a score has no half of its own', async () => {
    const half = await run([...asked.slice(0, -2), '--measure', 'score']);
    expect([half.exit, half.err]).toEqual([64, expect.stringContaining('needs --threshold')]);
    expect((await run([...asked.slice(0, -1), '-0.8', '--measure', 'score'])).exit).toBe(0);
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
