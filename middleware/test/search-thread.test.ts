import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { counterfactualSearch, loadModel, parseMutableFeatures } from '@showcause/explain';
import type { Computer } from '../src/counterfactuals/computer.ts';
import { threadComputer } from '../src/counterfactuals/search-thread.ts';

const script = new URL('../dist/counterfactuals/worker.js', import.meta.url);
const built = existsSync(fileURLToPath(script));
if (!built && process.env['CI'] === 'true') throw new Error('build the middleware first');

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../explain/test/fixtures/counterfactuals/${name}`, import.meta.url));
const golden = JSON.parse(readFileSync(fixture('credit.golden.json'), 'utf8')) as {
  options: never;
  rows: number[][];
};
const task = {
  model: new Uint8Array(readFileSync(fixture('credit.ubj'))),
  goal: { measure: 'probability', below: 0.3 } as const,
  mutable: golden.options,
};
const rows = golden.rows.slice(0, 4).map((row) => Float64Array.from(row));

(built ? describe : describe.skip)('the compiled search thread', () => {
  let computer: Computer;
  afterEach(() => computer.close());

  test('answers row after row as the search itself does', async () => {
    computer = threadComputer({ task, timeMs: 10_000 }, script);
    const { search } = counterfactualSearch(
      loadModel(task.model),
      task.goal,
      parseMutableFeatures(task.mutable),
    );
    for (const row of rows) expect(await computer.search(row)).toStrictEqual(search(row));
  });

  test('a refused row is answered with its code, and the next one as before', async () => {
    computer = threadComputer({ task, timeMs: 10_000 }, script);
    await expect(computer.search(Float64Array.of(1))).rejects.toMatchObject({
      code: 'FEATURE_COUNT',
    });
    expect(await computer.search(rows[0]!)).toMatchObject({
      options: expect.anything() as unknown,
    });
  });

  test('a search that takes too long is ended, and another thread answers the next', async () => {
    computer = threadComputer({ task, timeMs: 0 }, script);
    await expect(computer.search(rows[0]!)).rejects.toMatchObject({
      code: 'COUNTERFACTUAL_TIMEOUT',
    });
    await expect(computer.search(rows[0]!)).rejects.toMatchObject({
      code: 'COUNTERFACTUAL_TIMEOUT',
    });
  });

  test('a thread that cannot begin says why', async () => {
    computer = threadComputer(
      { task: { ...task, model: Uint8Array.of(1) }, timeMs: 1_000 },
      script,
    );
    await expect(computer.search(rows[0]!)).rejects.toThrow();
  });
});
