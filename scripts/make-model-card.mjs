// Makes the loan example's model card, its global explanation and the rules of its surrogate tree with `showcause explain`
// on the held-out rows, with what drifted from the training rows: examples/loan-api/model/{model-card.md,model-card.json,global.txt}.
// The last step of the build. `--check` fails when one is stale.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const loan = join(root, 'examples/loan-api');
const model = join(loan, 'model');
const FILES = ['model-card.md', 'model-card.json', 'global.txt'];

const lines = (file) =>
  readFileSync(join(loan, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Features of each held-out application, with whether the loan went bad and the age group of the README's table. */
function heldOut() {
  const repaid = new Map(
    lines('data/held-out-outcomes.ndjson').map((one) => [one.applicationId, one.repaid]),
  );
  const age = new Map(
    lines('data/held-out-protected.ndjson').map((one) => [one.applicationId, Number(one.ageYears)]),
  );
  const groupOf = (years) =>
    years < 26 ? 'under 26' : years < 40 ? 'age 26 to 39' : 'age 40 or more';
  return lines('model/held-out-scores.ndjson').map(({ applicationId, features }) => ({
    ...features,
    went_bad: !repaid.get(applicationId),
    age_group: groupOf(age.get(applicationId)),
  }));
}

function explain(rows, out, ...options) {
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      join(root, 'cli/bin/showcause.js'),
      'explain',
      ...['--model', join(model, 'credit.ubj'), '--rows', rows, '--global', '--surrogate', '3'],
      ...[
        '--background',
        join(model, 'background.json'),
        '--target',
        'went_bad',
        '--scorer',
        'auc',
      ],
      ...['--drift', join(model, 'training-rows.csv')],
      ...['--cohort', 'age_group', '--threshold', '0.28', '--stated', join(model, 'stated.json')],
      ...['--out', out, ...options],
    ],
    { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] },
  );
  if (status !== 0) throw new Error(`showcause explain: ${stderr}`);
}

const dir = mkdtempSync(join(tmpdir(), 'showcause-card-'));
try {
  const rows = join(dir, 'rows.ndjson');
  writeFileSync(
    rows,
    heldOut()
      .map((row) => JSON.stringify(row))
      .join('\n'),
  );
  for (const card of FILES.slice(0, 2))
    explain(rows, join(dir, 'global.txt'), '--model-card', join(dir, card));
  const stale = FILES.filter((file) => {
    const path = join(model, file);
    return !existsSync(path) || !readFileSync(path).equals(readFileSync(join(dir, file)));
  });
  if (process.argv.includes('--check') && stale.length > 0) {
    console.error(`stale: ${stale.join(', ')}: run node scripts/make-model-card.mjs and commit`);
    process.exitCode = 1;
  } else for (const file of stale) writeFileSync(join(model, file), readFileSync(join(dir, file)));
} finally {
  rmSync(dir, { recursive: true });
}
