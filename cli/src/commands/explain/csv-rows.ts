import { ExplainError } from '@showcause/explain';
import type { FeatureValue, RowShape } from '@showcause/explain';
import { parse as parseCsv } from 'csv-parse/sync';

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;

export const csvOptions = {
  skip_empty_lines: true,
  trim: true,
  max_record_size: 4_000_000,
} as const;

export function csvRecords(
  model: RowShape,
  text: string,
): Readonly<Record<string, FeatureValue>>[] {
  let cells: string[][];
  try {
    cells = parseCsv(text, csvOptions);
  } catch (cause) {
    throw csvRefusal(cause);
  }
  const [header = [], ...body] = cells;
  checkHeader(header);
  return body.map((line) => csvRecord(model, header, line));
}

export function checkHeader(header: readonly string[]): void {
  if (new Set(header).size !== header.length)
    throw new ExplainError('EXPLAIN_ROWS', {
      got: 'a column named twice',
      want: 'each feature once',
    });
}

/** Empty cells and `null` are missing, unless the model has a category of that name; numbers become numbers; anything else stays text for `rowOf` to judge. */
export function csvRecord(
  model: RowShape,
  header: readonly string[],
  cells: readonly string[],
): Readonly<Record<string, FeatureValue>> {
  return Object.fromEntries(
    header.map((name, column) => [name, cellValue(model, name, cells[column] ?? '')]),
  );
}

function cellValue(model: RowShape, name: string, cell: string): FeatureValue {
  if (cell === '') return null;
  const isLabel = model.categories[model.featureNames.indexOf(name)]?.includes(cell) === true;
  if (isLabel) return cell;
  if (cell === 'null') return null;
  return DECIMAL.test(cell) ? Number(cell) : cell;
}

/** What is wrong with the CSV; any other error stays what it is. */
export function csvRefusal(cause: unknown): unknown {
  const { code, lines } = cause as { code?: string; lines?: number };
  if (code?.startsWith('CSV_') !== true) return cause;
  return new ExplainError('EXPLAIN_ROWS', {
    got: `${code}${lines === undefined ? '' : ` at line ${lines}`}`,
    want: 'CSV with a header',
    cause,
  });
}
