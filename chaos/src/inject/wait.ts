import { setTimeout } from 'node:timers/promises';

const EVERY_MS = 10;

/** Looks until it is so or the time is over. @returns whether it was so */
export async function until(isSo: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (!isSo()) {
    if (Date.now() > deadline) return false;
    await setTimeout(EVERY_MS);
  }
  return true;
}
