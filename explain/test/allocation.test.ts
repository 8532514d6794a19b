import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { fixturePath, modelsOf } from './support.ts';

const child = fileURLToPath(new URL('./allocation-child.mjs', import.meta.url));
const goldenOf = (path: string): string => path.replace(/\.[a-z]+$/, '.golden.json');
const linear = modelsOf('sklearn', 'json').find(([, name]) => name === 'logistic-classes')?.[2];

interface Measured {
  readonly kernel: string;
  /** bytes of heap that a call takes once warm, of explainInto and, to show that the meter works, of explain */
  readonly into: number;
  readonly objects: number;
}

function measure(model: string, options: object): Measured {
  const flags = ['--expose-gc', '--max-semi-space-size=64'];
  const asked = [child, model, goldenOf(model), JSON.stringify(options)];
  return JSON.parse(execFileSync(process.execPath, [...flags, ...asked]).toString()) as Measured;
}

const kernels: readonly [kernel: string, options: object][] = [
  ['wasm-hybrid/1', { perturbation: 'tree-path-dependent' }],
  ['ts-hybrid/1', { perturbation: 'tree-path-dependent', engine: 'typescript' }],
  ['wasm-hybrid/1/0', { perturbation: 'tree-path-dependent', maxTableBytes: 0 }],
  ['wasm-blocks/1', { perturbation: 'interventional' }],
  ['ts-blocks/1', { perturbation: 'interventional', engine: 'typescript' }],
  ['wasm-blocks/1/walk0', { perturbation: 'interventional', maxTableBytes: 0 }],
];

describe.each(kernels)('explainInto allocates nothing once warm: %s', (kernel, options) => {
  test.each(['numeric', 'classes'])('%s', (name) => {
    const measured = measure(fixturePath('3.4.1', `${name}.json`), options);
    expect(measured.kernel).toBe(kernel);
    expect(measured.objects).toBeGreaterThan(100);
    // A single object a call would be 12 bytes at least; the meter itself takes a few in all.
    expect(measured.into).toBeLessThan(4);
  });
});

test('the same of a linear model', () => {
  const { into, objects } = measure(linear ?? '', { perturbation: 'interventional' });
  expect(objects).toBeGreaterThan(100);
  expect(into).toBeLessThan(4);
});
