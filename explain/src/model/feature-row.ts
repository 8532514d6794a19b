import { ExplainError } from '../errors.ts';
import { isRowLike, kindOf, wrongKind } from '../kinds.ts';
import type { FeatureRow } from './tree-model.ts';

/** The same for a row that no prediction looks at: each value is a number, or none. @throws ExplainError FEATURE_COUNT, FEATURE_TYPE */
export function assertNumberRow(row: FeatureRow, wanted: number): void {
  assertRow(row, wanted);
  for (let feature = 0; feature < wanted; feature++) {
    const value: unknown = row[feature] ?? NaN;
    if (typeof value !== 'number')
      throw new ExplainError('FEATURE_TYPE', { got: kindOf(value), want: 'a number' });
  }
}

/** @throws ExplainError FEATURE_COUNT for a row of another length, FEATURE_TYPE for what is none */
export function assertRow(row: FeatureRow | null | undefined, wanted: number): void {
  if (row?.length === wanted && typeof row === 'object') return;
  if (!isRowLike(row)) throw wrongKind('row', row, 'an array of numbers', 'FEATURE_TYPE');
  throw new ExplainError('FEATURE_COUNT', { got: `${row.length} values`, want: `${wanted}` });
}
