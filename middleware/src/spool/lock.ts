import { hostname } from 'node:os';
import { isJsonObject, parseJson, utf8 } from '@showcause/core';
import { AuditError } from '../errors.ts';
import type { Disk } from './disk.ts';

const LOCK_NAME = 'spool.lock';

/** Who holds a spool. `startedAt` tells a living holder from a later process with the same number. */
interface Holder {
  pid: number;
  startedAt: string;
  host: string;
}

/** What the lock asks the system. */
export interface ProcessTable {
  self(): Holder;
  /** The start time of a process of this host, or null when there is none. */
  startedAt(pid: number): string | null;
}

/** Reads `/proc` where there is one; elsewhere a living pid counts as the holder. */
export function processTable(disk: Disk): ProcessTable {
  const startedAt = (pid: number): string | null => {
    const stat = disk.read(`/proc/${pid}/stat`);
    if (stat !== null) {
      const text = new TextDecoder().decode(stat);
      return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
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
    }),
    startedAt,
  };
}

/**
 * Takes the one lock of a spool folder: O_EXCL, with pid and start time of the holder. A lock whose
 * holder is gone is taken over; one of another host cannot be checked and is respected.
 * @throws {AuditError} `SPOOL_LOCKED`
 */
export function lockSpool(disk: Disk, dir: string, processes: ProcessTable): { release(): void } {
  const path = `${dir}/${LOCK_NAME}`;
  const self = processes.self();
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = disk.create(path);
      file.write(utf8(JSON.stringify(self)), 0);
      file.datasync();
      file.close();
      return { release: () => disk.remove(path) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readHolder(disk, path);
    if (holder !== null && isHeld(holder, self, processes))
      throw new AuditError('SPOOL_LOCKED', {
        got: `process ${holder.pid} on ${holder.host} at ${path}`,
      });
    if (!removeStale(disk, path, holder, self.pid))
      throw new AuditError('SPOOL_LOCKED', { got: `another process that took over ${path}` });
  }
  throw new AuditError('SPOOL_LOCKED', { got: `a lock that comes back at ${path}` });
}

function isHeld(holder: Holder, self: Holder, processes: ProcessTable): boolean {
  return holder.host !== self.host || processes.startedAt(holder.pid) === holder.startedAt;
}

/** Two processes may find the same stale lock: only what is still that lock is taken away. */
function removeStale(disk: Disk, path: string, stale: Holder | null, pid: number): boolean {
  const aside = `${path}.${pid}.stale`;
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
    const { pid, startedAt, host } = value;
    if (typeof pid !== 'number' || typeof startedAt !== 'string' || typeof host !== 'string')
      return null;
    return { pid, startedAt, host };
  } catch {
    return null; // torn by a crash: its writer never held a spool
  }
}
