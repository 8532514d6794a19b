import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MemoryStore, emptyDisk } from '../src/adapters/store-memory.ts';
import { openPostgresStore } from '../src/adapters/store-postgres.ts';
import { openThreadedSqliteStore } from '../src/adapters/store-sqlite-thread.ts';
import { openSqliteStore } from '../src/adapters/store-sqlite.ts';
import type { Store } from '../src/ports.ts';
import { sha256, utf8 } from '@showcause/core';
import { indexOfHash } from '../src/adapters/sqlite-schema.ts';
import { sqliteDrivers } from '../src/sqlite/driver.ts';
import { describeWithPostgres, startPostgres } from '../../test/support/postgres.ts';
import type { Postgres } from '../../test/support/postgres.ts';
import { newFolder, removeFolders, silent } from './support/log.ts';
import { at, change, leaf } from './support/store-changes.ts';
import { storeConformance } from './support/store-conformance.ts';

afterAll(removeFolders);

describe('a store in memory', () => {
  let disk = emptyDisk();
  storeConformance({
    create: async () => new MemoryStore((disk = emptyDisk())),
    reopen: async () => new MemoryStore(disk),
  });
});

describe.each([...sqliteDrivers()])('a store in SQLite through %s', (_name, driver) => {
  let path: string;
  storeConformance({
    create: async () => openSqliteStore((path = join(newFolder(), 'log.sqlite')), { driver }),
    reopen: async () => openSqliteStore(path, { driver, lock: false }),
  });
});

const thread = new URL('../dist/adapters/sqlite-thread.js', import.meta.url);
const threaded = (path: string): Promise<Store> => openThreadedSqliteStore(path, thread);

describe('a store in SQLite on a thread of its own', () => {
  let path: string;
  storeConformance({
    create: () => threaded((path = join(newFolder(), 'log.sqlite'))),
    reopen: async () => openSqliteStore(path, { lock: false }),
  });

  test('has the compiled thread', () => {
    expect(existsSync(thread)).toBe(true);
  });

  test('reads see what was written before them, and a call after the end is refused', async () => {
    const store = await threaded(join(newFolder(), 'log.sqlite'));
    const lease = await store.takeLease();
    const committed = store.commit(change(lease, [leaf(0, null), leaf(1, at(0))]));
    expect(await store.hashesAt([at(0)])).toStrictEqual([leaf(1, null).hash]);
    await committed;
    expect(await store.leaves(0, 9)).toHaveLength(2);
    await store.close();
    await expect(store.head()).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  test('a file that cannot be opened is refused with its code', async () => {
    const path = join(newFolder(), 'log.sqlite');
    const holder = openSqliteStore(path);
    await expect(threaded(path)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await holder.close();
    const store = await threaded(path);
    await store.close();
  });

  test('a thread that ends by itself fails all that waits, and nothing that is asked later hangs', async () => {
    const dying = join(newFolder(), 'thread.mjs');
    writeFileSync(
      dying,
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', () => process.exit(3));
       parentPort.postMessage({ id: 0, value: null });`,
    );
    const path = join(newFolder(), 'log.sqlite');
    const store = await openThreadedSqliteStore(path, pathToFileURL(dying));
    const got = 'exit 3 of its thread';
    // Whether what was under way is durable nobody can say; what is asked later was not begun.
    await expect(store.commit(change(1, [leaf(0, null)]))).rejects.toMatchObject({
      code: 'STORE_UNKNOWN',
      got,
    });
    await expect(store.head()).rejects.toMatchObject({ code: 'STORE_FAILED', got });
    await store.close();
  });

  test('an error that ends its thread is named', async () => {
    const dying = join(newFolder(), 'thread.mjs');
    writeFileSync(
      dying,
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', () => { throw new RangeError('what nobody may read'); });
       parentPort.postMessage({ id: 0, value: null });`,
    );
    const path = join(newFolder(), 'log.sqlite');
    const store = await openThreadedSqliteStore(path, pathToFileURL(dying));
    await expect(store.commit(change(1, [leaf(0, null)]))).rejects.toMatchObject({
      code: 'STORE_UNKNOWN',
      got: 'RangeError of its thread',
    });
    await store.close();
  });
});

describeWithPostgres('a store in PostgreSQL', () => {
  let server: Postgres;
  let schemas = 0;
  const open = () =>
    openPostgresStore(
      {
        url: server.url(),
        passwordFile: server.passwordFile,
        caFile: null,
        schema: `log_${schemas}`,
      },
      // So long that nobody renews it here.
      { logger: silent, leaseMs: 60_000 },
    );
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop());
  storeConformance({
    create: () => {
      schemas++;
      return open();
    },
    reopen: async () => {
      await server.query(`UPDATE log_${schemas}.head SET lease_until = '-infinity'`);
      return open();
    },
  });
});

describe('the SQLite store', () => {
  test('goes on where it was closed, and where it was not', async () => {
    const path = join(newFolder(), 'log.sqlite');
    let store = openSqliteStore(path);
    const lease = await store.takeLease();
    await store.commit(change(lease, [leaf(0, null)]));
    await store.close();
    // Opened without a lock and never closed: as after kill -9, where the kernel frees the lock.
    store = openSqliteStore(path, { lock: false });
    expect(await store.takeLease()).toBe(lease + 1);
    await store.commit(change(lease + 1, [leaf(1, null)]));
    const again = openSqliteStore(path);
    expect((await again.head()).size).toBe(2);
    expect(await again.takeLease()).toBe(lease + 2);
    await again.close();
  });

  test.each([...sqliteDrivers()])(
    'is read by its owner alone, also in a folder that is open: %s',
    async (_name, driver) => {
      const dir = newFolder();
      chmodSync(dir, 0o755);
      const path = join(dir, 'log.sqlite');
      const store = openSqliteStore(path, { driver });
      await store.commit(change(await store.takeLease(), [leaf(0, null)]));
      for (const file of [path, `${path}-wal`, `${path}-shm`])
        if (existsSync(file)) expect(statSync(file).mode & 0o077).toBe(0);
      await store.close();
    },
  );

  test('a second instance is refused by the lock, and fenced by the lease where there is no lock', async () => {
    const path = join(newFolder(), 'log.sqlite');
    const first = openSqliteStore(path);
    const lease = await first.takeLease();
    expect(() => openSqliteStore(path)).toThrow(expect.objectContaining({ code: 'STORE_LOCKED' }));
    const second = openSqliteStore(path, { lock: false });
    const newer = await second.takeLease();
    await expect(first.commit(change(lease, [leaf(0, null)]))).rejects.toMatchObject({
      code: 'STORE_FENCED',
    });
    await second.commit(change(newer, [leaf(0, null)]));
    await first.close();
    await second.close();
    const third = openSqliteStore(path);
    expect((await third.head()).size).toBe(1);
    await third.close();
  });

  test('a damaged file and one of another version are refused, and the lock is free again', async () => {
    const dir = newFolder();
    const path = join(dir, 'log.sqlite');
    writeFileSync(path, 'this is no database at all, only text that is long enough to be read');
    for (let i = 0; i < 2; i++)
      expect(() => openSqliteStore(path)).toThrow(
        expect.objectContaining({ code: 'STORE_CORRUPT' }),
      );
    const other = join(dir, 'other.sqlite');
    const [driver] = sqliteDrivers().values();
    const database = driver!(other);
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(() => openSqliteStore(other)).toThrow(expect.objectContaining({ code: 'STORE_SCHEMA' }));
    await Promise.resolve();
  });

  test.each([
    [2, 'CREATE INDEX leaves_hash ON leaves (hash)'],
    [3, 'CREATE INDEX leaves_hash ON leaves (idx / 65536, substr(hash, 1, 8))'],
  ])(
    'a file of version %i is brought to this one, and its leaves are found by their hash',
    async (version, index) => {
      const path = join(newFolder(), 'log.sqlite');
      const store = openSqliteStore(path);
      const leaves = [leaf(0, null), leaf(1, at(0)), leaf(2, at(1)), leaf(3, at(2), 'entry 1')];
      await store.commit(change(await store.takeLease(), leaves));
      await store.close();
      const database = [...sqliteDrivers().values()][0]!(path);
      database.exec(`DROP INDEX leaves_hash; ${index}`);
      database.exec(`PRAGMA user_version = ${version}`);
      database.close();
      const again = openSqliteStore(path);
      expect(await again.indexOf(leaves[2]!.hash)).toBe(2);
      expect(await again.indexOf(leaves[3]!.hash)).toBe(1);
      await again.close();
      const migrated = [...sqliteDrivers().values()][0]!(path);
      const plan = migrated.rows(`EXPLAIN QUERY PLAN ${indexOfHash}`, leaves[0]!.hash);
      expect(plan.flat().join(' ')).toContain('USING INDEX leaves_hash');
      migrated.close();
    },
  );

  test('a leaf is found by its hash in each part of a large log, the first one where there are two', async () => {
    const path = join(newFolder(), 'log.sqlite');
    await openSqliteStore(path).close();
    const database = [...sqliteDrivers().values()][0]!(path);
    const insert = `INSERT INTO leaves (idx, hash, entry) VALUES (?, ?, x'')`;
    database.exec('BEGIN');
    for (let index = 0; index <= 20_000; index++)
      database.run(insert, index, sha256(utf8(String(index % 17_000))));
    database.run('UPDATE head SET size = 20001');
    database.exec('COMMIT');
    database.close();
    const store = openSqliteStore(path);
    for (const index of [0, 8_191, 8_192, 16_384, 2_000, 16_999])
      expect(await store.indexOf(sha256(utf8(String(index))))).toBe(index);
    expect(await store.indexOf(sha256(utf8('20000')))).toBeNull();
    await store.close();
  });

  test('a page that was damaged after an unclean stop is found at start', async () => {
    const dir = newFolder();
    const path = join(dir, 'log.sqlite');
    const store = openSqliteStore(path);
    const lease = await store.takeLease();
    const leaves = Array.from({ length: 500 }, (_, i) => leaf(i, at(i), `entry ${i} `.repeat(20)));
    await store.commit(change(lease, leaves));
    await store.close();
    const unclean = openSqliteStore(path, { lock: false });
    await unclean.takeLease();
    const copy = join(newFolder(), 'log.sqlite');
    const wal = `${path}-wal`;
    const bytes = readFileSync(path);
    const pageBytes = bytes.readUInt16BE(16);
    const inMiddle = bytes.indexOf('entry 250 entry 250');
    const page = inMiddle - (inMiddle % pageBytes);
    bytes.fill(0x5a, page, page + pageBytes);
    writeFileSync(copy, bytes);
    if (existsSync(wal)) writeFileSync(`${copy}-wal`, readFileSync(wal));
    expect(() => openSqliteStore(copy)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
    await unclean.close();
  });
});
