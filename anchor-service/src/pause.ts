import { setTimeout } from 'node:timers/promises';

/** Waits, less long when the signal fires. Leaves no listener behind: the signal may live as long as the process. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  await setTimeout(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

/** Waits until an end has come, well or badly, but no longer than this: what hangs must not hold up who waits. */
export async function within(ms: number, end: Promise<unknown> | undefined): Promise<void> {
  const patience = new AbortController();
  await Promise.race([end?.catch(() => undefined), pause(ms, patience.signal)]);
  patience.abort();
}

/** Until the event loop has gone round once: what was handed to sockets is on its way, and others had their turn. */
export async function aTurn(): Promise<void> {
  // The first comes at the end of the turn that is under way.
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
}
