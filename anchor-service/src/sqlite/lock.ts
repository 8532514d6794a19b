import { existsSync } from 'node:fs';
import { ServiceError } from '../errors.ts';
import { openSqlite } from './driver.ts';

export interface Lock {
  release(): void;
}

/**
 * Holds a file lock until it is released or the process dies, kill -9 included: the lock is SQLite's own, which the
 * kernel keeps. A file with a process id would outlive its process, and ids are used again.
 * @throws {ServiceError} `STORE_LOCKED`
 */
export function holdLock(path: string): Lock {
  const database = openSqlite(path);
  try {
    database.exec('PRAGMA busy_timeout = 0');
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE');
    database.exec('CREATE TABLE IF NOT EXISTS held (one INTEGER)');
  } catch (cause) {
    database.close();
    throw new ServiceError('STORE_LOCKED', {
      got: existsSync(path) ? path : 'no lock file',
      cause,
    });
  }
  return { release: () => database.close() };
}
