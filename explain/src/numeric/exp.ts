import { assertNumber } from '../kinds.ts';

/** 2^(i/32) for i = 0..31. */
const TABLE: readonly number[] = [
  1.0, 1.0218971486541166, 1.0442737824274138, 1.0671404006768237, 1.0905077326652577,
  1.1143867425958924, 1.1387886347566916, 1.1637248587775775, 1.189207115002721, 1.215247359980469,
  1.241857812073484, 1.2690509571917332, 1.2968395546510096, 1.3252366431597413, 1.3542555469368927,
  1.383909881963832, 1.4142135623730951, 1.4451808069770467, 1.4768261459394993, 1.5091644275934228,
  1.5422108254079407, 1.5759808451078865, 1.6104903319492543, 1.645755478153965, 1.681792830507429,
  1.718619298122478, 1.7562521603732995, 1.7947090750031072, 1.8340080864093424, 1.8741676341103,
  1.9152065613971474, 1.9571441241754002,
];
const STEPS = 32;
/** 32 / ln 2 */
const INVERSE = 46.16624130844683;
const C3 = 1.6938359250920212e-6;
const C2 = 0.00023459809789509004;
const C1 = 0.021660849396613134;
/** Adding and taking away 1.5 * 2^52 rounds to the nearest integer, ties to even. */
const SHIFT = 6755399441055744;
/** ln 2^128 and ln 2^-150: beyond them float32 has infinity and 0. */
const OVERFLOW = 88.72283172607422;
const UNDERFLOW = -103.97207641601562;

const view = new DataView(new ArrayBuffer(8));

/**
 * e^x of a float32, as a float32: bit for bit what glibc's `expf` (2.27 and later) gives. Method and constants: Arm
 * Optimized Routines, math/expf.c (Arm Limited, 2018, MIT). Additions and multiplications of doubles alone, so every
 * engine agrees; `Math.exp` is left to the engine by ECMA-262.
 *
 * @throws ExplainError EXPLAIN_ARGUMENT
 */
export function expFloat32(number: number): number {
  assertNumber(number, 'x');
  const x = Math.fround(number);
  if (Number.isNaN(x)) return NaN;
  if (x > OVERFLOW) return Infinity;
  if (x < UNDERFLOW) return 0;
  const z = INVERSE * x;
  const steps = z + SHIFT - SHIFT;
  const r = z - steps;
  const index = ((steps % STEPS) + STEPS) % STEPS;
  const scale = (TABLE[index] ?? NaN) * powerOfTwo((steps - index) / STEPS);
  return Math.fround(((C3 * r + C2) * (r * r) + (C1 * r + 1)) * scale);
}

/** 2^exponent for -1022 <= exponent <= 1023. */
function powerOfTwo(exponent: number): number {
  view.setInt32(0, (exponent + 1023) << 20);
  view.setInt32(4, 0);
  return view.getFloat64(0);
}
