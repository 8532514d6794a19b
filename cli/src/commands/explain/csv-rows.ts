import { checkHeader, csvRecord, ExplainError } from '@showcause/explain';
import type { FeatureValue, RowShape } from '@showcause/explain';
import { parse as parseCsv } from 'csv-parse/sync';

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

/** What is wrong with the CSV; any other error stays what it is. */
export function csvRefusal(cause: unknown): unknown {
  const { code, lines } = cause as { code?: string; lines?: number };
  // Not all of the parser's codes begin alike; its errors alone say a line.
  if (code === undefined || (!code.startsWith('CSV_') && lines === undefined)) return cause;
  return new ExplainError('EXPLAIN_ROWS', {
    got: `${code}${lines === undefined ? '' : ` at line ${lines}`}`,
    want: 'CSV with a header',
    cause,
  });
}
