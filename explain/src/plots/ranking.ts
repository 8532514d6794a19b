import { sum } from 'd3-array';

export interface Ranked {
  /** indexes, the largest magnitude first; ties in the order given */
  readonly shown: readonly number[];
  /** the rest, in the same order */
  readonly others: readonly number[];
}

/** The largest magnitudes; where more than `most` are there, the last place is kept for the sum of the others. */
export function ranked(values: ArrayLike<number>, most: number): Ranked {
  const sizes = Array.from(values, (value) => Math.abs(value));
  const order = sizes.map((_, at) => at).sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0) || a - b);
  const kept = order.length > most ? most - 1 : order.length;
  return { shown: order.slice(0, kept), others: order.slice(kept) };
}

export function othersName({ others }: Ranked): string {
  return others.length === 1 ? '1 other feature' : `${others.length} other features`;
}

export function sumOf(values: ArrayLike<number>, at: readonly number[]): number {
  return sum(at, (index) => values[index] ?? NaN);
}
