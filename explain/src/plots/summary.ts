import { max, mean, min } from 'd3-array';

export const summaryColumns = [
  'feature',
  'mean size',
  'mean',
  'smallest',
  'largest',
  'higher values',
  'missing',
] as const;

/** The row of a feature in the table of many rows: how large, and which way its values push. */
export function summaryRow(
  name: string,
  attributions: Float64Array,
  values: Float64Array,
): (string | number)[] {
  return [
    name,
    mean(attributions, Math.abs) ?? NaN,
    mean(attributions) ?? NaN,
    min(attributions) ?? NaN,
    max(attributions) ?? NaN,
    tendency(values, attributions),
    values.filter(Number.isNaN).length,
  ];
}

/** A correlation this far from 0 is said in words. */
const CLEAR = 0.3;

/** Whether higher values raise or lower the score, by the correlation of value and attribution. */
export function tendency(values: Float64Array, attributions: Float64Array): string {
  const r = correlation(values, attributions);
  if (r >= CLEAR) return 'raise it';
  return r <= -CLEAR ? 'lower it' : 'no clear way';
}

/** Pearson's r over the rows without a missing value; 0 where either does not vary. */
export function correlation(x: Float64Array, y: Float64Array): number {
  const known = Array.from(x, (_, at) => at).filter((at) => !Number.isNaN(x[at]));
  const meanX = mean(known, (at) => x[at]) ?? 0;
  const meanY = mean(known, (at) => y[at]) ?? 0;
  let [xy, xx, yy] = [0, 0, 0];
  for (const at of known) {
    const dx = (x[at] ?? 0) - meanX;
    const dy = (y[at] ?? 0) - meanY;
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : 0;
}
