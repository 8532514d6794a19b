import { distinct, sortedPresent } from './features.ts';

/** One cell that values are counted in; the cells of a feature share no value and leave none out. */
export type Cell =
  | { readonly kind: 'value'; readonly value: number }
  /** above `above`, at most `upTo`; null: without end */
  | { readonly kind: 'range'; readonly above: number | null; readonly upTo: number | null }
  | { readonly kind: 'other' }
  | { readonly kind: 'missing' };

/**
 * Cells made from reference values alone: each value its own cell where there are at most `bins` of them (or they are
 * categories), else ranges between the reference's quantiles (numpy's `linear`; equal ones once). Values that the
 * reference does not have count as `other`; missing ones have a cell of their own.
 */
export function cellsOf(reference: Float64Array, bins: number, isCategorical: boolean): Cell[] {
  const sorted = sortedPresent(reference);
  const values = distinct(sorted);
  if (isCategorical || values.length <= bins)
    return [
      ...Array.from(values, (value): Cell => ({ kind: 'value', value })),
      { kind: 'other' },
      { kind: 'missing' },
    ];
  const edges = distinct(
    Float64Array.from({ length: bins - 1 }, (_, i) => quantile(sorted, (i + 1) / bins)),
  );
  const ranges = Array.from({ length: edges.length + 1 }, (_, i): Cell => {
    const above = i === 0 ? null : (edges[i - 1] as number);
    const upTo = i === edges.length ? null : (edges[i] as number);
    return { kind: 'range', above, upTo };
  });
  return [...ranges, { kind: 'missing' }];
}

/** Of ascending values, as numpy's `quantile` by default. */
export function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] as number;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number;
  return low + (high - low) * (place - below);
}

/** How many values fall in each cell. */
export function countsIn(cells: readonly Cell[], column: Float64Array): Float64Array {
  const counts = new Float64Array(cells.length);
  const missing = cells.length - 1;
  const exact = new Map<number, number>();
  const edges: number[] = [];
  cells.forEach((cell, index) => {
    if (cell.kind === 'value') exact.set(cell.value, index);
    if (cell.kind === 'range' && cell.upTo !== null) edges.push(cell.upTo);
  });
  const hasRanges = cells[0]?.kind === 'range';
  for (const value of column) {
    const inCell = hasRanges ? rangeAt(edges, value) : (exact.get(value) ?? missing - 1);
    const index = Number.isNaN(value) ? missing : inCell;
    counts[index] = (counts[index] as number) + 1;
  }
  return counts;
}

/** The first range that ends at or above the value. */
function rangeAt(edges: readonly number[], value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edges[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
