import { SPOOL_PROMISE, fromHex, parseVkey } from '@showcause/core';
import type { Checkpoint, Hash, TrustPolicy } from '@showcause/core';
import type { LogReader } from '@showcause/core/node';
import { AuditError } from '../errors.ts';
import type { Disk } from '../spool/disk.ts';
import { QUARANTINE } from '../spool/mend.ts';
import { LogScan } from './log-scan.ts';
import { SpoolLeaves } from './spool-leaves.ts';

export interface DrainOptions {
  log: LogReader;
  policy: TrustPolicy;
  /** 60,000 by default */
  timeoutMs?: number;
  /** from one look to the next; 500 by default */
  pollMs?: number;
  signal?: AbortSignal;
  onProgress?: (state: DrainState) => void;
}

/** How far a spool is in the log. */
export interface DrainState {
  drained: boolean;
  /** messages and registrations in the spool, each distinct entry once */
  entries: number;
  /** not under the newest signed checkpoint */
  missing: number;
  /** behind the last promise: they wait for the producer, not for the log */
  unpromised: number;
  /** files in quarantine: what they hold beyond the segments is not looked for */
  quarantined: number;
  /** of the newest signed checkpoint; null before the first */
  size: number | null;
  /** code of why the log could not be read at the last look, or null */
  failing: string | null;
}

/**
 * Waits until a signed checkpoint of the log includes every entry of the spool. The log is read and
 * its root computed again; nothing of the spool is opened or changed.
 * @throws {AuditError} `LOG_BROKEN`; `SPOOL_FOREIGN` when the policy is another log's; `SPOOL_EMPTY`, `SPOOL_CORRUPT`
 */
export async function drainSpool(
  disk: Disk,
  dir: string,
  options: DrainOptions,
): Promise<DrainState> {
  const { policy, timeoutMs = 60_000, pollMs = 500, signal } = options;
  const scan = new LogScan(options.log, {
    origin: policy.origin,
    verifiers: policy.logKeys.map(parseVkey),
    logId: fromHex(policy.logId, 32),
  });
  const leaves = new SpoolLeaves(disk, dir, {
    logId: fromHex(policy.logId, 32),
    wants: (type) => type !== SPOOL_PROMISE,
  });
  await readWhole(leaves);
  if (leaves.count === 0)
    throw new AuditError('SPOOL_EMPTY', { got: dir, want: 'segments with entries' });
  const deadline = performance.now() + timeoutMs;
  let size: number | null = null;
  for (;;) {
    let failing: string | null = null;
    try {
      const head = await scan.head();
      // After the head: whatever it includes was in the spool before.
      await readWhole(leaves);
      await takeIncluded(scan, head, leaves);
      ({ size } = head);
    } catch (error) {
      failing = retryable(error);
    }
    const { count: entries, missing } = leaves;
    const drained = missing === 0 && failing === null;
    const unpromised = [...leaves.segments.values()].reduce((sum, one) => sum + one.unpromised, 0);
    const quarantined = disk.list(`${dir}/${QUARANTINE}`).length;
    const state = { drained, entries, missing, unpromised, quarantined, size, failing };
    options.onProgress?.(state);
    if (drained || performance.now() + pollMs > deadline || signal?.aborted === true) return state;
    await pause(pollMs, signal);
  }
}

/** @throws {AuditError} `SPOOL_CORRUPT`: what damage hides would be taken for drained */
async function readWhole(leaves: SpoolLeaves): Promise<void> {
  await leaves.read();
  for (const { name, damage } of leaves.segments.values())
    if (damage !== null)
      throw new AuditError('SPOOL_CORRUPT', { got: `damage at byte ${damage} of ${name}` });
}

/** What was read counts once its root was compared. */
async function takeIncluded(scan: LogScan, head: Checkpoint, leaves: SpoolLeaves): Promise<void> {
  const found: Hash[] = [];
  await scan.read(head, (tile) => {
    found.push(...tile.filter((leaf) => leaves.has(leaf)));
    return tile.length;
  });
  for (const leaf of found) leaves.take(leaf);
}

/** A log that does not answer is asked again; one that contradicts itself is not. */
function retryable(error: unknown): string {
  const { code } = error as { code?: unknown };
  if (code === 'LOG_FETCH') return code;
  throw error;
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
    if (signal?.aborted === true) done();
  });
}
