import { assertNumber } from '../kinds.ts';

/** 1/c for a point c in each sixteenth of [0.7, 1.4), and ln c. */
const TABLE: readonly (readonly [inverse: number, logarithm: number])[] = [
  [1.398907162146528, -0.33569133332882284],
  [1.3403141896637998, -0.2929040563774074],
  [1.286432210124115, -0.2518726580937369],
  [1.2367150214269895, -0.21245868807117255],
  [1.1906977166711752, -0.17453945183745634],
  [1.1479821020556429, -0.1380057072319758],
  [1.1082251448272158, -0.10275976698545139],
  [1.0711297413057381, -0.06871392447020525],
  [1.036437278977283, -0.0357891387398228],
  [1.0, 0.0],
  [0.9492859795739057, 0.05204517742929496],
  [0.8951049428609004, 0.11081431298787942],
  [0.8476821620351103, 0.1652495223695143],
  [0.8050314851692001, 0.21687389031699977],
  [0.7664671008843108, 0.2659635028121397],
  [0.731428603316328, 0.3127556664073557],
];
const LN2 = 0.6931471805599453;
const P4 = -0.25089342214237154;
const P3 = 0.333456765744066;
const P2 = -0.4999997485802103;
/** Bits of the float32 0.7, where the tabulated range begins. */
const OFFSET = 0x3f330000;
const SMALLEST_NORMAL = 1.1754943508222875e-38;

const view = new DataView(new ArrayBuffer(4));

/**
 * Natural logarithm of a float32, as a float32: bit for bit what glibc's `logf` (2.27 and later) gives, which is not
 * always the nearest float32. Method and constants: Arm Optimized Routines, math/logf.c (Arm Limited, 2018, MIT).
 * Additions and multiplications of doubles alone, so every engine agrees; `Math.log` is left to the engine by ECMA-262.
 *
 * @throws ExplainError EXPLAIN_ARGUMENT
 */
export function logFloat32(number: number): number {
  assertNumber(number, 'x');
  const x = Math.fround(number);
  if (Number.isNaN(x) || x < 0) return NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return x;
  const isSubnormal = x < SMALLEST_NORMAL;
  view.setFloat32(0, isSubnormal ? x * 8388608 : x);
  const bits = view.getInt32(0) - (isSubnormal ? 23 << 23 : 0);
  const shifted = bits - OFFSET;
  const k = shifted >> 23;
  const [inverse, logarithm] = TABLE[(shifted >> 19) & 15] ?? [NaN, NaN];
  view.setInt32(0, bits - (k << 23));
  const r = view.getFloat32(0) * inverse - 1;
  const square = r * r;
  return Math.fround((P4 * square + (P3 * r + P2)) * square + (logarithm + k * LN2 + r));
}
