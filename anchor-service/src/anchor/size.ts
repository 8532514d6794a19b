/** Most that are looked up for one step, however the signed heads lie. */
const MOST_LOOKUPS = 64;

/** At least three quarters of what waits go in now: sizes are rounded down to this power of two. */
export function alignmentOf(pending: number): number {
  return 2 ** Math.max(0, Math.floor(Math.log2(pending)) - 2);
}

/**
 * The size to anchor: of the signed heads within the last quarter of what waits the one that the largest power of two
 * divides, the newest of equals. The rounder a size, the fewer nodes have its own and the next proof, and calldata is the
 * cost.
 * @param from  size on the chain @param to  newest signed size, above `from`
 * @param isSigned  whether the log signed a head of this size
 */
export async function chooseSize(
  from: number,
  to: number,
  isSigned: (size: number) => Promise<boolean>,
): Promise<number> {
  const least = to - Math.floor((to - from) / 4);
  let lookups = 0;
  for (let unit = 2 ** Math.floor(Math.log2(to)); unit > 1; unit /= 2) {
    // Odd multiples: the even ones were looked at before.
    for (let size = to - (to % unit); size >= least; size -= unit) {
      if ((size / unit) % 2 === 0) continue;
      if (size === to) return to;
      if (lookups++ === MOST_LOOKUPS) return to;
      if (await isSigned(size)) return size;
    }
  }
  return to;
}
