import { utf8 } from '@showcause/core';
import { AuditError } from '../errors.ts';
import type { Disk, DiskFile } from './disk.ts';
import { readHolder } from './lock-holder.ts';
import type { Holder, ProcessTable } from './lock-holder.ts';

export const LOCK_NAME = 'spool.lock';
/** A lock that nobody renewed for so long is nobody's, where its holder cannot be looked up. */
export const LEASE_MS = 30_000;
/** Of taking a place that others take and leave meanwhile. */
const MAX_ATTEMPTS = 8;
/** Contenders that died one behind the other. */
const MAX_CLAIMS = 256;

/** Who wants a lock, with its file that lies ready beside it. */
export interface Contender {
  readonly disk: Disk;
  /** of the lock */
  readonly path: string;
  /** of the file that is to become the lock */
  readonly own: string;
  /** the same file */
  readonly file: DiskFile;
  readonly self: Holder;
  readonly processes: ProcessTable;
}

/** @throws {AuditError} `SPOOL_LOCKED`, `SPOOL_LINKS` */
export function takePlace(contender: Contender): void {
  const { disk, path } = contender;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (linked(contender, path)) return;
    const holder = readHolder(disk, path);
    if (holder === 'none') continue;
    refuseHeld(contender, path, holder);
    if (replaceLeft(contender, holder)) return;
  }
  throw new AuditError('SPOOL_LOCKED', { got: `a lock that comes back at ${path}` });
}

/**
 * Whether our file now has that name. The name itself is asked too: a server that is asked again after a lost answer may
 * say that the name is taken, by us (link(2), notes on NFS).
 */
function linked({ disk, own, file }: Contender, name: string): boolean {
  try {
    return disk.link(own, name) || file.isAt(name);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code))
      throw new AuditError('SPOOL_LINKS', { got: `${code} for ${name}`, cause: error });
    if (code !== 'ENOENT') throw error;
    throw new AuditError('SPOOL_LOCKED', { got: `another process that took this one for dead` });
  }
}

/**
 * Several processes may find the same lock left behind. Who claims the place behind it alone may put its own file there; a
 * claim whose owner died on the way is left behind too, and the next place is behind that.
 * @returns whether the lock is ours; false when it was no longer the one that was left
 */
function replaceLeft(contender: Contender, left: Holder | 'unreadable'): boolean {
  const { disk, path, own, file } = contender;
  const claims: string[] = [];
  try {
    for (let before: Holder | 'unreadable' = left; ;) {
      const claim = `${path}.after-${before === 'unreadable' ? `${before}-${claims.length}` : before.nonce}`;
      claims.push(claim);
      if (linked(contender, claim)) break;
      const claimant = readHolder(disk, claim);
      if (claimant === 'none') return false;
      refuseHeld(contender, claim, claimant);
      if (claims.length === MAX_CLAIMS)
        throw new AuditError('SPOOL_LOCKED', {
          got: `${claims.length} claims to ${path} of processes that are gone`,
          want: `a folder without ${LOCK_NAME}.after-* files: delete them while no process uses it`,
        });
      before = claimant;
    }
    if (JSON.stringify(readHolder(disk, path)) !== JSON.stringify(left)) return false;
    disk.rename(own, path);
    return true;
  } finally {
    // The others' last: while they are there, nobody else can come by.
    const isOurs = claims.length > 0 && file.isAt(claims.at(-1)!);
    if (isOurs) for (const claim of claims.reverse()) removeIfThere(disk, claim);
  }
}

function removeIfThere(disk: Disk, path: string): void {
  if (disk.modified(path) !== null) disk.remove(path);
}

/**
 * Clears away what contenders left that died on the way. One that is not readable may be of one that has just begun. It may
 * fail: what lies there keeps nobody from the lock.
 */
export function removeRemains(contender: Contender, dir: string): void {
  const { disk, self } = contender;
  for (const name of disk.list(dir).filter((name) => name.startsWith(`${LOCK_NAME}.`)))
    try {
      const holder = readHolder(disk, `${dir}/${name}`);
      if (typeof holder === 'string' || holder.nonce === self.nonce) continue;
      refuseHeld(contender, `${dir}/${name}`, holder);
      removeIfThere(disk, `${dir}/${name}`);
    } catch {
      // Somebody is still on the way, or it is not ours to read or remove.
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
  // A time far ahead is of a clock that was set back since: who lives would have renewed it.
  const age = ageOf(disk, path, self);
  if (Math.abs(age) < LEASE_MS)
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
