// Bytes of heap that one call takes, once warm: node --expose-gc --max-semi-space-size=64 allocation-child.mjs MODEL ROWS OPTIONS
import { readFileSync } from 'node:fs';
import { explainerOf, explanationArrays, loadModel, treeExplainer } from '@showcause/explain';

const [modelPath, goldenPath, options] = process.argv.slice(2);
const model = loadModel(readFileSync(modelPath));
const rows = JSON.parse(readFileSync(goldenPath, 'utf8')).rows.map((row) =>
  Float64Array.from(row, (value) => value ?? NaN),
);
const given = { background: rows.slice(0, 10), ...JSON.parse(options) };
const explainer = model.kind === 'trees' ? treeExplainer(model, given) : explainerOf(model, given);
const out = explanationArrays(explainer, rows.length);

/** The least of some rounds: until the compiler has seen enough, calls make numbers on the heap; a busy machine lets it wait. */
function bytesPerCall(call, calls, rounds) {
  for (let i = 0; i < 3000; i++) call(i);
  let least = Infinity;
  for (let round = 0; round < rounds && least > 2 * calls; round++) {
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < calls; i++) call(i);
    least = Math.min(least, process.memoryUsage().heapUsed - before);
  }
  return least / calls;
}

const into = bytesPerCall(
  (i) => explainer.explainInto(rows[i % rows.length], out, i % rows.length),
  2000,
  200,
);
const objects = bytesPerCall((i) => explainer.explain(rows[i % rows.length]), 200, 2);
process.stdout.write(JSON.stringify({ kernel: explainer.kernel, into, objects }));
