const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const INVERSE_LN2 = 1.442695040888963387;
const P1 = 1.66666666666666019037e-1;
const P2 = -2.77777777770155933842e-3;
const P3 = 6.61375632143793436117e-5;
const P4 = -1.6533902205465251539e-6;
const P5 = 4.13813679705723846039e-8;
const OVERFLOW = 709.782712893383973096;
const UNDERFLOW = -745.13321910194110842;
/** Below this e^x is 1 + x. */
const TINY = 3.7252902984619140625e-9;

const view = new DataView(new ArrayBuffer(8));

/**
 * e^x in float64, less than one unit in the last place off. Method and constants: fdlibm, e_exp.c (Sun Microsystems,
 * 1993, freely redistributable). Additions, multiplications and divisions alone, so every engine agrees; `Math.exp`
 * is left to the engine by ECMA-262.
 */
export function expFloat64(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x > OVERFLOW) return Infinity;
  if (x < UNDERFLOW) return 0;
  if (Math.abs(x) < TINY) return 1 + x;
  const k =
    Math.abs(x) < 0.34657359027997264 ? 0 : Math.trunc(INVERSE_LN2 * x + (x < 0 ? -0.5 : 0.5));
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const square = r * r;
  const c = r - square * (P1 + square * (P2 + square * (P3 + square * (P4 + square * P5))));
  const y = k === 0 ? 1 - ((r * c) / (c - 2) - r) : 1 - (low - (r * c) / (2 - c) - high);
  return k >= -1021 ? scaled(y, k) : scaled(y, k + 1000) * 2 ** -1000;
}

/** y * 2^k, exactly; k = 1024 in two steps. */
function scaled(y: number, k: number): number {
  return k === 1024 ? y * 2 * powerOfTwo(1023) : y * powerOfTwo(k);
}

function powerOfTwo(exponent: number): number {
  view.setInt32(0, (exponent + 1023) << 20);
  view.setInt32(4, 0);
  return view.getFloat64(0);
}
