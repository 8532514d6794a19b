import { CholeskyDecomposition, Matrix } from 'ml-matrix';

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

/** Weighted sums about the weighted means, of chosen features. */
interface Moments {
  readonly total: number;
  readonly means: Float64Array;
  /** columns beside each other, each less its mean: [rows × chosen] */
  readonly centred: Float64Array;
  readonly inverse: Float64Array;
}

/**
 * Weighted ridge regression with a free intercept, as scikit-learn's `Ridge(alpha)`: one fit per output.
 *
 * @param chosen columns of the data
 */
export function fitRidge(
  near: Neighbourhood,
  chosen: ArrayLike<number>,
  alpha: number,
): RidgeFit[] {
  const moments = momentsOf(near, chosen, alpha);
  return near.targets.map((targets) => fitOutput(near, moments, targets));
}

function momentsOf(near: Neighbourhood, chosen: ArrayLike<number>, alpha: number): Moments {
  const { rows, features, data, weights } = near;
  const size = chosen.length;
  const means = new Float64Array(size);
  const centred = new Float64Array(rows * size);
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const weight = weights[row] as number;
    total += weight;
    for (let i = 0; i < size; i++) {
      const value = data[row * features + (chosen[i] as number)] as number;
      centred[row * size + i] = value;
      means[i] = (means[i] as number) + weight * value;
    }
  }
  for (let i = 0; i < size; i++) means[i] = (means[i] as number) / total;
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < size; i++)
      centred[row * size + i] = (centred[row * size + i] as number) - (means[i] as number);
  const normal = crossProduct(centred, size, weights);
  for (let i = 0; i < size; i++) normal[i * size + i] = (normal[i * size + i] as number) + alpha;
  return { total, means, centred, inverse: inverseOf(normal, size) };
}

/** Σ weight · row · rowᵀ, whole. */
function crossProduct(centred: Float64Array, size: number, weights: Float64Array): Float64Array {
  const sums = new Float64Array(size * size);
  for (let row = 0; row < weights.length; row++) {
    const first = row * size;
    const weight = weights[row] as number;
    for (let i = 0; i < size; i++) {
      const own = weight * (centred[first + i] as number);
      for (let j = 0; j <= i; j++)
        sums[i * size + j] = (sums[i * size + j] as number) + own * (centred[first + j] as number);
    }
  }
  for (let i = 0; i < size; i++)
    for (let j = 0; j < i; j++) sums[j * size + i] = sums[i * size + j] as number;
  return sums;
}

/** Positive definite: alpha is on its diagonal. */
function inverseOf(normal: Float64Array, size: number): Float64Array {
  if (size === 0) return new Float64Array();
  const matrix = Matrix.from1DArray(size, size, normal);
  const inverse = new CholeskyDecomposition(matrix).solve(Matrix.eye(size));
  return Float64Array.from(inverse.to1DArray());
}

function fitOutput(near: Neighbourhood, moments: Moments, targets: Float64Array): RidgeFit {
  const { rows, weights } = near;
  const { total, means, centred, inverse } = moments;
  const size = means.length;
  let mean = 0;
  for (let row = 0; row < rows; row++) mean += (weights[row] as number) * (targets[row] as number);
  mean /= total;
  const sums = new Float64Array(size);
  for (let row = 0; row < rows; row++) {
    const own = (weights[row] as number) * ((targets[row] as number) - mean);
    for (let i = 0; i < size; i++)
      sums[i] = (sums[i] as number) + own * (centred[row * size + i] as number);
  }
  const coefficients = product(inverse, sums);
  const { residual, spread, scores } = residuals(near, moments, coefficients, { targets, mean });
  const offset = means.reduce((sum, value, i) => sum + value * (coefficients[i] as number), 0);
  return {
    intercept: mean - offset,
    coefficients,
    standardErrors: sandwich(inverse, crossProduct(centred, size, scores), size),
    fidelity: spread === 0 ? (residual === 0 ? 1 : 0) : 1 - residual / spread,
    localPrediction: mean + dot(centred, 0, coefficients),
  };
}

/** Weighted sums of squares, and the square of what each row adds to the fit. */
function residuals(
  { rows, weights }: Neighbourhood,
  { centred }: Moments,
  coefficients: Float64Array,
  { targets, mean }: { targets: Float64Array; mean: number },
): { residual: number; spread: number; scores: Float64Array } {
  const scores = new Float64Array(rows);
  let [residual, spread] = [0, 0];
  for (let row = 0; row < rows; row++) {
    const weight = weights[row] as number;
    const own = (targets[row] as number) - mean;
    const left = own - dot(centred, row * coefficients.length, coefficients);
    residual += weight * left * left;
    spread += weight * own * own;
    scores[row] = weight * weight * left * left;
  }
  return { residual, spread, scores };
}

function dot(centred: Float64Array, first: number, coefficients: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < coefficients.length; i++)
    sum += (centred[first + i] as number) * (coefficients[i] as number);
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

/** Roots of the diagonal of inverse · middle · inverse. */
function sandwich(inverse: Float64Array, middle: Float64Array, size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => {
    const row = inverse.subarray(i * size, (i + 1) * size);
    const sum = dot(product(middle, row), 0, row);
    return Math.sqrt(Math.max(sum, 0));
  });
}
