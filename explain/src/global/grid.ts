import { ExplainError } from '../errors.ts';
import { wholeOption } from '../agnostic/options.ts';
import { distinct, sortedPresent } from './features.ts';

export interface GridOptions {
  /** points of the grid, 2 to 1,000; 100 by default, as scikit-learn. A feature of fewer values, or of categories, is asked at each */
  readonly resolution?: number;
  /** where the grid begins and ends, of the values that are there; [0.05, 0.95] by default */
  readonly percentiles?: readonly [from: number, to: number];
}

/**
 * Values to ask a model at, ascending: those of scikit-learn's `partial_dependence`, with missing values left out. A
 * constant feature has a grid of its one value. Where scikit-learn gives up since the percentiles are one value, the
 * grid goes through the values that are there.
 *
 * @param column  finite numbers and NaN, at least one number
 * @throws ExplainError EXPLAIN_OPTION
 */
export function gridOf(
  column: Float64Array,
  isCategorical: boolean,
  { resolution = 100, percentiles = [0.05, 0.95] }: GridOptions,
): Float64Array {
  wholeOption('resolution', resolution, 2, 1000);
  const [from, to] = percentiles;
  if (!(from >= 0 && from < to && to <= 1))
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `percentiles ${from} and ${to}`.slice(0, 60),
      want: 'two shares from 0 to 1, the lower first',
    });
  const sorted = sortedPresent(column);
  const values = distinct(sorted);
  if (isCategorical || values.length < resolution) return values;
  const [low, high] = [plottingQuantile(sorted, from), plottingQuantile(sorted, to)];
  const step = (high - low) / (resolution - 1);
  const even = Float64Array.from({ length: resolution }, (_, i) =>
    i === resolution - 1 ? high : i * step + low,
  );
  const isAscending = even.every((value, i) => i === 0 || value > (even[i - 1] as number));
  return isAscending ? even : spreadOver(values, resolution);
}

/** Places evenly among the values: where nearly all rows have one value there is no even step between quantiles. */
function spreadOver(values: Float64Array, resolution: number): Float64Array {
  return Float64Array.from(
    { length: resolution },
    (_, i) => values[Math.round((i * (values.length - 1)) / (resolution - 1))] as number,
  );
}

/** scipy's `mquantiles` by default: alphap = betap = 0.4. */
function plottingQuantile(sorted: Float64Array, share: number): number {
  const n = sorted.length;
  const place = n * share + 0.4 + share * (1 - 0.4 - 0.4);
  const whole = Math.floor(Math.min(Math.max(place, 1), n - 1));
  const part = Math.min(Math.max(place - whole, 0), 1);
  const low = sorted[whole - 1] as number;
  const high = sorted[whole] as number;
  return (1 - part) * low + part * high;
}
