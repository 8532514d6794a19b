import type { PredictSource } from '../agnostic/predict-of.ts';
import type { Predict } from '../agnostic/predict.ts';
import { ExplainError } from '../errors.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { askPasses, flatRows } from './asking.ts';
import type { AskOptions } from './asking.ts';
import { checkRows, featureAt, isCategorical, presentColumnOf } from './features.ts';
import type { FeatureFacts } from './features.ts';
import { gridOf } from './grid.ts';
import type { GridOptions } from './grid.ts';

export interface PartialDependenceOptions extends GridOptions, AskOptions {
  /** 0 by default */
  readonly output?: number;
  /** individual curves begin at 0; false by default */
  readonly centred?: boolean;
}

export interface PartialDependence {
  readonly feature: string;
  /** names of the grid's categories; null for numbers */
  readonly categories: readonly string[] | null;
  readonly grid: Float64Array;
  /** mean answer over the rows, for each value of the grid; of centred curves where those are */
  readonly average: Float64Array;
  /** ICE: the answer of each row at each value, [row × grid] row-major */
  readonly individual: Float64Array;
  readonly rows: number;
  readonly centred: boolean;
  readonly predictions: number;
}

/**
 * Partial dependence (Friedman 2001) and individual conditional expectation (Goldstein et al. 2015) of one feature, as
 * scikit-learn's `partial_dependence(method="brute", kind="both")`: each row is asked with each value of a grid in
 * place of its own. Rows are made that may not exist, most of all where features go together: `accumulatedEffects` keeps
 * to the neighbourhood of each row.
 *
 * @throws ExplainError GLOBAL_ROWS, FEATURE_COUNT, FEATURE_UNKNOWN, EXPLAIN_OPTION, EXPLAIN_OUTPUT, PREDICT_*
 */
export async function partialDependence(
  source: Predict | PredictSource,
  facts: FeatureFacts,
  rows: readonly FeatureRow[],
  feature: string | number,
  options: PartialDependenceOptions = {},
): Promise<PartialDependence> {
  const { output = 0, centred = false } = options;
  checkRows(rows, facts.featureNames.length);
  const index = featureAt(facts, feature);
  const grid = gridOf(presentColumnOf(facts, rows, index), isCategorical(facts, index), options);
  const features = facts.featureNames.length;
  const width = grid.length;
  const byValue = new Float64Array(width * rows.length);
  const predictions = await askPasses(
    source,
    {
      rows: flatRows(rows, features),
      width: features,
      passes: width,
      change: (memory, at, { from, to, pass }) => {
        const value = grid[pass] as number;
        for (let row = from; row < to; row++) memory[at + (row - from) * features + index] = value;
      },
      done: ({ outputs, values }, place) => {
        checkOutput(output, outputs);
        const first = place * rows.length;
        for (let row = 0; row < rows.length; row++)
          byValue[first + row] = values[row * outputs + output] as number;
      },
    },
    options,
  );
  if (centred) centre(byValue, rows.length);
  return {
    feature: facts.featureNames[index] as string,
    categories: labelsOf(facts, index, grid),
    grid,
    average: averageOf(byValue, rows.length),
    individual: turned(byValue, rows.length),
    rows: rows.length,
    centred,
    predictions,
  };
}

/** @throws ExplainError EXPLAIN_OUTPUT */
export function checkOutput(output: number, outputs: number): void {
  if (!Number.isInteger(output) || output < 0 || output >= outputs)
    throw new ExplainError('EXPLAIN_OUTPUT', {
      got: String(output).slice(0, 40),
      want: `0 to ${outputs - 1}`,
    });
}

/** Names of codes, where the feature has categories; a code without a name is its number. */
export function labelsOf(
  facts: FeatureFacts,
  feature: number,
  grid: Float64Array,
): string[] | null {
  if (!isCategorical(facts, feature)) return null;
  return Array.from(grid, (code) => facts.categories[feature]?.[code] ?? String(code));
}

/** Rows whose answers to one value lie in one cache line. */
const TOGETHER = 8;

/** From one value of the grid after another to one row after another. */
function turned(byValue: Float64Array, rows: number): Float64Array {
  const width = byValue.length / rows;
  const byRow = new Float64Array(byValue.length);
  for (let first = 0; first < rows; first += TOGETHER) {
    const end = Math.min(rows, first + TOGETHER);
    for (let place = 0; place < width; place++)
      for (let row = first; row < end; row++)
        byRow[row * width + place] = byValue[place * rows + row] as number;
  }
  return byRow;
}

/** From the end, since what comes off is the answers to the first value. */
function centre(byValue: Float64Array, rows: number): void {
  for (let i = byValue.length - 1; i >= 0; i--)
    byValue[i] = (byValue[i] as number) - (byValue[i % rows] as number);
}

function averageOf(byValue: Float64Array, rows: number): Float64Array {
  const averages = new Float64Array(byValue.length / rows);
  for (let place = 0; place < averages.length; place++) {
    let sum = 0;
    for (let i = place * rows; i < (place + 1) * rows; i++) sum += byValue[i] as number;
    averages[place] = sum / rows;
  }
  return averages;
}
