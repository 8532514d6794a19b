import { within } from '../pause.ts';
import { rootCodeOf } from './fate.ts';
import type { RunningLog } from './running-log.ts';
import type { FromThread } from './wire.ts';

const CLOSE_WITHIN_MS = 5_000;

/** Tells why a log failed before it is closed: what made it fail may make its end hang, which is given up then. */
export async function endFailed(
  error: unknown,
  log: RunningLog | null,
  tell: (message: FromThread) => void,
  closeWithinMs = CLOSE_WITHIN_MS,
): Promise<void> {
  if (log !== null) tell({ kind: 'status', status: log.status() });
  const message = error instanceof Error ? error.message : 'failed';
  tell({ kind: 'failed', code: rootCodeOf(error), message });
  await within(closeWithinMs, log?.close());
}
