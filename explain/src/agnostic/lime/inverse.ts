/** Inverse of a symmetric positive definite matrix [size × size], by Cholesky: all loops run along rows. */
export function inverseOf(matrix: Float64Array, size: number): Float64Array {
  const inverse = new Float64Array(size * size);
  const root = inverseRoot(choleskyOf(matrix, size), size);
  for (let k = 0; k < size; k++)
    for (let i = 0; i <= k; i++)
      addRow(inverse, i * size, root, k * size, root[k * size + i] as number, i + 1);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < i; j++) inverse[j * size + i] = inverse[i * size + j] as number;
  return inverse;
}

/** to[…] += factor · from[…], `many` numbers. */
export function addRow(
  to: Float64Array,
  first: number,
  from: Float64Array,
  other: number,
  factor: number,
  many: number,
): void {
  for (let i = 0; i < many; i++)
    to[first + i] = (to[first + i] as number) + factor * (from[other + i] as number);
}

/** The same for the first `many` places of `some` alone. */
export function addSome(
  to: Float64Array,
  first: number,
  from: Float64Array,
  other: number,
  factor: number,
  some: Int32Array,
  many: number,
): void {
  for (let place = 0; place < many; place++) {
    const i = some[place] as number;
    to[first + i] = (to[first + i] as number) + factor * (from[other + i] as number);
  }
}

/** The lower triangle whose product with its transpose is the matrix. */
function choleskyOf(matrix: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * size + j] as number;
      for (let k = 0; k < j; k++)
        rest -= (lower[i * size + k] as number) * (lower[j * size + k] as number);
      lower[i * size + j] = i === j ? Math.sqrt(rest) : rest / (lower[j * size + j] as number);
    }
  return lower;
}

function inverseRoot(lower: Float64Array, size: number): Float64Array {
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const first = i * size;
    const own = lower[first + i] as number;
    for (let k = 0; k < i; k++)
      addRow(inverse, first, inverse, k * size, -(lower[first + k] as number), k + 1);
    inverse[first + i] = 1;
    for (let j = 0; j <= i; j++) inverse[first + j] = (inverse[first + j] as number) / own;
  }
  return inverse;
}
