import { setTimeout } from 'node:timers/promises';

/** Waits, less long when the signal fires. Leaves no listener behind: the signal may live as long as the process. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  await setTimeout(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
