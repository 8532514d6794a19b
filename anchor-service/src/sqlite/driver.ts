import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

export type SqliteValue = null | number | string | Uint8Array;

/** The little of SQLite that the store needs, the same over both drivers. Synchronous. */
export interface SqliteDatabase {
  /** One or more statements without parameters. */
  exec(sql: string): void;
  /** @returns rows changed */
  run(sql: string, ...values: SqliteValue[]): number;
  rows(sql: string, ...values: SqliteValue[]): SqliteValue[][];
  close(): void;
}

export type SqliteDriver = (path: string) => SqliteDatabase;

/** Drivers that this runtime offers, best first: `node:sqlite` (Node 22.13 and later), `libsql`. */
export function sqliteDrivers(): Map<string, SqliteDriver> {
  const drivers = new Map<string, SqliteDriver>();
  const builtin = nodeSqlite();
  if (builtin !== null) drivers.set('node:sqlite', (path) => builtinDatabase(new builtin(path)));
  drivers.set('libsql', (path) => libsqlDatabase(path));
  return drivers;
}

export function openSqlite(path: string): SqliteDatabase {
  const [driver] = sqliteDrivers().values();
  return driver!(path);
}

/**
 * A file that is only looked at: nothing is written beside it either, and what a dead process left in its journal is
 * neither taken in nor removed.
 * @param isStill  nobody has it open, so that no journal is looked for or made
 */
export function openSqliteReadOnly(path: string, isStill: boolean): SqliteDatabase {
  const { href } = pathToFileURL(path);
  // Only this driver takes an address, which is where SQLite is told so.
  return libsqlDatabase(`${href}?${isStill ? 'immutable=1' : 'mode=ro'}`);
}

interface BuiltinStatement {
  run(...values: SqliteValue[]): { changes: number | bigint };
  all(...values: SqliteValue[]): Record<string, SqliteValue>[];
}
interface BuiltinDatabase {
  exec(sql: string): void;
  prepare(sql: string): BuiltinStatement;
  close(): void;
}

function nodeSqlite(): (new (path: string) => BuiltinDatabase) | null {
  // Types of Node 20 do not know it; without a flag it is there from 22.13 on.
  const get = (process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (get === undefined || major < 22 || (major === 22 && minor < 13)) return null;
  const found = get('node:sqlite') as
    { DatabaseSync?: new (path: string) => BuiltinDatabase } | undefined;
  return found?.DatabaseSync ?? null;
}

function builtinDatabase(database: BuiltinDatabase): SqliteDatabase {
  const prepared = cached((sql) => database.prepare(sql));
  let isOpen = true;
  return {
    exec: (sql) => database.exec(sql),
    run: (sql, ...values) => Number(prepared(sql).run(...values).changes),
    rows: (sql, ...values) =>
      prepared(sql)
        .all(...values)
        .map((row) => Object.values(row)),
    // Twice is once, as with the other driver.
    close: () => {
      if (isOpen) database.close();
      isOpen = false;
    },
  };
}

interface LibsqlStatement {
  raw(): LibsqlStatement;
  run(values: SqliteValue[]): { changes: number };
  all(values: SqliteValue[]): SqliteValue[][];
}
interface LibsqlDatabase {
  exec(sql: string): void;
  prepare(sql: string): LibsqlStatement;
  close(): void;
}

function libsqlDatabase(path: string): SqliteDatabase {
  const Libsql = createRequire(import.meta.url)('libsql') as new (path: string) => LibsqlDatabase;
  const database = new Libsql(path);
  const write = cached((sql) => database.prepare(sql));
  // Rows as arrays: as objects, libsql gives blobs as ArrayBuffer and adds a member of its own.
  const read = cached((sql) => database.prepare(sql).raw());
  return {
    exec: (sql) => database.exec(sql),
    run: (sql, ...values) => write(sql).run(values).changes,
    rows: (sql, ...values) => read(sql).all(values),
    close: () => database.close(),
  };
}

function cached<T>(make: (sql: string) => T): (sql: string) => T {
  const made = new Map<string, T>();
  return (sql) => {
    const known = made.get(sql);
    if (known !== undefined) return known;
    const fresh = make(sql);
    made.set(sql, fresh);
    return fresh;
  };
}
