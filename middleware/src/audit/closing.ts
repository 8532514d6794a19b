import type { Adoption } from '../adoption.ts';
import type { Backlog } from '../backlog.ts';
import type { LaterExplanations } from '../counterfactuals/later.ts';
import { InFlight } from '../express/in-flight.ts';
import type { HaltWatch } from '../halt.ts';
import type { Housekeeping } from '../receipts/housekeeping.ts';
import type { Sealer } from '../sealing/sealer.ts';
import type { Publisher } from '../transports/publisher.ts';

const DRAIN_MS = 30_000;
/** How long searches go on once the audit closes. */
export const EXPLAIN_MS = 5_000;

export function closer(
  inFlight: InFlight,
  later: LaterExplanations | null,
  sealer: Sealer,
  publisher: Publisher,
  halt: HaltWatch,
  housekeeping: Housekeeping,
  adoption: Adoption,
  backlog: Backlog,
): (timeoutMs?: number) => Promise<void> {
  let closing: Promise<void> | null = null;
  return (timeoutMs = DRAIN_MS) => {
    closing ??= (async () => {
      inFlight.draining = true;
      const patience = new AbortController();
      await Promise.race([inFlight.idle(), delay(timeoutMs, patience.signal)]);
      patience.abort();
      halt.close();
      await later?.close(EXPLAIN_MS);
      // Before the lock is another's.
      housekeeping.close();
      backlog.close();
      await adoption.close();
      await sealer.close();
      await publisher.close();
    })();
    return closing;
  };
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
}

/** Ends the process once the audit is closed; a second signal ends it at once. */
export function closeOnSignals(close: () => Promise<void>): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      close().then(
        () => process.kill(process.pid, signal),
        () => process.exit(1),
      );
    });
}
