import type { AgnosticExplanation, LimeTabularExplanation, RowShape } from '@showcause/explain';
import { formatOf } from '../format.ts';
import type { FormatOptions } from '../format.ts';
import { csvLine } from '../print-csv.ts';

export interface SampledPrinter {
  /** before all rows */
  readonly title: readonly string[];
  readonly linesOf: (
    found: AgnosticExplanation,
    row: Float64Array,
    index: number,
  ) => readonly string[];
}

export function printerOf(shape: RowShape, options: FormatOptions): SampledPrinter {
  const names = shape.featureNames;
  const format = formatOf(options);
  if (format === 'csv') return { title: [csvLine(TITLE)], linesOf: csvLines(names) };
  return {
    title: [],
    linesOf:
      format === 'text'
        ? (found, row, index) => page(names, found, row, index)
        : (found) => [JSON.stringify(byName(names, found))],
  };
}

const isLime = (found: AgnosticExplanation): found is LimeTabularExplanation =>
  found.method === 'lime';

function valuesOf(found: AgnosticExplanation): readonly Float64Array[] {
  return isLime(found) ? found.coefficients : found.attributions;
}

/** Arrays by feature become objects by name; of several outputs, an array a feature. */
function byName(names: readonly string[], found: AgnosticExplanation): object {
  const named = (values: readonly Float64Array[]): object =>
    Object.fromEntries(names.map((name, i) => [name, perOutput(values.map((of) => of[i] ?? NaN))]));
  const entries = Object.entries(found).map(([key, value]): [string, unknown] => {
    if (['attributions', 'coefficients', 'standardErrors', 'bounds95'].includes(key))
      return [key, named(value as Float64Array[])];
    if (key === 'conditions')
      return [key, Object.fromEntries(names.map((name, i) => [name, (value as unknown[])[i]]))];
    if (key === 'chosen')
      return [key, perOutput((value as number[][]).map((of) => of.map((i) => names[i] ?? '')))];
    return [key, Array.isArray(value) ? perOutput(value) : value];
  });
  return Object.fromEntries(entries);
}

function perOutput<T>(values: readonly T[]): T | readonly T[] {
  return values.length === 1 ? (values[0] as T) : values;
}

const TITLE = [
  'row',
  'output',
  'feature',
  'value',
  'attribution',
  'standardError',
  'score',
  'method',
];

/** A line for each feature and output: attributions, or the coefficients of LIME. */
function csvLines(names: readonly string[]): SampledPrinter['linesOf'] {
  return (found, row, index) =>
    valuesOf(found).flatMap((values, output) =>
      names.map((name, i) =>
        csvLine([
          index + 1,
          output,
          name,
          Number.isNaN(row[i]) ? '' : (row[i] ?? NaN),
          values[i] ?? NaN,
          found.standardErrors[output]?.[i] ?? NaN,
          found.score[output] ?? NaN,
          isLime(found) ? 'lime' : found.kernel,
        ]),
      ),
    );
}

/** A readable page: the weightiest first, each with how far it may be off. */
function page(
  names: readonly string[],
  found: AgnosticExplanation,
  row: Float64Array,
  index: number,
): readonly string[] {
  const values = valuesOf(found);
  const weight = (i: number): number => Math.max(...values.map((of) => Math.abs(of[i] ?? 0)));
  const order = Array.from(names.keys()).sort((a, b) => weight(b) - weight(a) || a - b);
  const width = Math.max('base value'.length, ...names.map(({ length }) => length));
  const line = (name: string, value: string, rest: string): string =>
    `  ${name.padEnd(width)}  ${value.padStart(14)}  ${rest}`;
  const numbers = (of: ArrayLike<number>): string => Array.from(of, signed).join(' ');
  return [
    `row ${index + 1}   score ${numbers(found.score)}   (${found.kernel}, ${found.predictions} predictions)`,
    ...(isLime(found)
      ? [line('local fidelity', '', found.localFidelity.map((r) => r.toFixed(3)).join(' '))]
      : [line('base value', '', numbers(found.baseValue))]),
    ...(isLime(found) && found.stability !== null
      ? [
          line(
            'stability',
            '',
            `VSI ${shares(found.stability.vsi)}  CSI ${shares(found.stability.csi)}`,
          ),
        ]
      : []),
    ...order.map((i) =>
      line(
        names[i] ?? '',
        Number.isNaN(row[i]) ? 'missing' : String(Number((row[i] ?? NaN).toPrecision(9))),
        values
          .map((of, output) =>
            withError(found, of[i] ?? NaN, found.standardErrors[output]?.[i] ?? NaN),
          )
          .join('  '),
      ),
    ),
    '',
  ];
}

function shares(values: readonly number[]): string {
  return values.map((value) => value.toFixed(2)).join(' ');
}

function withError(found: AgnosticExplanation, value: number, error: number): string {
  const isExact = isLime(found) ? error === 0 : found.isExact;
  return isExact ? signed(value) : `${signed(value)} ± ${error.toFixed(6)}`;
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(6)}`;
}
