import type { Supervised } from './supervised.ts';

const EVERY_MS = 1_000;
const ANSWER_WITHIN_MS = 2_000;

/**
 * An operator's probe: an application that says that its spool is poisoned is started again. One that does not answer,
 * or has no room, is left alone.
 */
export function watchHealth(app: Supervised, url: string): () => void {
  const timer = setInterval(() => {
    void isPoisoned(url).then((poisoned) => {
      if (poisoned) app.kill();
    });
  }, EVERY_MS);
  return () => clearInterval(timer);
}

async function isPoisoned(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const { audit } = (await response.json()) as { audit: { spool: { poisoned: boolean } } };
    return audit.spool.poisoned;
  } catch {
    return false;
  }
}
