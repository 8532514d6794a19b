import { nextTurn } from '../../batch/turn.ts';
import { addRow, addSome, inverseOf } from './inverse.ts';

/** Rows around the explained one, as the linear model sees them. */
export interface Neighbourhood {
  readonly rows: number;
  readonly features: number;
  /** [rows × features]; the first row is the explained one */
  readonly data: Float64Array;
  /** how near each row is, in (0, 1] */
  readonly weights: Float64Array;
  /** [output][row]: predictions */
  readonly targets: readonly Float64Array[];
}

export interface RidgeFit {
  readonly intercept: number;
  /** one per chosen feature */
  readonly coefficients: Float64Array;
  /** of the coefficients, from the residuals (White 1980) */
  readonly standardErrors: Float64Array;
  /** weighted R²: 1 where the linear model says what the model says, 0 where it is no better than the mean */
  readonly fidelity: number;
  /** of the linear model for the explained row */
  readonly localPrediction: number;
}

/** Square of a relative error. */
const ROUNDING = 1e-28;
/** Multiplications between two turns of the event loop: some tens of milliseconds. */
const PRODUCTS_A_TURN = 2 ** 25;

/** Weighted sums about the weighted means, of chosen features. */
interface Moments {
  readonly total: number;
  readonly means: Float64Array;
  /** chosen columns beside each other: [rows × size] */
  readonly columns: Float64Array;
  readonly inverse: Float64Array;
}

/**
 * Weighted ridge regression with a free intercept, as scikit-learn's `Ridge(alpha)`: one fit per output.
 *
 * @param chosen columns of the data
 */
export async function fitRidge(
  near: Neighbourhood,
  chosen: ArrayLike<number>,
  alpha: number,
): Promise<RidgeFit[]> {
  const moments = await momentsOf(near, chosen, alpha);
  const fits: RidgeFit[] = [];
  for (const targets of near.targets) fits.push(await fitOutput(near, moments, targets));
  return fits;
}

async function momentsOf(
  near: Neighbourhood,
  chosen: ArrayLike<number>,
  alpha: number,
): Promise<Moments> {
  const { rows, features, data, weights } = near;
  const size = chosen.length;
  const isAll = size === features;
  const columns = isAll ? data : new Float64Array(rows * size);
  if (!isAll)
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < size; i++)
        columns[row * size + i] = data[row * features + (chosen[i] as number)] as number;
  const { total, sums, products } = await weightedSums(columns, size, weights);
  const means = sums.map((sum) => sum / total);
  const normal = about(means, { total, sums, products });
  for (let i = 0; i < size; i++) normal[i * size + i] = (normal[i * size + i] as number) + alpha;
  // Positive definite: alpha is on its diagonal.
  return { total, means, columns, inverse: inverseOf(normal, size) };
}

interface WeightedSums {
  readonly total: number;
  /** Σ weight · row */
  readonly sums: Float64Array;
  /** Σ weight · row · rowᵀ, the lower half */
  readonly products: Float64Array;
}

/** Most numbers of a row in bins are 0: only the others are multiplied, by number where they are few. */
async function weightedSums(
  columns: Float64Array,
  size: number,
  weights: Float64Array,
): Promise<WeightedSums> {
  const sums = new Float64Array(size);
  const products = new Float64Array(size * size);
  const some = new Int32Array(size);
  let total = 0;
  await inTurns(weights.length, size, (from, to) => {
    for (let row = from; row < to; row++) {
      const first = row * size;
      const weight = weights[row] as number;
      total += weight;
      let count = 0;
      for (let i = 0; i < size; i++) {
        some[count] = i;
        count += columns[first + i] === 0 ? 0 : 1;
      }
      const isFew = 2 * count < size;
      for (let place = 0; place < count; place++) {
        const i = some[place] as number;
        const value = weight * (columns[first + i] as number);
        sums[i] = (sums[i] as number) + value;
        if (isFew) addSome(products, i * size, columns, first, value, some, place + 1);
        else addRow(products, i * size, columns, first, value, i + 1);
      }
    }
  });
  return { total, sums, products };
}

/** Rows that cost size² each, some at a time, the event loop in between. */
async function inTurns(
  rows: number,
  size: number,
  visit: (from: number, to: number) => void,
): Promise<void> {
  const each = Math.max(1, Math.floor(PRODUCTS_A_TURN / Math.max(size * size, 1)));
  for (let from = 0; from < rows; from += each) {
    if (from > 0) await nextTurn();
    visit(from, Math.min(rows, from + each));
  }
}

/** Σ weight · (row - means) · (row - means)ᵀ, whole. */
function about(means: Float64Array, { total, sums, products }: WeightedSums): Float64Array {
  const size = means.length;
  const moved = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      const [a, b] = [means[i] as number, means[j] as number];
      const value =
        (products[i * size + j] as number) -
        (sums[i] as number) * b -
        (sums[j] as number) * a +
        total * a * b;
      moved[i * size + j] = value;
      moved[j * size + i] = value;
    }
  return moved;
}

async function fitOutput(
  near: Neighbourhood,
  moments: Moments,
  targets: Float64Array,
): Promise<RidgeFit> {
  const { rows, weights } = near;
  const { total, means, columns, inverse } = moments;
  const size = means.length;
  let mean = 0;
  for (let row = 0; row < rows; row++) mean += (weights[row] as number) * (targets[row] as number);
  mean /= total;
  const sums = new Float64Array(size);
  let rest = 0;
  for (let row = 0; row < rows; row++) {
    const own = (weights[row] as number) * ((targets[row] as number) - mean);
    rest += own;
    for (let i = 0; i < size; i++)
      sums[i] = (sums[i] as number) + own * (columns[row * size + i] as number);
  }
  for (let i = 0; i < size; i++) sums[i] = (sums[i] as number) - rest * (means[i] as number);
  const coefficients = product(inverse, sums);
  const intercept = mean - dot(means, 0, coefficients);
  const { residual, spread, scores } = residuals(
    near,
    columns,
    { coefficients, intercept, mean },
    targets,
  );
  return {
    intercept,
    coefficients,
    standardErrors: await sandwich(moments, scores),
    // Of a constant prediction nothing is left to explain; its spread is rounding.
    fidelity: spread <= ROUNDING * total * mean * mean ? 1 : 1 - residual / spread,
    localPrediction: intercept + dot(columns, 0, coefficients),
  };
}

/** Weighted sums of squares, and the square of what each row adds to the fit. */
function residuals(
  { rows, weights }: Neighbourhood,
  columns: Float64Array,
  {
    coefficients,
    intercept,
    mean,
  }: { coefficients: Float64Array; intercept: number; mean: number },
  targets: Float64Array,
): { residual: number; spread: number; scores: Float64Array } {
  const scores = new Float64Array(rows);
  let [residual, spread] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const weight = weights[row] as number;
    const own = (targets[row] as number) - mean;
    const left =
      (targets[row] as number) - intercept - dot(columns, row * coefficients.length, coefficients);
    residual += weight * left * left;
    spread += weight * own * own;
    scores[row] = weight * weight * left * left;
  }
  return { residual, spread, scores };
}

function dot(columns: Float64Array, first: number, coefficients: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < coefficients.length; i++)
    sum += (columns[first + i] as number) * (coefficients[i] as number);
  return sum;
}

function product(matrix: Float64Array, vector: Float64Array): Float64Array {
  const size = vector.length;
  return vector.map((_, i) => {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += (matrix[i * size + j] as number) * (vector[j] as number);
    return sum;
  });
}

/** Roots of the diagonal of inverse · (Σ score · (row - means) · (row - means)ᵀ) · inverse. */
async function sandwich(
  { columns, means, inverse }: Moments,
  scores: Float64Array,
): Promise<Float64Array> {
  const size = means.length;
  const filling = about(means, await weightedSums(columns, size, scores));
  const errors = new Float64Array(size);
  await inTurns(size, size, (from, to) => {
    for (let i = from; i < to; i++) {
      const side = inverse.subarray(i * size, (i + 1) * size);
      // Where nothing is left to explain, rounding may fall below 0.
      errors[i] = Math.sqrt(Math.max(0, dot(product(filling, side), 0, side)));
    }
  });
  return errors;
}
