import type { PartialDependence } from './partial-dependence.ts';

/** A partial dependence curve without its rows. */
export interface CurveSummary {
  readonly feature: string;
  readonly categories: readonly string[] | null;
  readonly grid: readonly number[];
  readonly average: readonly number[];
  /** highest less lowest average */
  readonly range: number;
  /** of numbers along the grid; null for categories */
  readonly shape: 'flat' | 'rising' | 'falling' | 'both ways' | null;
}

/** Steps below this share of the range are rounding. */
const NOISE = 1e-9;

export function curveSummary({
  feature,
  categories,
  grid,
  average,
}: PartialDependence): CurveSummary {
  const values = Array.from(average);
  const range = Math.max(...values) - Math.min(...values);
  return {
    feature,
    categories,
    grid: Array.from(grid),
    average: values,
    range,
    shape: categories === null ? shapeOf(values, range) : null,
  };
}

function shapeOf(values: readonly number[], range: number): CurveSummary['shape'] {
  const steps = values.slice(1).map((value, i) => value - (values[i] as number));
  const rises = steps.some((step) => step > NOISE * range);
  const falls = steps.some((step) => step < -NOISE * range);
  if (rises && falls) return 'both ways';
  if (rises) return 'rising';
  return falls ? 'falling' : 'flat';
}
