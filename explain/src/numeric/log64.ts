const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const SERIES = [
  6.66666666666673513e-1, 3.999999999940941908e-1, 2.857142874366239149e-1, 2.222219843214978396e-1,
  1.818357216161805012e-1, 1.531383769920937332e-1, 1.479819860511658591e-1,
] as const;
const SQRT_HALF_BITS = 0x3fe6a09e;

const view = new DataView(new ArrayBuffer(8));

/**
 * Natural logarithm in float64, less than one unit in the last place off. Method and constants: fdlibm, e_log.c (Sun
 * Microsystems, 1993, freely redistributable); see `expFloat64` for why not `Math.log`.
 */
export function logFloat64(x: number): number {
  if (Number.isNaN(x) || x < 0) return NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return x;
  const isSubnormal = x < 2.2250738585072014e-308;
  view.setFloat64(0, isSubnormal ? x * 2 ** 54 : x);
  const bits = view.getInt32(0);
  const k = ((bits - SQRT_HALF_BITS) >> 20) - (isSubnormal ? 54 : 0);
  view.setInt32(0, bits - (((bits - SQRT_HALF_BITS) >> 20) << 20));
  const f = view.getFloat64(0) - 1;
  const s = f / (2 + f);
  const z = s * s;
  let r = 0;
  for (let i = SERIES.length - 1; i >= 0; i--) r = z * ((SERIES[i] ?? 0) + r);
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + r) + k * LN2_LOW) - f);
}

/** ln(1 + x) for x >= 0, with the relative error of `logFloat64` (Kahan's correction of 1 + x). */
export function log1pFloat64(x: number): number {
  const u = 1 + x;
  if (u === 1) return x;
  return u === Infinity ? u : logFloat64(u) * (x / (u - 1));
}
