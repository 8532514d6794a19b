import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadModel, requireTrees } from '../src/index.ts';
import type { Explanation, LoadOptions, TreeModel } from '../src/index.ts';

/** What a library said of fixed rows; null stands for a missing value. */
export interface Golden {
  readonly generator: { readonly xgboost: string; readonly shap: string | null };
  readonly columns: readonly string[];
  readonly labels?: readonly string[];
  readonly rows: readonly (readonly (number | null)[])[];
  readonly margins: readonly (number | readonly number[])[];
  readonly predictions: readonly (number | readonly number[])[];
  readonly contribs?: readonly (readonly number[] | readonly (readonly number[])[])[];
  readonly shapPathDependent?: readonly (readonly number[] | readonly (readonly number[])[])[];
  readonly background?: readonly (readonly (number | null)[])[];
  readonly shapLinear?: readonly (readonly (readonly number[])[])[];
  readonly shapInterventional?: readonly (readonly number[])[];
}

export const versions = ['1.7.6', '3.2.0', '3.4.1'] as const;
export const commonNames = [
  'numeric',
  'dart',
  'partition',
  'onehot',
  'multiclass',
  'classes',
  'regression',
  'poisson',
  'pruned',
  'stumps',
  'deep',
] as const;
export const newNames = [
  'only-0',
  'only-1',
  'two-targets',
  'named-categories',
  'accented-categories',
] as const;

/** `loadModel` of what must be trees. */
export function loadTrees(bytes: Uint8Array, options: LoadOptions = {}): TreeModel {
  return requireTrees(loadModel(bytes, options));
}

/** Every golden model: [version, name]. */
export const goldenModels: readonly (readonly [version: string, name: string])[] = [
  ...versions.flatMap((version) => commonNames.map((name) => [version, name] as const)),
  ...versions
    .filter((version) => version !== '1.7.6')
    .flatMap((version) => newNames.map((name) => [version, name] as const)),
];

export function fixturePath(version: string, file: string): string {
  return fileURLToPath(new URL(`./fixtures/xgboost-${version}/${file}`, import.meta.url));
}

export function fixtureBytes(version: string, file: string): Uint8Array {
  return new Uint8Array(readFileSync(fixturePath(version, file)));
}

export function golden(version: string, name: string): Golden {
  return JSON.parse(readFileSync(fixturePath(version, `${name}.golden.json`), 'utf8')) as Golden;
}

export function rowsOf(rows: readonly (readonly (number | null)[])[]): Float64Array[] {
  return rows.map((row) => Float64Array.from(row, (value) => value ?? NaN));
}

export function asList(values: number | readonly number[]): readonly number[] {
  return typeof values === 'number' ? [values] : values;
}

/** Rows by output of a golden array: shap puts the output last, XGBoost in the middle. */
export function byOutput(
  model: Pick<TreeModel, 'outputs'>,
  values: readonly number[] | readonly (readonly number[])[],
): number[][] {
  if (model.outputs === 1) return [Array.from(values as readonly number[])];
  const rows = values as readonly (readonly number[])[];
  if (rows.length === model.outputs) return rows.map((row) => Array.from(row));
  return Array.from({ length: model.outputs }, (_, output) =>
    rows.map((row) => row[output] ?? NaN),
  );
}

/** Largest difference; NaN or a difference of length makes it Infinity, so that a comparison cannot pass by accident. */
export function largestDifference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Infinity;
  let largest = 0;
  for (let index = 0; index < got.length; index++) {
    const difference = Math.abs((got[index] ?? NaN) - (want[index] ?? NaN));
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}

export function attributionDifference(
  got: Pick<Explanation, 'attributions'>,
  want: Pick<Explanation, 'attributions'>,
): number {
  if (got.attributions.length !== want.attributions.length) return Infinity;
  return Math.max(
    ...got.attributions.map((values, output) =>
      largestDifference(values, want.attributions[output] ?? []),
    ),
  );
}

const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));

/** Every golden model of a library: [folder, name, path of the model]. */
export function modelsOf(
  library: string,
  extension: string,
): [folder: string, name: string, path: string][] {
  return readdirSync(fixtures)
    .filter((folder) => folder.startsWith(`${library}-`))
    .flatMap((folder) =>
      readdirSync(`${fixtures}${folder}`)
        .filter((file) => file.endsWith('.golden.json'))
        .map((file): [string, string, string] => {
          const name = file.slice(0, -'.golden.json'.length);
          return [folder, name, `${fixtures}${folder}/${name}.${extension}`];
        }),
    );
}

export function readModel(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}

export function readGolden(path: string): Golden {
  return JSON.parse(readFileSync(path.replace(/\.[a-z]+$/, '.golden.json'), 'utf8')) as Golden;
}
