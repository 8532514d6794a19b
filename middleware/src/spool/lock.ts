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
/** Of taking a place that others take and leave meanwhile. */
const MAX_ATTEMPTS = 8;

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
 * Takes the one lock of a spool folder: a file that its holder renews, put in its place whole by link(2), so that nobody
 * finds it half written. Where the holder's process can be looked up, that decides: gone is free at once. A holder in another
 * container or on another machine cannot be looked up; its lock is free once it was not renewed for
 * 30 seconds. A holder that was only slow is fenced: it calls {@link SpoolLock.check} after each sync
 * and before it releases anything, so whatever it released lies in the spool that its successor reads.
 * @throws {AuditError} `SPOOL_LOCKED`
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
    const contender = { disk, path, own, self, processes };
    takePlace(contender);
    removeRemains(contender, dir);
    return heldLock(disk, path, file, bytes);
  } catch (error) {
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

/** Who wants a lock, with its file that lies ready beside it. */
interface Contender {
  disk: Disk;
  path: string;
  own: string;
  self: Holder;
  processes: ProcessTable;
}

/** @throws {AuditError} `SPOOL_LOCKED` */
function takePlace(contender: Contender): void {
  const { disk, path, own } = contender;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (disk.link(own, path)) return;
    const holder = readHolder(disk, path);
    if (holder === 'none') continue;
    refuseHeld(contender, path, holder);
    if (replaceLeft(contender, holder)) return;
  }
  throw new AuditError('SPOOL_LOCKED', { got: `a lock that comes back at ${path}` });
}

/**
 * Several processes may find the same lock left behind. Who claims the place behind it alone may put its own file there; a
 * claim whose owner died on the way is left behind too, and the next place is behind that.
 * @returns whether the lock is ours; false when it was no longer the one that was left
 */
function replaceLeft(contender: Contender, left: Holder | 'unreadable'): boolean {
  const { disk, path, own } = contender;
  const claims: string[] = [];
  for (let before: Holder | 'unreadable' = left; ;) {
    const claim = `${path}.after-${before === 'unreadable' ? before : before.nonce}`;
    claims.push(claim);
    if (disk.link(own, claim)) break;
    const claimant = readHolder(disk, claim);
    if (claimant === 'none') return false;
    refuseHeld(contender, claim, claimant);
    if (claims.length === MAX_ATTEMPTS)
      throw new AuditError('SPOOL_LOCKED', { got: `${claims.length} claims to ${path}` });
    before = claimant;
  }
  const isLeft = JSON.stringify(readHolder(disk, path)) === JSON.stringify(left);
  if (isLeft) disk.rename(own, path);
  for (const claim of claims.reverse()) if (disk.modified(claim) !== null) disk.remove(claim);
  return isLeft;
}

/** What contenders left that died on the way. One that is not readable may be of one that has just begun. */
function removeRemains(contender: Contender, dir: string): void {
  const { disk } = contender;
  for (const name of disk.list(dir).filter((name) => name.startsWith(`${LOCK_NAME}.`))) {
    const holder = readHolder(disk, `${dir}/${name}`);
    if (typeof holder === 'string' || holder.nonce === contender.self.nonce) continue;
    try {
      refuseHeld(contender, `${dir}/${name}`, holder);
    } catch {
      continue; // somebody is still on the way
    }
    if (disk.modified(`${dir}/${name}`) !== null) disk.remove(`${dir}/${name}`);
  }
}

/** @throws {AuditError} `SPOOL_LOCKED` when somebody is behind this lock or claim */
function refuseHeld(
  { disk, self, processes }: Contender,
  path: string,
  holder: Holder | 'unreadable',
): void {
  if (holder === 'unreadable') return;
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
    // Gone meanwhile: who links first is next.
    return now === null || then === null ? Infinity : now - then;
  } finally {
    file.close();
    disk.remove(probe);
  }
}

function readHolder(disk: Disk, path: string): Holder | 'unreadable' | 'none' {
  const bytes = disk.read(path);
  return bytes === null ? 'none' : (parseHolder(bytes) ?? 'unreadable');
}

function parseHolder(bytes: Uint8Array): Holder | null {
  try {
    const value = parseJson(new TextDecoder().decode(bytes));
    if (!isJsonObject(value)) return null;
    const { pid, startedAt, host, space = null, nonce } = value;
    if (typeof pid !== 'number' || typeof startedAt !== 'string' || typeof host !== 'string')
      return null;
    if (typeof nonce !== 'string' || !/^[\w-]{1,64}$/.test(nonce)) return null;
    return space === null || typeof space === 'string'
      ? { pid, startedAt, host, space, nonce }
      : null;
  } catch {
    return null; // not JSON: damaged, and nobody's
  }
}
