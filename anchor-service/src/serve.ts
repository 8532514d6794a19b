import type { ServiceConfig } from './config.ts';
import { within } from './pause.ts';
import { startService } from './service.ts';
import type { AnchorService, ServiceDeps } from './service.ts';

/** After a failure: what is finished in this time is, the rest is found by the next start. */
const CLOSE_WITHIN_MS = 10_000;

/** What a program says of itself on standard output, one JSON line each. */
export type Said = { listening: string } | { standby: string };

/**
 * A whole program: starts the service, says when it listens and when it stands by, and ends it when the signal fires.
 * Rejects when the process has to be started again.
 */
export async function serveUntil(
  signal: AbortSignal,
  config: ServiceConfig,
  deps: Omit<ServiceDeps, 'signal' | 'onStandby'> & { say: (said: Said) => void },
): Promise<void> {
  const { say, ...rest } = deps;
  let service: AnchorService;
  try {
    service = await startService(config, {
      ...rest,
      signal,
      onStandby: (url) => say({ standby: url }),
    });
  } catch (error) {
    // Told to end while it started or stood by: nothing was begun that is not finished.
    if (signal.aborted && (error as { code?: unknown }).code === 'STORE_STOPPED') return;
    throw error;
  }
  say({ listening: service.url });
  try {
    await Promise.race([aborted(signal), service.done]);
  } catch (error) {
    // What made it fail may make its end hang, and whoever starts it again waits for that.
    await within(CLOSE_WITHIN_MS, service.close());
    throw error;
  }
  await service.close();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
