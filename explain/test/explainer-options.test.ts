import { describe, expect, test } from '@jest/globals';
import { ExplainError, explainerOf, treeExplainer, treeInteractions } from '../src/index.ts';
import type { ExplainerOptions } from '../src/index.ts';
import { fixtureBytes, golden, loadTrees, rowsOf } from './support.ts';

const model = loadTrees(fixtureBytes('3.4.1', 'numeric.json'));
const background = rowsOf(golden('3.4.1', 'numeric').rows).slice(0, 3);
const games = [{ perturbation: 'tree-path-dependent' }, { perturbation: 'interventional' }];
const most = 2 ** 30;

/** What a caller without types may give. */
function given(options: object): ExplainerOptions {
  return { perturbation: 'interventional', background, ...options };
}

function refusal(options: object): Pick<ExplainError, 'code' | 'got' | 'want'> {
  try {
    treeExplainer(model, given(options));
  } catch (error) {
    if (error instanceof ExplainError) return error;
    throw error;
  }
  throw new Error('not refused');
}

describe.each(games)('$perturbation', (game) => {
  test.each([
    ['WASM', 'engine WASM'],
    ['', 'engine an empty text'],
    [null, 'engine null'],
    [1, 'engine 1'],
    [['wasm'], 'engine an array'],
  ])('engine %j is refused', (engine, got) => {
    expect(refusal({ ...game, engine })).toMatchObject({
      code: 'EXPLAIN_OPTION',
      got,
      want: 'wasm or typescript',
    });
  });

  test.each([-1, 0.5, NaN, Infinity, most + 1, '64', null, 1n])(
    'maxTableBytes %p is refused',
    (maxTableBytes) => {
      expect(refusal({ ...game, maxTableBytes })).toMatchObject({
        code: 'EXPLAIN_OPTION',
        want: `a whole number from 0 to ${most}`,
      });
    },
  );

  test('what is left out is as the default, the ends of the range are taken', () => {
    const kernelOf = (options: object): string =>
      treeExplainer(model, given({ ...game, ...options })).kernel;
    expect(kernelOf({ engine: undefined, maxTableBytes: undefined })).toBe(kernelOf({}));
    expect(kernelOf({ engine: 'wasm', maxTableBytes: 64 * 1024 * 1024 })).toBe(kernelOf({}));
    expect(kernelOf({ engine: 'typescript' })).toMatch(/^ts-/);
    expect(treeExplainer(model, given({ ...game, maxTableBytes: 0 })).tableBytes).toBe(0);
    expect(treeExplainer(model, given({ ...game, maxTableBytes: most })).tableBytes).toBe(
      treeExplainer(model, given(game)).tableBytes,
    );
  });

  test('interactions refuse an engine too', () => {
    expect(() => treeInteractions(model, given({ ...game, engine: 'gpu' }))).toThrow(/engine gpu/);
  });
});

test.each(['correlation-dependent', 'path', undefined])(
  'a game that trees do not have is refused, not played as another: %p',
  (perturbation) => {
    expect(refusal({ perturbation })).toMatchObject({
      code: 'EXPLAIN_METHOD',
      want: 'tree-path-dependent or interventional',
    });
  },
);

test('explainerOf and a pool take the options of trees too', async () => {
  const file = fixtureBytes('3.4.1', 'numeric.json');
  const options = {
    perturbation: 'interventional' as const,
    background: rowsOf(golden('3.4.1', 'numeric').rows).slice(0, 3),
    engine: 'typescript' as const,
    maxTableBytes: 0,
  };
  const { kernel } = explainerOf(loadTrees(file), options);
  expect(kernel).toMatch(/^ts-/);
  expect(kernel).toBe(treeExplainer(loadTrees(file), options).kernel);
  const dist = new URL('../dist/node/index.js', import.meta.url).href;
  const { explainerPool } = (await import(dist)) as typeof import('../src/node/index.ts');
  const pool = await explainerPool({ model: file, ...options, workers: 1 });
  expect(pool.kernel).toBe(kernel);
  await pool.close();
});
