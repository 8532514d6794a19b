const FEW = [12.706204736174707, 4.302652729749464, 3.182446305283709, 2.776445105197793] as const;
const NORMAL = 1.959963984540054;

/**
 * The 97.5 % quantile of Student's t: half a 95 % interval in standard errors. `freedom` >= 1; Infinity is the normal
 * distribution. From 5 on by its expansion in 1/freedom (Abramowitz and Stegun 26.7.5), within 0.001.
 */
export function student95(freedom: number): number {
  const whole = Math.max(1, Math.floor(freedom));
  const few = FEW[whole - 1];
  if (few !== undefined) return few;
  if (whole === Infinity) return NORMAL;
  const z = NORMAL;
  const z3 = z * z * z;
  const z5 = z3 * z * z;
  const z7 = z5 * z * z;
  const first = (z3 + z) / 4;
  const second = (5 * z5 + 16 * z3 + 3 * z) / 96;
  const third = (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / 384;
  return z + (first + (second + third / whole) / whole) / whole;
}
