import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ExplainError, explainErrorCodes, explainerOf, loadModel } from '../src/index.ts';
import { fixturePath, modelsOf, readModel } from './support.ts';

const named = (library: string, extension: string, name: string): string =>
  modelsOf(library, extension).find(([, each]) => each === name)?.[2] ?? name;

/** The smallest fixture of each reader, and of each kind of split. */
const files: readonly string[] = [
  fixturePath('3.4.1', 'stumps.json'),
  fixturePath('3.4.1', 'named-categories.json'),
  fixturePath('3.4.1', 'named-categories.ubj'),
  fixturePath('3.4.1', 'stumps.ubj'),
  named('lightgbm', 'txt', 'named-categories'),
  named('lightgbm', 'txt', 'stump'),
  named('catboost', 'json', 'no-gaps'),
  named('sklearn', 'json', 'tree'),
  named('sklearn', 'json', 'logistic-classes'),
  named('onnx', 'onnx', 'every-mode'),
  named('onnx', 'onnx', 'xgboost'),
  named('onnx', 'onnx', 'logistic'),
];

type Mutation = (bytes: Uint8Array) => Uint8Array;

const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
/** What numbers, names and lengths become: huge, negative, nothing, nonsense. */
const WORDS = [
  '1000000000',
  '-1',
  '1e999',
  'NaN',
  '0',
  '""',
  'null',
  '[',
  '{',
  '\u0000',
  '9'.repeat(400),
];

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const at = (bytes: Uint8Array, share: number): number => Math.floor(share * bytes.length);
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 0, max: 255 })).map(([share, byte]): Mutation => (bytes) => {
    const bent = Uint8Array.from(bytes);
    if (bent.length > 0) bent[at(bytes, share)] = byte;
    return bent;
  }),
  place.map(
    (share): Mutation =>
      (bytes) =>
        bytes.slice(0, at(bytes, share)),
  ),
  fc.tuple(place, place).map(([one, two]): Mutation => (bytes) => {
    const [from, to] = [at(bytes, Math.min(one, two)), at(bytes, Math.max(one, two))];
    return joined(bytes.subarray(0, from), bytes.subarray(to));
  }),
  fc.tuple(place, place, place).map(([one, two, where]): Mutation => (bytes) => {
    const [from, to] = [at(bytes, Math.min(one, two)), at(bytes, Math.max(one, two))];
    const into = at(bytes, where);
    return joined(bytes.subarray(0, into), bytes.subarray(from, to), bytes.subarray(into));
  }),
  fc.tuple(place, fc.constantFrom(...WORDS)).map(([share, word]): Mutation => (bytes) => {
    const start = at(bytes, share);
    let from = start;
    while (from < bytes.length && !isDigit(bytes[from])) from++;
    let to = from;
    while (to < bytes.length && isDigit(bytes[to])) to++;
    return joined(bytes.subarray(0, from), text(word), bytes.subarray(to));
  }),
);

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

const bytesInUse = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

describe.each(files.map((path) => [path.split('/').slice(-2).join('/'), path]))('%s', (_, path) => {
  const whole = readModel(path);

  test('as it is it loads', () => {
    expect(loadModel(whole).featureNames.length).toBeGreaterThan(0);
  });

  test('mutated, it is a model that explains or a coded refusal, in bounded time and memory', () => {
    const before = bytesInUse();
    const started = Date.now();
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        const bent = mutations.reduce((bytes, mutate) => mutate(bytes), whole);
        try {
          const model = loadModel(bent);
          const row = new Float64Array(model.featureNames.length);
          explainerOf(model, { perturbation: 'interventional', background: [row] }).explain(row);
        } catch (error) {
          if (!(error instanceof ExplainError)) throw error;
          expect(Object.keys(explainErrorCodes)).toContain(error.code);
          // Names of the file are quoted in messages, never whole files.
          expect(error.message.length).toBeLessThan(1000);
        }
        expect(bytesInUse() - before).toBeLessThan(1 << 30);
      }),
      { numRuns: 150 },
    );
    expect(Date.now() - started).toBeLessThan(25_000);
  });
});
