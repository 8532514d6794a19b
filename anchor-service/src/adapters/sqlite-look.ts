import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoreLook } from '../doctor/store.ts';
import { openSqliteReadOnly } from '../sqlite/driver.ts';
import type { SqliteDatabase } from '../sqlite/driver.ts';
import { SCHEMA_VERSION } from './sqlite-schema.ts';

/**
 * A store's file as it lies there, beside a service that works on it: nothing is written, not even a file beside it, which
 * would belong to whoever looks. Null when there is none.
 */
export function lookIntoSqlite(path: string): StoreLook | null {
  if (!existsSync(path)) return null;
  const { database, close } = openLook(path);
  try {
    database.exec('PRAGMA busy_timeout = 2000');
    const version = database.rows('PRAGMA user_version')[0]?.[0];
    return {
      place: 'SQLite',
      schema: { found: Number(version), wanted: SCHEMA_VERSION },
      settings: { dangerous: [], checksums: null },
      rows: (sql) => Promise.resolve(database.rows(sql)),
      close: () => Promise.resolve(close()),
    };
  } catch (error) {
    close();
    throw error;
  }
}

function openLook(path: string): { database: SqliteDatabase; close: () => void } {
  const hasJournal = existsSync(`${path}-wal`);
  // A journal without its index: reading makes one beside it.
  if (hasJournal && !existsSync(`${path}-shm`)) return openCopy(path);
  const database = openSqliteReadOnly(path, !hasJournal);
  return { database, close: () => database.close() };
}

function openCopy(path: string): { database: SqliteDatabase; close: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'showcause-look-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, 'store.sqlite');
    for (const end of ['', '-wal']) copyFileSync(`${path}${end}`, `${copy}${end}`);
    const database = openSqliteReadOnly(copy, false);
    return {
      database,
      close() {
        database.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
