import { ExplainError } from '@showcause/explain';
import type { FeatureValue, Model } from '@showcause/explain';
import { parse as parseCsv } from 'csv-parse/sync';

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;

/** Empty cells and `null` are missing, unless the model has a category of that name; numbers become numbers; anything else stays text for `rowOf` to judge. */
export function csvRecords(model: Model, text: string): Readonly<Record<string, FeatureValue>>[] {
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
