import { ExplainError, rowOf } from '@showcause/explain';
import type { FeatureValue, RowShape } from '@showcause/explain';
import { inRow } from './in-row.ts';
import { asRecord, readRecords } from './rows.ts';

/** Rows of a file, and what stands beside their features. */
export interface RowTable {
  readonly rows: readonly Float64Array[];
  /** values by row of each column that was asked for */
  readonly columns: Readonly<Record<string, readonly FeatureValue[]>>;
}

/**
 * The rows of a file with more columns than the model has features: those in `columns`, and no others.
 *
 * @throws ExplainError EXPLAIN_ROWS when a row is a list or lacks a column, and as `readRows`
 */
export function readTable(model: RowShape, path: string, columns: readonly string[]): RowTable {
  const values = Object.fromEntries(columns.map((column) => [column, [] as FeatureValue[]]));
  const rows = readRecords(model, path).map((given, index) =>
    inRow(index, () => {
      const record = asRecord(given);
      if (columns.length === 0) return rowOf(model, record);
      if (Array.isArray(record))
        throw new ExplainError('EXPLAIN_ROWS', { got: 'a list', want: 'values by name of column' });
      const named = new Map(Object.entries(record));
      for (const column of columns) values[column]?.push(cellOf(named, column));
      return rowOf(
        model,
        Object.fromEntries(
          [...named].filter(
            ([name]) => !columns.includes(name) || model.featureNames.includes(name),
          ),
        ),
      );
    }),
  );
  return { rows, columns: values };
}

function cellOf(record: ReadonlyMap<string, FeatureValue>, column: string): FeatureValue {
  const value = record.get(column);
  if (value === undefined)
    throw new ExplainError('EXPLAIN_ROWS', {
      got: 'a row without it',
      want: `column ${JSON.stringify(column.slice(0, 80))}`,
    });
  return value;
}

/** Known outcomes as numbers; true is 1. @throws ExplainError GLOBAL_TARGET */
export function outcomesOf(values: readonly FeatureValue[]): Float64Array {
  return Float64Array.from(values, (value, index) => {
    if (typeof value === 'boolean') return Number(value);
    if (value === 'true' || value === 'false') return Number(value === 'true');
    if (typeof value === 'number') return value;
    throw new ExplainError('GLOBAL_TARGET', {
      got: `${value === null ? 'no value' : `a ${typeof value}`} in row ${index + 1}`,
      want: 'a number, true or false',
    });
  });
}

/** Names of cohorts; a row without a value is in none. */
export function labelsOf(values: readonly FeatureValue[]): (string | null)[] {
  return values.map((value) => (value === null ? null : String(value)));
}
