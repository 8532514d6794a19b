import { describe, expect, test } from '@jest/globals';
import { loadModel } from '../src/index.ts';
import { ELEMENT, onnxBytes, stump } from './onnx-builder.ts';
import type { Element, GraphSpec, NodeSpec } from './onnx-builder.ts';

// What is expected is what ONNX Runtime answers for the same bytes.

const cast = (input: string, output: string, to: Element): NodeSpec => ({
  type: 'Cast',
  inputs: [input],
  outputs: [output],
  attributes: { to: ELEMENT[to] },
});
const scaler = (input: string, output: string, scale: readonly number[]): NodeSpec => ({
  type: 'Scaler',
  inputs: [input],
  outputs: [output],
  attributes: { offset: { floats: scale.map(() => 0) }, scale: { floats: scale } },
});
const times = (input: string, output: string): NodeSpec => ({
  type: 'Mul',
  inputs: [input, 'K'],
  outputs: [output],
});
const asked = (spec: GraphSpec, row: readonly number[]): number | undefined =>
  loadModel(onnxBytes(spec)).predict(row).score[0];

describe('a Cast in front of trees', () => {
  const above = Math.fround(0.1) + 1e-12;

  test('to float: they compare in float32, whatever the input is', () => {
    const doubles = { element: 'double', columns: 1 } as const;
    expect(asked({ ...doubles, nodes: [stump('X', 0, 0.1)] }, [above])).toBe(2);
    const nodes = [cast('X', 'C', 'float'), stump('C', 0, 0.1)];
    expect(asked({ ...doubles, nodes }, [above])).toBe(1);
    const scaled = [cast('X', 'C', 'float'), scaler('C', 'S', [1]), stump('S', 0, 0.1)];
    expect(asked({ ...doubles, nodes: scaled }, [above])).toBe(1);
  });

  const refused: [string, GraphSpec][] = [
    ['to integers', { columns: 1, nodes: [cast('X', 'C', 'int64'), stump('C', 0, 0.5)] }],
    [
      'to integers before a Scaler',
      {
        columns: 1,
        nodes: [cast('X', 'C', 'int64'), scaler('C', 'S', [1]), stump('S', 0, 0.5)],
      },
    ],
    ['to double', { columns: 1, nodes: [cast('X', 'C', 'double'), stump('C', 0, 0.5)] }],
    [
      'behind doubles that are scaled',
      {
        element: 'double',
        columns: 1,
        nodes: [scaler('X', 'S', [1]), cast('S', 'C', 'float'), stump('C', 0, 0.5)],
      },
    ],
    [
      'nor what else only dresses answers',
      {
        columns: 1,
        nodes: [{ type: 'Reshape', inputs: ['X'], outputs: ['R'] }, stump('R', 0, 0.5)],
      },
    ],
  ];

  test.each(refused)('%s is refused', (_, spec) => {
    expect(() => loadModel(onnxBytes(spec))).toThrow(
      expect.objectContaining({ code: 'MODEL_UNSUPPORTED' }),
    );
  });
});

describe('a constant', () => {
  const spec = (shape: number[], numbers: number[]): GraphSpec => ({
    columns: 2,
    nodes: [times('X', 'S'), stump('S', 1, 0.5)],
    constants: [{ name: 'K', shape, numbers }],
  });

  test.each([[[2]], [[1, 2]]])('of the shape %j is a number for each column', (shape) => {
    expect(asked(spec(shape, [1, 10]), [0.2, 0.2])).toBe(2);
    expect(asked(spec(shape, [10, 1]), [0.2, 0.2])).toBe(1);
  });

  test.each([[[]], [[1]], [[1, 1]]])('of the shape %j is one for all', (shape) => {
    expect(asked(spec(shape, [10]), [0, 0.2])).toBe(2);
  });

  test.each([[[2, 1]], [[1, 1, 2]], [[3]]])('of the shape %j is refused', (shape) => {
    expect(() => loadModel(onnxBytes(spec(shape, [10, 1])))).toThrow(
      expect.objectContaining({
        code: 'MODEL_UNSUPPORTED',
        got: expect.stringContaining(`[${shape.join(', ')}]`),
      }),
    );
  });
});

test('where the file does not say how many columns there are, the Scaler does', () => {
  const nodes = [scaler('X', 'S', [1, 2, 4]), stump('S', 1, 0.5)];
  expect(asked({ columns: null, nodes }, [0, 0.2, 0])).toBe(1);
  expect(asked({ columns: null, nodes }, [0, 1.7, 0])).toBe(2);
});

test('mirrored classes that are divided by their sum are two', () => {
  const linear: NodeSpec = {
    type: 'LinearClassifier',
    inputs: ['X'],
    outputs: ['L', 'P'],
    attributes: {
      coefficients: { floats: [-1, -2, 1, 2] },
      intercepts: { floats: [-0.5, 0.5] },
      classlabels_ints: { integers: [0, 1] },
      post_transform: 'NONE',
    },
  };
  const normalizer: NodeSpec = {
    type: 'Normalizer',
    inputs: ['P'],
    outputs: ['Y'],
    attributes: { norm: 'L1' },
  };
  const model = loadModel(onnxBytes({ columns: 2, nodes: [linear, normalizer] }));
  expect(model.predict([1, 1]).probability).toEqual([-0.5, 0.5]);
});
