import { checkHeader, ExplainError } from '@showcause/explain';
import { parse as parseCsv } from 'csv-parse/sync';
import { readText } from '../../../files.ts';
import type { RowShape } from '@showcause/explain';
import { csvOptions, csvRefusal } from '../csv-rows.ts';

/**
 * What rows look like for a model of which only the columns are known: numbers, in the order of the CSV's header.
 *
 * @param others  columns that are no features: outcomes, cohorts
 */
export function columnsOf(path: string, others: readonly (string | undefined)[] = []): RowShape {
  const text = readText(path).replace(/^\uFEFF/, '');
  const line = text.slice(0, Math.max(text.search(/\r?\n/), 0));
  const [columns = []] = headerIn(line);
  checkHeader(columns);
  const header = columns.filter((column) => !others.includes(column));
  if (header.length === 0 || !path.toLowerCase().endsWith('.csv'))
    throw new ExplainError('EXPLAIN_ROWS', {
      got: 'rows without column names',
      want: 'CSV with a header beside --predict',
    });
  return {
    featureNames: header,
    featureTypes: header.map(() => 'float'),
    categories: header.map(() => null),
    compares: 'float64',
  };
}

function headerIn(line: string): string[][] {
  try {
    return parseCsv(line, csvOptions);
  } catch (cause) {
    throw csvRefusal(cause);
  }
}
