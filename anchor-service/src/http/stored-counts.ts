/** What only the store knows. */
export interface StoredCounts {
  quarantineCounts(): Promise<Readonly<Record<string, number>>>;
  quarantinedBytes(): Promise<number>;
}

export interface Counted {
  byReason: Readonly<Record<string, number>>;
  bytes: number;
}

/** Counting reads every row: not with each question of everybody who measures. */
const COUNT_EVERY_MS = 30_000;
/** Whoever measures has a deadline of its own, and wants the rest meanwhile. */
const ANSWER_WITHIN_MS = 3_000;

/**
 * Counts that are at most half a minute old, asked for once at a time; null while the store does not answer.
 * @param now  milliseconds, monotonic
 */
export function recentCounts(
  stored: StoredCounts,
  now: () => number = () => performance.now(),
  answerWithinMs = ANSWER_WITHIN_MS,
): () => Promise<Counted | null> {
  let known: Counted | null = null;
  let knownAt = -Infinity;
  let asking: Promise<Counted | null> | null = null;

  async function ask(): Promise<Counted | null> {
    try {
      const [byReason, bytes] = await Promise.all([
        stored.quarantineCounts(),
        stored.quarantinedBytes(),
      ]);
      knownAt = now();
      return (known = { byReason, bytes });
    } catch {
      return null;
    }
  }
  return async () => {
    if (now() - knownAt < COUNT_EVERY_MS) return known;
    asking ??= ask().finally(() => (asking = null));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), answerWithinMs);
    });
    try {
      return await Promise.race([asking, late]);
    } finally {
      clearTimeout(timer);
    }
  };
}
