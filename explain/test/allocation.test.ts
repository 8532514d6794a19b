import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { fixturePath, modelsOf } from './support.ts';

const child = fileURLToPath(new URL('./allocation-child.mjs', import.meta.url));
const goldenOf = (path: string): string => path.replace(/\.[a-z]+$/, '.golden.json');
const linear = modelsOf('sklearn', 'json').find(([, name]) => name === 'logistic-classes')?.[2];

/** Heap that a call takes once warm, of explainInto and, to show that the meter works, of explain. */
function measure(model: string, perturbation: string): { into: number; objects: number } {
  const flags = ['--expose-gc', '--max-semi-space-size=64'];
  const said = execFileSync(process.execPath, [
    ...flags,
    child,
    model,
    goldenOf(model),
    perturbation,
  ]);
  return JSON.parse(said.toString()) as { into: number; objects: number };
}

test.each([
  ['numeric', 'tree-path-dependent'],
  ['classes', 'tree-path-dependent'],
])('explainInto allocates nothing once warm: %s, %s', (name, perturbation) => {
  const { into, objects } = measure(fixturePath('3.4.1', `${name}.json`), perturbation);
  expect(objects).toBeGreaterThan(100);
  // A single object a call would be 12 bytes at least; the meter itself takes a few in all.
  expect(into).toBeLessThan(4);
});

test('the same of a linear model', () => {
  const { into, objects } = measure(linear ?? '', 'interventional');
  expect(objects).toBeGreaterThan(100);
  expect(into).toBeLessThan(4);
});
