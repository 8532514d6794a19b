import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isJsonObject, parseJson } from '@showcause/core';
import type { Disk } from './disk.ts';

/** Who holds a spool. `startedAt` tells a living holder from a later process with the same number. */
export interface Holder {
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

/** Who a lock or a claim names. */
export function readHolder(disk: Disk, path: string): Holder | 'unreadable' | 'none' {
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
