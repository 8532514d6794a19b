import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { expFloat32, logFloat32 } from '../src/index.ts';
import { gaussLegendre } from '../src/numeric/gauss-legendre.ts';
import { sigmoidFloat32, softmaxFloat32 } from '../src/numeric/links.ts';
import { shapleyWeights } from '../src/numeric/shapley-weights.ts';
import { largestDifference } from './support.ts';

type Vectors = readonly (readonly [input: number, output: number])[];

const golden = JSON.parse(
  readFileSync(fileURLToPath(new URL('./fixtures/numeric.golden.json', import.meta.url)), 'utf8'),
) as { exp: Vectors; log: Vectors };

const view = new DataView(new ArrayBuffer(4));
const fromBits = (bits: number): number => {
  view.setUint32(0, bits);
  return view.getFloat32(0);
};

describe.each([
  ['expFloat32', expFloat32, golden.exp, Math.exp],
  ['logFloat32', logFloat32, golden.log, Math.log],
] as const)('%s', (_, f, vectors, native) => {
  test('is that of glibc, bit for bit, which is not always the nearest float32', () => {
    expect(vectors.map(([input]) => f(fromBits(input)))).toStrictEqual(
      vectors.map(([, output]) => fromBits(output)),
    );
    const nearest = vectors.filter(
      ([input, output]) => Math.fround(native(fromBits(input))) === fromBits(output),
    );
    expect(nearest.length).toBeLessThanOrEqual(vectors.length - 10);
    expect(nearest.length).toBeGreaterThan(vectors.length * 0.98);
  });
});

test('their ends', () => {
  const exponents = [NaN, Infinity, -Infinity, 0, -0, 1e10, -1e10];
  expect(exponents.map(expFloat32)).toStrictEqual([NaN, Infinity, 0, 1, 1, Infinity, 0]);
  const numbers = [NaN, -1, -Infinity, 0, -0, Infinity, 1, 1e-60];
  expect(numbers.map(logFloat32)).toStrictEqual([
    NaN,
    NaN,
    NaN,
    -Infinity,
    -Infinity,
    Infinity,
    0,
    -Infinity,
  ]);
});

test('sigmoid and softmax saturate without overflow', () => {
  expect(sigmoidFloat32(0)).toBe(0.5);
  expect(sigmoidFloat32(200)).toBe(1);
  // float32 of 1 / e^88.7
  expect(sigmoidFloat32(-200)).toBeGreaterThan(0);
  expect(sigmoidFloat32(-200)).toBe(sigmoidFloat32(-1000));
  expect(softmaxFloat32([1000, 1000])).toStrictEqual([0.5, 0.5]);
  expect(softmaxFloat32([0, -500])).toStrictEqual([1, 0]);
});

describe('Gauss-Legendre on [0, 1]', () => {
  test.each(Array.from({ length: 40 }, (_, index) => index + 1))(
    '%i points integrate powers exactly',
    (points) => {
      const { nodes, weights } = gaussLegendre(points);
      for (let degree = 0; degree < 2 * points; degree++) {
        const integral = nodes.reduce(
          (sum, node, index) => sum + node ** degree * (weights[index] ?? NaN),
          0,
        );
        expect(Math.abs(integral * (degree + 1) - 1)).toBeLessThanOrEqual(1e-13);
      }
    },
  );

  test('2 and 3 points are the known ones', () => {
    const two = gaussLegendre(2);
    expect(
      largestDifference(two.nodes, [0.5 + Math.sqrt(1 / 12), 0.5 - Math.sqrt(1 / 12)]),
    ).toBeLessThanOrEqual(1e-16);
    const three = gaussLegendre(3);
    expect(largestDifference(three.weights, [5 / 18, 8 / 18, 5 / 18])).toBeLessThanOrEqual(1e-15);
    expect(three.nodes[1]).toBe(0.5);
  });
});

test('Shapley weights: orders of k players in which s of the others come first', () => {
  const weights = shapleyWeights(4);
  expect([weights[1 * 4], weights[2 * 4], weights[2 * 4 + 1]]).toStrictEqual([1, 1 / 2, 1 / 2]);
  expect(
    largestDifference(weights.subarray(16, 20), [1 / 4, 1 / 12, 1 / 12, 1 / 4]),
  ).toBeLessThanOrEqual(1e-16);
});
