import { wholeOption } from '../agnostic/options.ts';
import type { PredictSource } from '../agnostic/predict-of.ts';
import type { Predict } from '../agnostic/predict.ts';
import { ExplainError } from '../errors.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { askPasses, flatRows } from './asking.ts';
import type { AskOptions } from './asking.ts';
import {
  checkRows,
  columnOf,
  distinct,
  featureAt,
  isCategorical,
  presentColumnOf,
  sortedPresent,
} from './features.ts';
import type { FeatureFacts } from './features.ts';
import { checkOutput, labelsOf } from './partial-dependence.ts';

export interface AccumulatedOptions extends AskOptions {
  /** intervals of like many rows, 1 to 1,000; 20 by default. Categories are steps of their own */
  readonly intervals?: number;
  /** 0 by default */
  readonly output?: number;
  /** codes of a categorical feature in the order to go through them; ascending by default */
  readonly order?: readonly number[];
}

export interface AccumulatedEffects {
  readonly feature: string;
  /** names of the categories at the edges; null for numbers */
  readonly categories: readonly string[] | null;
  /** edges of the intervals, ascending; codes in their order for categories */
  readonly edges: Float64Array;
  /** accumulated effect at each edge, centred so that its mean over the rows is 0 */
  readonly effect: Float64Array;
  /** rows in the interval that ends at the edge, 0 at the first; rows of the category */
  readonly counts: Float64Array;
  /** rows whose value is missing or infinite, or that the order does not name; they count for nothing */
  readonly leftOut: number;
  readonly predictions: number;
}

/**
 * First-order accumulated local effects (Apley and Zhu 2020) of one feature: the mean change of the answer across each
 * interval, over the rows in it alone, summed. Intervals and centring as PyALE's; for categories, neighbours in `order`
 * are the ends of a step, asked of the rows of both. A constant feature has one edge and effect 0.
 *
 * @throws ExplainError GLOBAL_ROWS, FEATURE_COUNT, FEATURE_UNKNOWN, EXPLAIN_OPTION, EXPLAIN_OUTPUT, PREDICT_*
 */
export async function accumulatedEffects(
  source: Predict | PredictSource,
  facts: FeatureFacts,
  rows: readonly FeatureRow[],
  feature: string | number,
  options: AccumulatedOptions = {},
): Promise<AccumulatedEffects> {
  checkRows(rows, facts.featureNames.length);
  const index = featureAt(facts, feature);
  const isOrdered = isCategorical(facts, index);
  const column = isOrdered ? columnOf(rows, index) : presentColumnOf(facts, rows, index);
  const edges = isOrdered
    ? orderOf(column, options.order)
    : edgesOf(column, wholeOption('intervals', options.intervals ?? 20, 1, 1000));
  const at = placesOf(column, edges, isOrdered);
  const steps = isOrdered ? categorySteps(at, edges) : intervalSteps(at);
  const width = facts.featureNames.length;
  const differences = new Float64Array(steps.length);
  const output = options.output ?? 0;
  const ends = steps.flatMap(({ row, to }) =>
    [to - 1, to].map((edge) => {
      const copy = Float64Array.from(rows[row] as FeatureRow);
      copy[index] = edges[edge] as number;
      return copy;
    }),
  );
  const predictions = await askPasses(
    source,
    {
      rows: flatRows(ends, width),
      width,
      passes: Math.min(steps.length, 1),
      change: () => undefined,
      done: ({ outputs, values }) => {
        checkOutput(output, outputs);
        for (let i = 0; i < steps.length; i++)
          differences[i] =
            (values[(2 * i + 1) * outputs + output] as number) -
            (values[2 * i * outputs + output] as number);
      },
    },
    options,
  );
  const counts = new Float64Array(edges.length);
  for (const place of at) if (place >= 0) counts[place] = (counts[place] as number) + 1;
  const effect = accumulated(steps, differences, edges.length);
  centre(effect, counts, isOrdered);
  return {
    feature: facts.featureNames[index] as string,
    categories: labelsOf(facts, index, edges),
    edges,
    effect,
    counts,
    leftOut: at.filter((place) => place < 0).length,
    predictions,
  };
}

/** A row that is asked at the edges `to` - 1 and `to`. */
interface Step {
  readonly row: number;
  readonly to: number;
}

/**
 * Least value and quantiles, each once: PyALE's, which takes those of the inverse empirical distribution with n − 1 in
 * the place of n.
 */
function edgesOf(column: Float64Array, intervals: number): Float64Array {
  const sorted = sortedPresent(column);
  const n = sorted.length - 1;
  const step = 1 / intervals;
  const inner = Array.from({ length: intervals - 1 }, (_, i) => {
    const place = n * ((i + 1) * step);
    const whole = Math.trunc(place);
    return sorted[place === whole ? Math.max(whole - 1, 0) : whole] as number;
  });
  return distinct(Float64Array.of(sorted[0] as number, ...inner, sorted[n] as number).sort());
}

function orderOf(column: Float64Array, given: readonly number[] | undefined): Float64Array {
  const order = given === undefined ? distinct(sortedPresent(column)) : Float64Array.from(given);
  if (order.length === 0 || new Set(order).size !== order.length || order.some(Number.isNaN))
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `an order of ${order.length} categories`,
      want: 'each category once, at least one',
    });
  return order;
}

/** The edge that ends the interval of each value, the first interval's for the least; of categories their own; −1: none. */
function placesOf(column: Float64Array, edges: Float64Array, isOrdered: boolean): Int32Array {
  const last = edges.length - 1;
  return Int32Array.from(column, (value) => {
    if (Number.isNaN(value)) return -1;
    if (isOrdered) return edges.indexOf(value);
    let low = Math.min(1, last);
    let high = last;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((edges[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

function intervalSteps(at: Int32Array): Step[] {
  return Array.from(at, (to, row) => ({ row, to })).filter(({ to }) => to > 0);
}

/** Rows of a category are asked across the step before it and the step behind it. */
function categorySteps(at: Int32Array, edges: Float64Array): Step[] {
  return Array.from(at, (place, row) =>
    [place, place + 1]
      .filter((to) => place >= 0 && to > 0 && to < edges.length)
      .map((to) => ({ row, to })),
  ).flat();
}

/** Mean difference of each step, summed along; a step that no row takes adds nothing. */
function accumulated(
  steps: readonly Step[],
  differences: Float64Array,
  edges: number,
): Float64Array {
  const sums = new Float64Array(edges);
  const counts = new Float64Array(edges);
  steps.forEach(({ to }, i) => {
    sums[to] = (sums[to] as number) + (differences[i] as number);
    counts[to] = (counts[to] as number) + 1;
  });
  let total = 0;
  return sums.map((sum, edge) => (total += sum === 0 ? 0 : sum / (counts[edge] as number)));
}

/** Numbers lie between two edges, so the mean of both is taken for them; categories on their own. */
function centre(effect: Float64Array, counts: Float64Array, isOrdered: boolean): void {
  let [sum, rows] = [0, 0];
  counts.forEach((count, edge) => {
    const here = effect[edge] as number;
    const before = isOrdered || edge === 0 ? here : (effect[edge - 1] as number);
    sum += ((here + before) / 2) * count;
    rows += count;
  });
  const mean = rows === 0 ? 0 : sum / rows;
  for (let edge = 0; edge < effect.length; edge++) effect[edge] = (effect[edge] as number) - mean;
}
