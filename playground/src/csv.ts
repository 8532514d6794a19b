import { csvRecord, checkHeader, ExplainError, rowOf } from '@showcause/explain';
import type { FeatureRecord, FeatureValue, Model } from '@showcause/explain';
import { parse } from 'csv-parse/browser/esm/sync';

/** Rows of one page at most. */
const MOST_ROWS = 20_000;

/**
 * Rows of a file: CSV with a header, a JSON document (rows in an array, or in the member `rows`) or one JSON value a line.
 *
 * @throws ExplainError EXPLAIN_ROWS, FEATURE_*, with the number of the row
 */
export function rowsOf(model: Model, text: string): Float64Array[] {
  const clean = text.replace(/^\uFEFF/, '');
  const records = /^\s*[[{]/.test(clean) ? jsonRecords(clean) : csvRecords(model, clean);
  if (records.length === 0 || records.length > MOST_ROWS)
    throw new ExplainError('EXPLAIN_ROWS', {
      got: `${records.length} rows`,
      want: `1 to ${MOST_ROWS}`,
    });
  return records.map((record, at) => {
    try {
      return rowOf(model, record as FeatureRecord | FeatureValue[]);
    } catch (error) {
      throw error instanceof ExplainError ? error.inRow(at) : error;
    }
  });
}

function csvRecords(model: Model, text: string): unknown[] {
  let cells: string[][];
  try {
    cells = parse(text, { skip_empty_lines: true, trim: true, max_record_size: 4_000_000 });
  } catch (cause) {
    throw new ExplainError('EXPLAIN_ROWS', { got: 'no CSV', want: 'CSV with a header', cause });
  }
  const [header = [], ...body] = cells;
  checkHeader(header);
  return body.map((line) => csvRecord(model, header, line));
}

function jsonRecords(text: string): unknown[] {
  try {
    return listed(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof ExplainError) throw cause;
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line, at) => jsonLine(line, at));
  }
}

function listed(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  const rows = (value as { rows?: unknown }).rows;
  return Array.isArray(rows) ? (rows as unknown[]) : [value];
}

function jsonLine(line: string, at: number): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (cause) {
    throw new ExplainError('EXPLAIN_ROWS', {
      got: `line ${at + 1}`,
      want: 'one JSON value',
      cause,
    });
  }
}
