import { utf8 } from '@showcause/core';
import { AuditError } from '../errors.ts';
import { randomId } from '../sealing/random.ts';
import type { Disk, DiskFile } from './disk.ts';
import { processTable, readHolder } from './lock-holder.ts';
import type { Holder, ProcessTable } from './lock-holder.ts';
import { LEASE_MS, LOCK_NAME, removeRemains, takePlace } from './lock-place.ts';

const RENEW_MS = 5000;

/** What the lock file of a spool says, and whether anybody is behind it. */
export interface LockState {
  /** 'left': whoever held it is gone, or never renewed it; the next start takes it */
  state: 'free' | 'held' | 'left';
  /** null when nothing readable is there */
  holder: { pid: number; host: string } | null;
  /** ms since it was renewed, by this machine's clock; null when nothing is there */
  renewedMs: number | null;
}

/** A held lock. */
export interface SpoolLock {
  /** @throws {AuditError} `SPOOL_LOCKED` once another process has taken the spool over */
  check(): void;
  release(): void;
}

/**
 * Takes the one lock of a spool folder: a file that its holder renews, put in its place whole by link(2), so that nobody
 * finds it half written. Where the holder's process can be looked up, that decides: gone is free at once. A holder in another
 * container or on another machine cannot be looked up; its lock is free once it was not renewed for
 * 30 seconds. A holder that was only slow is fenced: it calls {@link SpoolLock.check} after each sync
 * and before it releases anything, so whatever it released lies in the spool that its successor reads.
 * @throws {AuditError} `SPOOL_LOCKED`, `SPOOL_LINKS`
 */
export function lockSpool(disk: Disk, dir: string, processes: ProcessTable): SpoolLock {
  const path = `${dir}/${LOCK_NAME}`;
  const self: Holder = { ...processes.self(), nonce: randomId() };
  const bytes = utf8(JSON.stringify(self));
  const own = `${path}.${self.nonce}`;
  const file = disk.create(own);
  try {
    file.write(bytes, 0);
    file.datasync();
    const contender = { disk, path, own, file, self, processes };
    takePlace(contender);
    removeRemains(contender, dir);
    if (!file.isAt(path))
      throw new AuditError('SPOOL_LOCKED', { got: `another holder of ${path}` });
    return heldLock(disk, path, file, bytes);
  } catch (error) {
    if (file.isAt(path)) disk.remove(path);
    file.close();
    throw error;
  } finally {
    if (disk.modified(own) !== null) disk.remove(own);
  }
}

/** Looks at the lock of a spool without touching anything. @param now Unix ms */
export function lockState(
  disk: Disk,
  dir: string,
  processes: ProcessTable = processTable(disk),
  now: number = Date.now(),
): LockState {
  const path = `${dir}/${LOCK_NAME}`;
  const modified = disk.modified(path);
  if (modified === null) return { state: 'free', holder: null, renewedMs: null };
  const renewedMs = Math.max(0, Math.round(now - modified));
  const holder = readHolder(disk, path);
  if (typeof holder === 'string') return { state: 'left', holder: null, renewedMs };
  const isHere = holder.space !== null && holder.space === processes.self().space;
  const isHeld = isHere
    ? processes.startedAt(holder.pid) === holder.startedAt
    : renewedMs < LEASE_MS;
  const { pid, host } = holder;
  return { state: isHeld ? 'held' : 'left', holder: { pid, host }, renewedMs };
}

function heldLock(disk: Disk, path: string, file: DiskFile, bytes: Uint8Array): SpoolLock {
  const renewal = setInterval(() => {
    try {
      // The same bytes again: what counts is the time that the file system gives them.
      file.write(bytes, 0);
      file.datasyncLater(() => undefined);
    } catch {
      // A disk that takes no byte lets the lease run out; `check` sees what came of it.
    }
  }, RENEW_MS);
  renewal.unref();
  return {
    check() {
      if (!file.isAt(path))
        throw new AuditError('SPOOL_LOCKED', { got: `another holder of ${path}` });
    },
    release() {
      clearInterval(renewal);
      const held = file.isAt(path);
      file.close();
      if (held) disk.remove(path);
    },
  };
}
