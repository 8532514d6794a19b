// Where a log of the benches is stored, and how many bytes it takes there.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/scratch.mjs';

/**
 * @typedef {{ database: number, sealed: number, tiles: number }} StoredBytes  all of the database, and what of it is sealed payloads
 * @typedef {{ config: unknown, bytes(log: string): Promise<StoredBytes>, drop(): Promise<void> }} BenchStore
 * @returns {BenchStore}
 */
export function sqliteStore(dir) {
  const folder = join(dir, 'store');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'log.sqlite');
  return {
    config: file,
    async bytes(log) {
      return {
        database: folderBytes(folder),
        sealed: sealedInSqlite(file),
        tiles: folderBytes(log),
      };
    },
    drop: async () => undefined,
  };
}

function sealedInSqlite(file) {
  const Database = createRequire(join(root, 'anchor-service/package.json'))('libsql');
  const database = new Database(file);
  const [bytes] = database
    .prepare('SELECT coalesce(sum(length(bytes)), 0) FROM sealed')
    .raw()
    .get([]);
  database.close();
  return bytes;
}

let schemas = 0;

/** A schema of its own in a server of `@showcause/parts`. @returns {BenchStore & { schema: string }} */
export function postgresStore(dir, postgres) {
  const schema = `bench_${schemas++}`;
  const ask = async (sql) => Number((await postgres.query(sql))[0][0]);
  return {
    schema,
    config: {
      kind: 'postgres',
      url: postgres.url(),
      passwordFile: postgres.passwordFile,
      schema,
      signedFile: join(dir, 'signed.json'),
    },
    async bytes(log) {
      const database = await ask(
        `SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = '${schema}'::regnamespace`,
      );
      const sealed = await ask(`SELECT coalesce(sum(length(bytes)), 0) FROM ${schema}.sealed`);
      return { database, sealed, tiles: folderBytes(log) };
    },
    drop: async () => void (await postgres.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)),
  };
}

export function folderBytes(dir) {
  if (!existsSync(dir)) return 0;
  const { stdout } = spawnSync('du', ['-sb', dir], { encoding: 'utf8' });
  return Number.parseInt(stdout, 10);
}
