// Makes the vectors of Showcause's own formats, spec/vectors/*.json, from fixed keys: same bytes every time.
// `--check` fails when a file differs. Needs the build (core/dist).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { claims } from './vectors/claims.mjs';
import { entries } from './vectors/entries.mjs';
import { identity } from './vectors/identity.mjs';
import { keys } from './vectors/keys.mjs';
import { payload } from './vectors/payload.mjs';
import { policy } from './vectors/policy.mjs';
import { promise } from './vectors/promise.mjs';
import { receipt } from './vectors/receipt.mjs';
import { spool } from './vectors/spool.mjs';
import { typed } from './vectors/typed.mjs';

const folder = new URL('../spec/vectors', import.meta.url).pathname;
const check = process.argv.includes('--check');
const documents = {
  claims,
  entries,
  identity,
  keys,
  payload,
  policy,
  promise,
  receipt,
  spool,
  typed,
};
/** The prose that each file illustrates. */
const specOf = {
  claims: 'spec/claims.md',
  entries: 'spec/entries.md',
  identity: 'spec/entries.md',
  keys: 'spec/keys.md',
  payload: 'spec/payload.md',
  policy: 'spec/policy.md',
  promise: 'spec/promise.md',
  receipt: 'spec/promise.md',
  spool: 'spec/spool.md',
  typed: 'spec/typed-entries.md',
};
let stale = 0;
for (const [name, make] of Object.entries(documents)) {
  const path = join(folder, `${name}.json`);
  const text = `${JSON.stringify({ generator: 'scripts/make-vectors.mjs', spec: specOf[name], ...make() }, null, 1)}\n`;
  if (read(path) === text) continue;
  stale++;
  if (check) console.error(`spec/vectors/${name}.json differs: run node scripts/make-vectors.mjs`);
  else writeFileSync(path, text);
}
if (check && stale > 0) process.exit(1);

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
