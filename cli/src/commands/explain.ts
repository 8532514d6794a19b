import { extname } from 'node:path';
import { isJsonObject, parseJson } from '@showcause/core';
import type { Json } from '@showcause/core';
import { ExplainError, loadModel, rowOf, explainerOf } from '@showcause/explain';
import type { Explanation, FeatureValue, Model } from '@showcause/explain';
import { Command, Option } from 'commander';
import { parse as parseCsv } from 'csv-parse/sync';
import { readInput, readText } from '../files.ts';
import { readers } from '../io.ts';
import type { Io } from '../io.ts';

const PERTURBATIONS = {
  'path-dependent': 'tree-path-dependent',
  interventional: 'interventional',
  'correlation-dependent': 'correlation-dependent',
} as const;
const METHODS = Object.keys(PERTURBATIONS) as readonly (keyof typeof PERTURBATIONS)[];

interface Options {
  readonly model: string;
  readonly rows: string;
  readonly background?: string;
  readonly method?: (typeof METHODS)[number];
  readonly json?: true;
}

/** `showcause explain`: exact attributions of each row under a saved model. */
export function explainCommand(io: Io): Command {
  return new Command('explain')
    .helpGroup(readers.engineer)
    .summary('exact SHAP attributions of rows under a saved model')
    .description(
      'Explains each row under a model of XGBoost, LightGBM, CatBoost, ONNX or spec/model.md: base value plus attributions is the score, ' +
        'checked on every row. Unit: the margin, log-odds for logistic models.',
    )
    .requiredOption('--model <file>', 'model file')
    .requiredOption('--rows <file>', 'CSV with a header, JSON or NDJSON; null or empty is missing')
    .option('--background <file>', 'reference rows, in the same formats')
    .addOption(
      new Option('--method <method>', 'which expectation attributions divide')
        .choices(METHODS)
        .default(undefined, 'interventional with --background, else path-dependent'),
    )
    .option('--json', 'one JSON object a row')
    .addHelpText(
      'after',
      `
Rows are objects by feature name, or arrays in the order of the model.

Examples:
  showcause explain --model credit.ubj --rows applicants.csv
  showcause explain --model credit.ubj --rows rows.ndjson \\
    --background background.json --method interventional --json`,
    )
    .action((options: Options, command: Command) => explainRows(io, options, command));
}

function explainRows(io: Io, options: Options, command: Command): void {
  const method =
    options.method ?? (options.background === undefined ? 'path-dependent' : 'interventional');
  if (method !== 'path-dependent' && options.background === undefined)
    command.error(`error: --method ${method} needs --background FILE`);
  if (method === 'path-dependent' && options.background !== undefined)
    io.err(
      'note: path-dependent attributions use the covers of the trees; --background is not used',
    );
  const model = loadModel(readInput(options.model));
  const rows = readRows(model, options.rows);
  const explainer = explainerOf(model, {
    perturbation: PERTURBATIONS[method],
    background: options.background === undefined ? [] : readRows(model, options.background),
  });
  rows.forEach((row, index) => {
    if (io.signal.aborted) return;
    const explanation = inRow(index, () => explainer.explain(row));
    const lines = options.json
      ? [jsonLine(model, explanation)]
      : table(model, row, explanation, index);
    for (const line of lines) io.out(line);
  });
}

/** All rows of a file, checked against the model; errors say which row, counted from 1. */
export function readRows(model: Model, path: string): Float64Array[] {
  const text = readText(path).replace(/^\uFEFF/, '');
  const records = isJsonText(path, text) ? jsonRecords(model, text) : csvRecords(model, text);
  if (records.length === 0)
    throw new ExplainError('EXPLAIN_ROWS', { got: 'no rows', want: 'at least one' });
  return records.map((record, index) => inRow(index, () => rowOf(model, asRecord(record))));
}

function isJsonText(path: string, text: string): boolean {
  const extension = extname(path).toLowerCase();
  if (extension === '.csv') return false;
  return ['.json', '.ndjson', '.jsonl'].includes(extension) || /^\s*[[{]/.test(text);
}

type RowRecord = Readonly<Record<string, Json>> | readonly Json[];

/** A whole document (rows in an array, or in the member `rows`), or one document a line. */
function jsonRecords(model: Model, text: string): RowRecord[] {
  const whole = wholeDocument(text);
  if (whole !== null) {
    const wrapped =
      isJsonObject(whole) && !model.featureNames.includes('rows') ? whole['rows'] : undefined;
    if (isJsonObject(whole) && wrapped !== undefined) {
      checkOrder(model, whole['features']);
      return listOfRows(wrapped);
    }
    if (
      Array.isArray(whole) &&
      (whole.length === 0 || (whole as readonly Json[]).some(isContainer))
    )
      return listOfRows(whole as readonly Json[]);
    return listOfRows([whole]);
  }
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => listOfRows([inRow(index, () => parseJson(line))])[0] ?? []);
}

/** Null when the text holds several documents. */
function wholeDocument(text: string): Json | null {
  const firstLine = text.trimStart().split('\n', 1)[0] ?? '';
  try {
    parseJson(firstLine);
    if (text.trim() !== firstLine.trim()) return null;
  } catch {
    // The first line is no document by itself: the text must be one.
  }
  return parseJson(text);
}

function isContainer(value: Json): boolean {
  return typeof value === 'object' && value !== null;
}

function listOfRows(value: Json): RowRecord[] {
  if (!Array.isArray(value))
    throw new ExplainError('EXPLAIN_ROWS', { got: 'no array', want: 'an array of rows' });
  return (value as readonly Json[]).map((row, index) => {
    if (!isContainer(row))
      throw new ExplainError('EXPLAIN_ROWS', {
        got: `a value that is no row at row ${index + 1}`,
        want: 'an object or an array',
      });
    return row as RowRecord;
  });
}

function checkOrder(model: Model, features: Json | undefined): void {
  if (features === undefined) return;
  if (JSON.stringify(features) !== JSON.stringify(model.featureNames))
    throw new ExplainError('EXPLAIN_ROWS', {
      got: 'other features beside the rows',
      want: 'those of the model, in order',
    });
}

function asRecord(
  record: RowRecord,
): Readonly<Record<string, FeatureValue>> | readonly FeatureValue[] {
  for (const value of Object.values(record))
    if (isContainer(value))
      throw new ExplainError('FEATURE_TYPE', {
        got: 'an object or array',
        want: 'a number or null',
      });
  return record as Readonly<Record<string, FeatureValue>> | readonly FeatureValue[];
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;

/** Empty cells and `null` are missing, unless the model has a category of that name; numbers become numbers; anything else stays text for `rowOf` to judge. */
function csvRecords(model: Model, text: string): RowRecord[] {
  let cells: string[][];
  try {
    cells = parseCsv(text, { skip_empty_lines: true, trim: true, max_record_size: 4_000_000 });
  } catch (cause) {
    throw new ExplainError('EXPLAIN_ROWS', {
      got: csvComplaint(cause),
      want: 'CSV with a header',
      cause,
    });
  }
  const [header = [], ...body] = cells;
  if (new Set(header).size !== header.length)
    throw new ExplainError('EXPLAIN_ROWS', {
      got: 'a column named twice',
      want: 'each feature once',
    });
  return body.map((line) =>
    Object.fromEntries(
      header.map((name, column) => [name, cellValue(model, name, line[column] ?? '')]),
    ),
  );
}

function cellValue(model: Model, name: string, cell: string): FeatureValue {
  if (cell === '') return null;
  const isLabel = model.categories[model.featureNames.indexOf(name)]?.includes(cell) === true;
  if (isLabel) return cell;
  if (cell === 'null') return null;
  return DECIMAL.test(cell) ? Number(cell) : cell;
}

function csvComplaint(cause: unknown): string {
  const { code, lines } = cause as { code?: string; lines?: number };
  return `${code ?? 'no CSV'}${lines === undefined ? '' : ` at line ${lines}`}`;
}

/** Runs something about one row; a refusal says which row. */
function inRow<T>(index: number, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof ExplainError) {
      const { got, want } = cause;
      throw new ExplainError(cause.code, {
        got: `${got} in row ${index + 1}`,
        cause,
        ...(want === undefined ? {} : { want }),
      });
    }
    if (cause instanceof Error && 'code' in cause)
      throw new ExplainError('EXPLAIN_ROWS', {
        got: `${String(cause.code)} in row ${index + 1}`,
        want: 'one JSON value',
        cause,
      });
    throw cause;
  }
}

/** A number for a model of one output, an array by class otherwise. */
function perOutput(model: Model, values: ArrayLike<number>): number | number[] {
  return model.outputs === 1 ? (values[0] ?? NaN) : Array.from(values);
}

function jsonLine(model: Model, explanation: Explanation): string {
  const {
    margin,
    score,
    probability,
    baseValue,
    attributions,
    additivityError,
    method,
    kernel,
    version,
  } = explanation;
  const byName = model.featureNames.map((name, feature) => [
    name,
    perOutput(
      model,
      attributions.map((values) => values[feature] ?? NaN),
    ),
  ]);
  return JSON.stringify({
    margin: perOutput(model, margin),
    score: perOutput(model, score),
    probability: probability === null ? null : perOutput(model, probability),
    baseValue: perOutput(model, baseValue),
    attributions: Object.fromEntries(byName) as Record<string, number | number[]>,
    additivityError,
    method,
    kernel,
    version,
  });
}

/** A readable page of one row: the weightiest attribution first. */
function table(model: Model, row: Float64Array, explanation: Explanation, index: number): string[] {
  const { score, probability, baseValue, attributions } = explanation;
  const numbers = (values: ArrayLike<number>): string =>
    Array.from(values, (value) => signed(value)).join(' ');
  const weight = (feature: number): number =>
    Math.max(...attributions.map((values) => Math.abs(values[feature] ?? 0)));
  const order = Array.from(model.featureNames.keys()).sort((a, b) => weight(b) - weight(a));
  const width = Math.max('base value'.length, ...model.featureNames.map(({ length }) => length));
  const said =
    probability === null ? '' : `   probability ${probability.map((p) => p.toFixed(4)).join(' ')}`;
  const line = (name: string, value: string, rest: string): string =>
    `  ${name.padEnd(width)}  ${value.padStart(14)}  ${rest}`;
  return [
    `row ${index + 1}   score ${numbers(score)}${said}   (${explanation.method}, ${explanation.kernel})`,
    line('base value', '', numbers(baseValue)),
    ...order.map((feature) =>
      line(
        model.featureNames[feature] ?? '',
        shown(model, feature, row[feature] ?? NaN),
        numbers(attributions.map((values) => values[feature] ?? NaN)),
      ),
    ),
    '',
  ];
}

function shown(model: Model, feature: number, value: number): string {
  if (Number.isNaN(value)) return 'missing';
  return (model.categories[feature]?.[value] ?? String(Number(value.toPrecision(9)))).slice(0, 14);
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(6)}`;
}
