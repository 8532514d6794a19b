import { ExplainError } from '../errors.ts';
import { logFloat64 } from '../numeric/log64.ts';

/** What is counted of predictions against known outcomes; the names of scikit-learn's scorers in our spelling. */
export const SCORERS = ['logLoss', 'auc', 'accuracy', 'r2', 'meanSquaredError'] as const;
export type Scorer = (typeof SCORERS)[number];

/** Those of which less is better. */
export function isLoss(scorer: Scorer): boolean {
  return scorer === 'logLoss' || scorer === 'meanSquaredError';
}

/** Predictions of many rows, row-major [rows × outputs]. */
export interface Predictions {
  readonly outputs: number;
  readonly values: Float64Array;
}

/**
 * The score of predictions: as scikit-learn's `log_loss`, `roc_auc_score`, `accuracy_score`, `r2_score` and
 * `mean_squared_error`. Classes are probabilities: of the positive class (outcomes 0 and 1), or one of each class
 * (outcomes 0 to outputs − 1). Compare `checkTarget`, which refuses what has no score.
 *
 * @throws ExplainError GLOBAL_PROBABILITY when logLoss or accuracy are asked of answers outside 0 to 1, as log-odds are,
 * or of shares of classes that sum to 0
 */
export function scoreOf(scorer: Scorer, target: Float64Array, predictions: Predictions): number {
  if (scorer === 'logLoss' || scorer === 'accuracy') checkProbabilities(scorer, predictions);
  return SCORE[scorer](target, predictions);
}

function checkProbabilities(scorer: Scorer, { outputs, values }: Predictions): void {
  const refuse = (got: string): never => {
    throw new ExplainError('GLOBAL_PROBABILITY', { got, want: `probabilities for ${scorer}` });
  };
  const stray = values.find((value) => !(value >= 0 && value <= 1));
  if (stray !== undefined) refuse(`an answer of ${stray}`);
  for (let first = 0; outputs > 1 && first < values.length; first += outputs)
    if (values.subarray(first, first + outputs).every((value) => value === 0))
      refuse(`shares of classes that are all 0, in row ${first / outputs}`);
}

const SCORE: Readonly<Record<Scorer, (target: Float64Array, given: Predictions) => number>> = {
  logLoss: (target, given) => {
    let sum = 0;
    for (let row = 0; row < target.length; row++)
      sum -= logFloat64(shareOfClass(target, given, row));
    return sum / target.length;
  },
  auc: (target, { values }) => areaUnderCurve(target, values),
  accuracy: (target, given) => {
    let right = 0;
    for (let row = 0; row < target.length; row++) if (classOf(given, row) === target[row]) right++;
    return right / target.length;
  },
  r2: (target, { values }) => {
    const mean = target.reduce((sum, y) => sum + y, 0) / target.length;
    const spread = target.reduce((sum, y) => sum + (y - mean) ** 2, 0);
    return 1 - squaredError(target, values) / spread;
  },
  meanSquaredError: (target, { values }) => squaredError(target, values) / target.length,
};

function squaredError(target: Float64Array, values: Float64Array): number {
  let sum = 0;
  for (let row = 0; row < target.length; row++)
    sum += ((target[row] as number) - (values[row] as number)) ** 2;
  return sum;
}

/** Of the class that came true; clipped to the smallest step above 0 and below 1, and shares of several classes made to sum to 1, as scikit-learn does. */
function shareOfClass(target: Float64Array, { outputs, values }: Predictions, row: number): number {
  const wanted = target[row] as number;
  if (outputs === 1) {
    const positive = clipped(values[row] as number);
    return wanted === 1 ? positive : 1 - positive;
  }
  let sum = 0;
  for (let output = 0; output < outputs; output++) sum += values[row * outputs + output] as number;
  return clipped((values[row * outputs + wanted] as number) / sum);
}

function clipped(share: number): number {
  return Math.min(Math.max(share, Number.EPSILON), 1 - Number.EPSILON);
}

function classOf({ outputs, values }: Predictions, row: number): number {
  if (outputs === 1) return Number((values[row] as number) >= 0.5);
  let best = 0;
  for (let output = 1; output < outputs; output++)
    if ((values[row * outputs + output] as number) > (values[row * outputs + best] as number))
      best = output;
  return best;
}

/** Share of pairs of a positive and a negative in the right order, ties half: by ranks (Mann-Whitney). */
function areaUnderCurve(target: Float64Array, values: Float64Array): number {
  const sorted = values.slice().sort();
  let [positives, ranks] = [0, 0];
  for (let row = 0; row < target.length; row++)
    if (target[row] === 1) {
      positives++;
      ranks +=
        (below(sorted, values[row] as number, false) + below(sorted, values[row] as number, true)) /
        2;
    }
  const negatives = target.length - positives;
  // Each positive counts itself half and the positives below it.
  return (ranks - (positives * positives) / 2) / (positives * negatives);
}

/** How many are below, or with `orEqual` at most, the value. */
function below(sorted: Float64Array, value: number, orEqual: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = sorted[middle] as number;
    if (at < value || (orEqual && at === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Known outcomes as numbers, checked against scorer and outputs.
 *
 * @throws ExplainError GLOBAL_TARGET when they are not one for each row and finite, when classes are not 0 to
 * outputs − 1, when AUC has one class alone or several outputs, when R² has outcomes that do not vary
 */
export function checkTarget(
  scorer: Scorer,
  given: ArrayLike<number>,
  rows: number,
  outputs: number,
): Float64Array {
  const target = Float64Array.from(given);
  const refuse = (got: string, want: string): never => {
    throw new ExplainError('GLOBAL_TARGET', { got, want });
  };
  if (target.length !== rows) refuse(`${target.length} outcomes`, `one for each of ${rows} rows`);
  if (!target.every(Number.isFinite))
    refuse('an outcome that is no finite number', 'finite numbers');
  if (scorer === 'r2' || scorer === 'meanSquaredError') {
    if (outputs > 1) refuse(`${outputs} outputs`, 'one, or a scorer of classes');
    if (scorer === 'r2' && target.every((y) => y === target[0]))
      refuse('outcomes that do not vary', 'different ones, or meanSquaredError');
    return target;
  }
  const classes = outputs === 1 ? 2 : outputs;
  if (!target.every((y) => Number.isInteger(y) && y >= 0 && y < classes))
    refuse('an outcome that is no class', `whole numbers from 0 to ${classes - 1}`);
  if (scorer === 'auc' && outputs > 1) refuse(`${outputs} outputs`, 'one');
  if (scorer === 'auc' && target.every((y) => y === target[0]))
    refuse('one class alone', 'both classes');
  return target;
}
