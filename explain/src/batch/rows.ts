import { ExplainError } from '../errors.ts';
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

/** @throws ExplainError EXPLAIN_ROWS when a flat array is no whole number of rows */
export function rowSource(given: BatchRows, features: number): RowSource {
  if (isFlat(given)) return flatSource(given, features);
  return { rows: given.length, at: (index) => given[index] ?? [] };
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
