import { describe, expect, test } from '@jest/globals';
import { ExplainError, kernelExplainer, permutationExplainer } from '../src/index.ts';
import type {
  ExplainErrorCode,
  Predict,
  RunOptions,
  SampledExplainerOptions,
} from '../src/index.ts';

const background = [
  [0, 0, 0],
  [1, 2, 3],
];
const row = [2, 4, 5];

/** Answers well for the first `good` calls, then as told. */
function afterwards(good: number, bad: Predict): Predict {
  let calls = 0;
  return (rows, call) => (calls++ < good ? rows.map(([a = 0]) => a) : bad(rows, call));
}

async function codeOf(
  predict: Predict,
  options: Partial<SampledExplainerOptions> = {},
  run: RunOptions = {},
): Promise<string> {
  try {
    const explainer = await kernelExplainer(predict, { background, ...options });
    await explainer.explain(row, run);
    return 'none';
  } catch (error) {
    return error instanceof ExplainError ? error.code : (error as Error).name;
  }
}

const never = (): Promise<number[]> => new Promise(() => undefined);

/** What is no predict function in the eyes of TypeScript, but what a caller without types may give. */
const loose = (answer: (rows: readonly Float64Array[]) => unknown): Predict => answer as Predict;

const broken: [name: string, predict: Predict, code: ExplainErrorCode][] = [
  [
    'throws',
    () => {
      throw new RangeError('secret 4711');
    },
    'PREDICT_FAILED',
  ],
  ['rejects', () => Promise.reject(new TypeError('secret')), 'PREDICT_FAILED'],
  ['answers too few', (rows) => rows.slice(1).map(() => 1), 'PREDICT_COUNT'],
  ['answers too many', async (rows) => [...rows.map(() => 1), 1], 'PREDICT_COUNT'],
  ['answers NaN', (rows) => rows.map(() => NaN), 'PREDICT_VALUE'],
  ['answers an infinity inside a list', (rows) => rows.map(() => [1, -Infinity]), 'PREDICT_VALUE'],
  ['answers a number', loose(() => 3), 'PREDICT_KIND'],
  ['answers null', loose(() => null), 'PREDICT_KIND'],
  ['answers nothing', loose(() => undefined), 'PREDICT_KIND'],
  ['answers words', loose((rows) => rows.map(() => '1')), 'PREDICT_KIND'],
  ['answers a word', loose(() => 'ab'), 'PREDICT_KIND'],
  ['answers null for a row', loose((rows) => rows.map(() => null)), 'PREDICT_KIND'],
  [
    'mixes lists and numbers',
    loose((rows) => rows.map((_, i) => (i === 0 ? [1] : 1))),
    'PREDICT_KIND',
  ],
  ['has no outputs', (rows) => rows.map(() => []), 'PREDICT_OUTPUTS'],
  [
    'changes its outputs within a call',
    (rows) => rows.map((_, i) => (i === 0 ? [1] : [1, 2])),
    'PREDICT_OUTPUTS',
  ],
  [
    'changes its outputs between calls',
    afterwards(1, (rows) => rows.map(() => [1, 2])),
    'PREDICT_OUTPUTS',
  ],
  ['breaks later', afterwards(2, (rows) => rows.map(() => NaN)), 'PREDICT_VALUE'],
];

describe('a predict function that', () => {
  test.each(broken)('%s is refused by name', async (_name, predict, code) => {
    expect(await codeOf(predict)).toBe(code);
  });

  test('never answers is refused when its time is up, and told to stop', async () => {
    let stopped = false;
    const predict: Predict = (_rows, { signal }) => {
      signal.addEventListener('abort', () => (stopped = true));
      return never();
    };
    expect(await codeOf(predict, { timeoutMs: 20 })).toBe('PREDICT_TIMEOUT');
    expect(stopped).toBe(true);
  });

  test('never answers ends with the signal of the caller', async () => {
    const predict = afterwards(1, never);
    const run = { signal: AbortSignal.timeout(20) };
    expect(await codeOf(predict, {}, run)).toBe('TimeoutError');
  });

  test('answers the same row differently is refused: its attributions cannot add up', async () => {
    let calls = 0;
    const predict: Predict = (rows) => rows.map(() => calls++);
    expect(await codeOf(predict, { background: [row, row] })).toBe('EXPLAIN_ADDITIVITY');
  });
});

test('the message of what a predict function throws is not repeated', async () => {
  const predict: Predict = () => {
    throw new RangeError('secret 4711');
  };
  const refused = kernelExplainer(predict, { background });
  await expect(refused).rejects.toThrow(/got RangeError/);
  await expect(refused).rejects.not.toThrow(/4711/);
});

test('no call has more rows than batchRows; progress counts up to the total', async () => {
  const sizes: number[] = [];
  const seen: number[] = [];
  const predict: Predict = (rows) => {
    sizes.push(rows.length);
    return rows.map(([a = 0, b = 0, c = 0]) => a * b + c);
  };
  const explainer = await kernelExplainer(predict, { background, batchRows: 5 });
  const onProgress = ({ done, total }: { done: number; total: number }) => {
    if (total > 1) seen.push(done / total);
  };
  const small = await explainer.explain(row, { onProgress });
  expect(Math.max(...sizes)).toBe(5);
  expect(seen).toEqual([5 / 12, 10 / 12, 1]);
  expect(small).toMatchObject({ calls: 4, predictions: 13 });
  const large = await (await kernelExplainer(predict, { background })).explain(row);
  expect(large.attributions).toEqual(small.attributions);
});

test('a signal that was given before ends the work before the first call', async () => {
  let calls = 0;
  const predict: Predict = (rows) => rows.map(() => ++calls);
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(kernelExplainer(predict, { background, signal })).rejects.toThrow('enough');
  expect(calls).toBe(0);
});

describe('options are read strictly', () => {
  const predict: Predict = (rows) => rows.map(([a = 0]) => a);
  const options: [Partial<SampledExplainerOptions> & { samples?: number }, string][] = [
    [{ seed: -1 }, 'seed -1'],
    [{ seed: 0.5 }, 'seed 0.5'],
    [{ batchRows: 0 }, 'batchRows 0'],
    [{ timeoutMs: Infinity }, 'timeoutMs Infinity'],
    [{ samples: 1 }, 'samples 1'],
    [{ samples: '9' as unknown as number }, 'samples 9'],
    [{ weights: [1] }, '1 weights'],
    [{ weights: [1, -1] }, '2 weights'],
    [{ weights: [0, 0] }, '2 weights'],
    [{ background: [] }, '0 rows'],
    [
      {
        background: [
          [1, 2, 3],
          [1, 2],
        ],
      },
      '2 values in rows\\[1\\]',
    ],
  ];
  test.each(options)('%j', async (given, said) => {
    await expect(kernelExplainer(predict, { background, ...given })).rejects.toThrow(
      new RegExp(`got ${said}`),
    );
  });

  test('more predictions than allowed are refused before they are asked for', async () => {
    const explainer = await permutationExplainer(predict, { background, maxPredictions: 50 });
    await expect(explainer.explain(row)).rejects.toThrow(/got 81 predictions/);
  });

  test('a row of another length is refused', async () => {
    const explainer = await kernelExplainer(predict, { background });
    await expect(explainer.explain([1, 2])).rejects.toMatchObject({ code: 'FEATURE_COUNT' });
  });
});
