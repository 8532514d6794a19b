// Bytes of heap that one call takes, once warm: node --expose-gc --max-semi-space-size=64 allocation-child.mjs MODEL ROWS METHOD
import { readFileSync } from 'node:fs';
import { explainerOf, explanationArrays, loadModel } from '@showcause/explain';

const [modelPath, goldenPath, perturbation] = process.argv.slice(2);
const model = loadModel(readFileSync(modelPath));
const rows = JSON.parse(readFileSync(goldenPath, 'utf8')).rows.map((row) =>
  Float64Array.from(row, (value) => value ?? NaN),
);
const background = perturbation === 'interventional' ? rows.slice(0, 10) : [];
const explainer = explainerOf(model, { perturbation, background });
const out = explanationArrays(explainer, rows.length);

function bytesPerCall(call, calls) {
  for (let i = 0; i < 3000; i++) call(i);
  let least = Infinity;
  for (let round = 0; round < 5; round++) {
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < calls; i++) call(i);
    least = Math.min(least, process.memoryUsage().heapUsed - before);
  }
  return least / calls;
}

const into = bytesPerCall(
  (i) => explainer.explainInto(rows[i % rows.length], out, i % rows.length),
  5000,
);
const objects = bytesPerCall((i) => explainer.explain(rows[i % rows.length]), 1000);
process.stdout.write(JSON.stringify({ into, objects }));
