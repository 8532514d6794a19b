/**
 * Makes 0..count - 1 in order, a few at a time: what waits for disk or network overlaps, and at most `depth` results
 * are held.
 */
export async function* inOrder<T>(
  count: number,
  make: (index: number) => Promise<T>,
  depth: number,
): AsyncGenerator<T> {
  const running: Promise<T>[] = [];
  for (let next = 0, at = 0; at < count; at++) {
    while (next < count && next < at + depth) {
      const promise = make(next++);
      // Whoever stops early does not look at those behind.
      promise.catch(() => undefined);
      running.push(promise);
    }
    yield await running.shift()!;
  }
}
