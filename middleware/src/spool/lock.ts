import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isJsonObject, parseJson, utf8 } from '@showcause/core';
import { AuditError } from '../errors.ts';
import { randomId } from '../sealing/random.ts';
import type { Disk, DiskFile } from './disk.ts';

const LOCK_NAME = 'spool.lock';
/** A lock that nobody renewed for so long is nobody's, where its holder cannot be looked up. */
const LEASE_MS = 30_000;
const RENEW_MS = 5000;

/** Who holds a spool. `startedAt` tells a living holder from a later process with the same number. */
interface Holder {
  pid: number;
  startedAt: string;
  host: string;
  /** where `pid` means something: one boot of one kernel and one pid namespace; null when unknown */
  space: string | null;
  /** tells this lock from every other */
  nonce: string;
}

/** What the lock asks the system. */
export interface ProcessTable {
  self(): Omit<Holder, 'nonce'>;
  /** The start time of a process of this space, or null when there is none. */
  startedAt(pid: number): string | null;
}

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

/** Reads `/proc` where there is one; elsewhere a living pid counts as the holder. */
export function processTable(disk: Disk): ProcessTable {
  const startedAt = (pid: number): string | null => {
    const stat = disk.read(`/proc/${pid}/stat`);
    if (stat !== null) {
      const text = new TextDecoder().decode(stat);
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      // Killed, and its parent has not looked yet: it writes nothing any more.
      return /^[ZX]$/.test(fields[0]!) ? null : (fields[19] ?? null);
    }
    try {
      process.kill(pid, 0);
      return 'alive';
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'alive' : null;
    }
  };
  return {
    self: () => ({
      pid: process.pid,
      startedAt: startedAt(process.pid) ?? 'alive',
      host: hostname(),
      space: processSpace(),
    }),
    startedAt,
  };
}

/** Containers may share a host name, and their pids all begin at 1: only the kernel tells them apart. */
function processSpace(): string | null {
  if (process.platform !== 'linux') return `host ${hostname()}`;
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

/**
 * Takes the one lock of a spool folder: a file made with O_EXCL that its holder renews. Where the
 * holder's process can be looked up, that decides: gone is free at once. A holder in another
 * container or on another machine cannot be looked up; its lock is free once it was not renewed for
 * 30 seconds. A holder that was only slow is fenced: it calls {@link SpoolLock.check} after each sync
 * and before it releases anything, so whatever it released lies in the spool that its successor reads.
 * @throws {AuditError} `SPOOL_LOCKED`
 */
export function lockSpool(disk: Disk, dir: string, processes: ProcessTable): SpoolLock {
  const path = `${dir}/${LOCK_NAME}`;
  const self: Holder = { ...processes.self(), nonce: randomId() };
  const bytes = utf8(JSON.stringify(self));
  for (let attempt = 0; attempt < 3; attempt++) {
    const file = createLock(disk, path, bytes);
    if (file !== null) return heldLock(disk, path, file, bytes);
    const holder = readHolder(disk, path);
    if (holder !== null) refuseHeld(disk, path, holder, self, processes);
    if (!removeStale(disk, path, holder, self))
      throw new AuditError('SPOOL_LOCKED', { got: `another process that took over ${path}` });
  }
  throw new AuditError('SPOOL_LOCKED', { got: `a lock that comes back at ${path}` });
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
  if (holder === null) return { state: 'left', holder: null, renewedMs };
  const isHere = holder.space !== null && holder.space === processes.self().space;
  const isHeld = isHere
    ? processes.startedAt(holder.pid) === holder.startedAt
    : renewedMs < LEASE_MS;
  const { pid, host } = holder;
  return { state: isHeld ? 'held' : 'left', holder: { pid, host }, renewedMs };
}

function createLock(disk: Disk, path: string, bytes: Uint8Array): DiskFile | null {
  try {
    const file = disk.create(path);
    file.write(bytes, 0);
    file.datasync();
    return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return null;
  }
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

function refuseHeld(
  disk: Disk,
  path: string,
  holder: Holder,
  self: Holder,
  processes: ProcessTable,
): void {
  const got = `process ${holder.pid} on ${holder.host} at ${path}`;
  if (holder.space !== null && holder.space === self.space) {
    if (processes.startedAt(holder.pid) === holder.startedAt)
      throw new AuditError('SPOOL_LOCKED', { got });
    return;
  }
  const age = ageOf(disk, path, self);
  if (age < LEASE_MS)
    throw new AuditError('SPOOL_LOCKED', {
      got: `${got}, renewed ${Math.max(0, Math.round(age / 1000))} s ago`,
      want: `a lock that was not renewed for ${LEASE_MS / 1000} s: then it is taken over`,
    });
}

/** Milliseconds since a file was written, both times by the clock that the file system stamps with. */
function ageOf(disk: Disk, path: string, { nonce }: Holder): number {
  const probe = `${path}.${nonce}.probe`;
  const file = disk.create(probe);
  try {
    file.write(utf8(nonce), 0);
    file.datasync();
    const now = disk.modified(probe);
    const then = disk.modified(path);
    // Gone meanwhile: O_EXCL decides who is next.
    return now === null || then === null ? Infinity : now - then;
  } finally {
    file.close();
    disk.remove(probe);
  }
}

/** Two processes may find the same stale lock: only what is still that lock is taken away. */
function removeStale(disk: Disk, path: string, stale: Holder | null, { nonce }: Holder): boolean {
  const aside = `${path}.${nonce}.stale`;
  try {
    disk.rename(path, aside);
  } catch {
    return true; // gone meanwhile; O_EXCL decides who is next
  }
  const moved = readHolder(disk, aside);
  if (JSON.stringify(moved) !== JSON.stringify(stale)) {
    disk.rename(aside, path);
    return false;
  }
  disk.remove(aside);
  return true;
}

function readHolder(disk: Disk, path: string): Holder | null {
  try {
    const bytes = disk.read(path);
    const value = bytes === null ? null : parseJson(new TextDecoder().decode(bytes));
    if (value === null || !isJsonObject(value)) return null;
    const { pid, startedAt, host, space = null, nonce } = value;
    if (typeof pid !== 'number' || typeof startedAt !== 'string' || typeof host !== 'string')
      return null;
    if (typeof nonce !== 'string' || (space !== null && typeof space !== 'string')) return null;
    return { pid, startedAt, host, space, nonce };
  } catch {
    return null; // torn by a crash: its writer never held a spool
  }
}
