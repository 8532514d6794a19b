// What is explained: models that Python trains once, kept under .cache for as long as the script that makes them stays the same.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/scratch.mjs';

/**
 * @typedef {object} BenchModel
 * @property {string} model  its name, as `credit-d6x100`
 * @property {string} set
 * @property {number} features
 * @property {number} depth
 * @property {number} trees
 * @property {Uint8Array} bytes  XGBoost's JSON
 * @property {Float64Array} rows  1,000 rows, row-major
 * @property {Float64Array[]} background  100 rows
 */

/** @returns {Promise<{ dir: string, models: BenchModel[] }>} */
export async function trainedModels(python) {
  const script = readFileSync(new URL('peers.py', import.meta.url));
  const key = createHash('sha256').update(script).digest('hex').slice(0, 12);
  const dir = join(root, '.cache', `explain-models-${key}`);
  const list = join(dir, 'models.json');
  if (!existsSync(list)) {
    mkdirSync(dir, { recursive: true });
    console.error('training the models …');
    const credit = join(root, 'examples/loan-api/data/germancredit.csv');
    const answer = await python.ask({ ask: 'make', dir, credit });
    if (answer.error !== undefined) throw new Error(answer.error);
    writeFileSync(list, JSON.stringify(answer.made));
  }
  const made = JSON.parse(readFileSync(list, 'utf8'));
  return { dir, models: made.map((facts) => withFiles(dir, facts)) };
}

function withFiles(dir, facts) {
  const { model, set, features } = facts;
  const flat = numbers(join(dir, `${set}.background`));
  return {
    ...facts,
    bytes: new Uint8Array(readFileSync(join(dir, `${model}.json`))),
    rows: numbers(join(dir, `${set}.rows`)),
    background: Array.from({ length: flat.length / features }, (_, i) =>
      flat.subarray(i * features, (i + 1) * features),
    ),
  };
}

function numbers(path) {
  const bytes = readFileSync(path);
  return new Float64Array(new Uint8Array(bytes).buffer);
}
