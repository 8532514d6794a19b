const view = new DataView(new ArrayBuffer(4));

/**
 * The largest float32 below a float32: `x < t` over float32 is `x <= nextBelow(t)`. NaN for -Infinity, below which
 * nothing lies: no x is `<=` it.
 */
export function nextBelow(number: number): number {
  const x = Math.fround(number);
  if (x === -Infinity || Number.isNaN(x)) return NaN;
  if (x === 0) return -1.401298464324817e-45;
  view.setFloat32(0, x);
  view.setInt32(0, view.getInt32(0) + (x > 0 ? -1 : 1));
  return view.getFloat32(0);
}

const wide = new DataView(new ArrayBuffer(8));

/** The same for float64. */
export function nextBelow64(x: number): number {
  if (x === -Infinity || Number.isNaN(x)) return NaN;
  if (x === 0) return -Number.MIN_VALUE;
  wide.setFloat64(0, x);
  wide.setBigInt64(0, wide.getBigInt64(0) + (x > 0 ? -1n : 1n));
  return wide.getFloat64(0);
}
