import { DemoError } from './errors.ts';

const DEFAULT_WITHIN_MS = 60_000;
const POLL_MS = 100;

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks until there is an answer. @throws {DemoError} `DEMO_ANSWER` when there is none in time */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null>,
  withinMs: number = DEFAULT_WITHIN_MS,
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (Date.now() > end)
      throw new DemoError('DEMO_ANSWER', { got: `${what}: not in ${withinMs} ms` });
    await pause(POLL_MS);
  }
}

/** Resolves when the signal is given. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
