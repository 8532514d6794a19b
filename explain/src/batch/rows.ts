import { ExplainError } from '../errors.ts';
import { isRowLike, wrongKind } from '../kinds.ts';
import type { FeatureRow } from '../model/tree-model.ts';

/**
 * Many rows: one array each, or all of them in one row-major array of shape [rows × features]. NaN is missing, a categorical
 * value is its code; Float32Array holds what XGBoost compares.
 */
export type BatchRows = readonly FeatureRow[] | Float64Array | Float32Array;

export interface RowSource {
  readonly rows: number;
  /** the row at `index`; a flat source gives the same memory each time */
  readonly at: (index: number) => FeatureRow;
}

/** @throws ExplainError EXPLAIN_ROWS when it is no list, or a flat array no whole number of rows */
export function rowSource(given: BatchRows, features: number): RowSource {
  if (isFlat(given) && isRowLike(given)) return flatSource(given, features);
  if (!Array.isArray(given))
    throw wrongKind('rows', given, 'a list of rows, or all in one Float64Array', 'EXPLAIN_ROWS');
  const list: readonly FeatureRow[] = given;
  return { rows: list.length, at: (index) => list[index] as FeatureRow };
}

function flatSource(flat: Float64Array | Float32Array, features: number): RowSource {
  const rows = features === 0 ? 0 : flat.length / features;
  if (!Number.isInteger(rows))
    throw new ExplainError('EXPLAIN_ROWS', {
      got: `${flat.length} numbers in one array`,
      want: `a multiple of ${features}`,
    });
  const row = new Float64Array(features);
  return {
    rows,
    at: (index) => {
      const start = index * features;
      for (let feature = 0; feature < features; feature++)
        row[feature] = flat[start + feature] ?? NaN;
      return row;
    },
  };
}

function isFlat(given: BatchRows): given is Float64Array | Float32Array {
  return ArrayBuffer.isView(given);
}
