/** Nodes and weights on [0, 1]; exact for polynomials of degree 2·points - 1. */
export interface Quadrature {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

/** Value and derivative of the Legendre polynomial of degree `n` at `t`, by the three-term recurrence. */
function legendre(n: number, t: number): { value: number; derivative: number } {
  let previous = 1;
  let value = t;
  for (let degree = 2; degree <= n; degree++) {
    const next = ((2 * degree - 1) * t * value - (degree - 1) * previous) / degree;
    previous = value;
    value = next;
  }
  return { value, derivative: (n * (t * value - previous)) / (t * t - 1) };
}

/** A rational approximation of cos on [0, pi]: a start for Newton's method, the same bits on every engine. */
function roughCosine(angle: number): number {
  const pi = 3.141592653589793;
  if (angle > pi / 2) return -roughCosine(pi - angle);
  return (pi * pi - 4 * angle * angle) / (pi * pi + angle * angle);
}

/** The root of index `i` (0 is the largest) of the Legendre polynomial of degree `n`. */
function legendreRoot(n: number, i: number): number {
  if (n % 2 === 1 && i === (n - 1) / 2) return 0;
  let t = roughCosine((3.141592653589793 * (i + 0.75)) / (n + 0.5));
  for (let step = 0; step < 50; step++) {
    const { value, derivative } = legendre(n, t);
    const next = t - value / derivative;
    if (Math.abs(next - t) <= 1e-16) return next;
    t = next;
  }
  return t;
}

/** Gauss-Legendre quadrature with `points` >= 1 points, mapped from [-1, 1] to [0, 1]. */
export function gaussLegendre(points: number): Quadrature {
  const nodes = new Float64Array(points);
  const weights = new Float64Array(points);
  for (let i = 0; i < points; i++) {
    const t = points === 1 ? 0 : legendreRoot(points, i);
    const derivative = points === 1 ? 1 : legendre(points, t).derivative;
    nodes[i] = (1 + t) / 2;
    weights[i] = 1 / ((1 - t * t) * derivative * derivative);
  }
  return { nodes, weights };
}
