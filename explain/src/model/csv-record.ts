import { ExplainError } from '../errors.ts';
import type { FeatureValue, RowShape } from './row.ts';

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;

/** The names of a CSV's columns. @throws ExplainError EXPLAIN_ROWS when one is there twice */
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
