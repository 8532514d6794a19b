/**
 * Runs a task for each item, at most `limit` at once. After a failure it begins no more, waits for those that run, and
 * rejects with the first.
 */
export async function forEachParallel<T>(
  items: Iterable<T>,
  limit: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  let failure: { error: unknown } | null = null;
  const work = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true && failure === null; next = queue.next())
      try {
        await task(next.value);
      } catch (error) {
        failure ??= { error };
      }
  };
  await Promise.all(Array.from({ length: limit }, work));
  if (failure !== null) throw (failure as { error: unknown }).error;
}
