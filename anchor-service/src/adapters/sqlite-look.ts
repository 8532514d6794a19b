import { existsSync } from 'node:fs';
import type { StoreLook } from '../doctor/store.ts';
import { openSqlite } from '../sqlite/driver.ts';
import { SCHEMA_VERSION } from './sqlite-schema.ts';

/** A store's file as it lies there, beside a service that works on it: nothing is written. Null when there is none. */
export function lookIntoSqlite(path: string): StoreLook | null {
  if (!existsSync(path)) return null;
  const database = openSqlite(path);
  try {
    database.exec('PRAGMA busy_timeout = 2000');
    database.exec('PRAGMA query_only = ON');
    const version = database.rows('PRAGMA user_version')[0]?.[0];
    return {
      place: 'SQLite',
      schema: { found: Number(version), wanted: SCHEMA_VERSION },
      settings: { dangerous: [], checksums: null },
      rows: (sql) => Promise.resolve(database.rows(sql)),
      close: () => Promise.resolve(database.close()),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}
