import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const root = new URL('../../../', import.meta.url).pathname;

test('model card, global explanation and rules are those that the build makes of model, rows and stated facts', () => {
  const made = spawnSync(process.execPath, [`${root}scripts/make-model-card.mjs`, '--check'], {
    encoding: 'utf8',
  });
  expect([made.status, made.stderr]).toEqual([0, '']);
}, 60_000);

test('the card says how the held-out applications differ from those of training', () => {
  const page = readFileSync(`${root}examples/loan-api/model/model-card.md`, 'utf8');
  expect(page).toContain('\n## Drift\n\n550 rows against 250 reference rows.');
});
