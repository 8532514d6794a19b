import { ExplainError } from '../errors.ts';
import { isRowLike, wrongKind } from '../kinds.ts';
import type { FeatureRow } from './tree-model.ts';

/** @throws ExplainError FEATURE_COUNT for a row of another length, FEATURE_TYPE for what is none */
export function assertRow(row: FeatureRow | null | undefined, wanted: number): void {
  if (row?.length === wanted && typeof row === 'object') return;
  if (!isRowLike(row)) throw wrongKind('row', row, 'an array of numbers', 'FEATURE_TYPE');
  throw new ExplainError('FEATURE_COUNT', { got: `${row.length} values`, want: `${wanted}` });
}
