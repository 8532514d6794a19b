// What would have changed a denial, beside an independent brute force over two changes and DiCE's genetic search.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { counterfactualSearch, loadModel, parseMutableFeatures } from '@showcause/explain';
import { atLeast, quantile, rowOf } from '../lib/measure.mjs';
import { root } from '../lib/scratch.mjs';
import { startPython } from './python.mjs';

const folder = join(root, 'explain/test/fixtures/counterfactuals');
const WITHIN_MS = 20;
const SAME = 1e-9;
const DICE_ROWS = 10;

/** @returns {Promise<{ rows: import('../lib/measure.mjs').BenchRow[], bars: import('../lib/measure.mjs').BenchBar[] }>} */
export async function counterfactualRows(rounds) {
  const golden = JSON.parse(readFileSync(join(folder, 'credit.golden.json'), 'utf8'));
  const model = loadModel(new Uint8Array(readFileSync(join(folder, 'credit.ubj'))));
  const { search } = counterfactualSearch(model, golden.goal, parseMutableFeatures(golden.options));
  const once = () => golden.rows.map((row, i) => answered(search, row, golden.answers[i]));
  once();
  const all = Array.from({ length: rounds }, once);
  const share = all.map(
    (list) => list.filter(({ ms, isEqual }) => isEqual && ms <= WITHIN_MS).length / list.length,
  );
  const of = (q) =>
    all.map((list) =>
      quantile(
        list.map(({ ms }) => ms),
        q,
      ),
    );
  const rows = [
    rowOf('counterfactuals of a denial, depth 4 × 100, p50', 'ms', of(0.5)),
    rowOf('counterfactuals of a denial, depth 4 × 100, p99', 'ms', of(0.99)),
    rowOf(`equal to the brute force within ${WITHIN_MS} ms`, 'share', share),
    ...(await diceRows(rounds)),
  ];
  return {
    rows,
    bars: [
      atLeast(
        `counterfactuals equal to the brute force within ${WITHIN_MS} ms`,
        0.95,
        Math.min(...share),
      ),
    ],
  };
}

/** The nearest option of as few changes, against the best that trying everything gave. */
function answered(search, row, { singles, pairs }) {
  const started = performance.now();
  const { options } = search(row);
  const ms = performance.now() - started;
  const alone = Object.values(singles).map(({ distance }) => distance);
  const nearest = alone.length > 0 ? Math.min(...alone) : pairs[0]?.distance;
  const [first] = options;
  const isEqual =
    nearest === undefined
      ? first === undefined || first.changes.length > 2
      : first?.changes.length === (alone.length > 0 ? 1 : 2) &&
        Math.abs(first.distance - nearest) < SAME;
  return { ms, isEqual };
}

async function diceRows(rounds) {
  const dice = startPython('3.11', 'dice.py');
  if (dice === null) return [];
  const values = [];
  for (let round = 0; round < rounds; round++) {
    const { ms } = await dice.ask({ ask: 'dice', rows: DICE_ROWS });
    values.push(ms);
  }
  await dice.end();
  return [rowOf("DiCE's genetic search, nothing held fixed, median", 'ms', values)];
}
