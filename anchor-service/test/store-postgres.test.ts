import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { TreeFrontier, sha256, toHex, utf8 } from '@showcause/core';
import { openPostgresStore } from '../src/adapters/store-postgres.ts';
import type { PostgresStore, PostgresStoreOptions } from '../src/adapters/store-postgres.ts';
import type { Leaf, Logger } from '../src/ports.ts';
import type { PostgresPlace } from '../src/postgres/address.ts';
import { Connections, DEFAULT_TIMEOUTS } from '../src/postgres/connections.ts';
import { migrate, migrations } from '../src/postgres/migrations.ts';
import { describeWithPostgres, startPostgres } from '../../test/support/postgres.ts';
import type { Postgres } from '../../test/support/postgres.ts';
import { startFaultProxy } from '@showcause/parts';
import type { Fault, FaultProxy } from '@showcause/parts';
import { newFolder, removeFolders, silent } from './support/log.ts';
import { at, change, leaf } from './support/store-changes.ts';

const coded = (code: string): unknown => expect.objectContaining({ code });
const LEASE_MS = 600;

describeWithPostgres('the PostgreSQL store', () => {
  let server: Postgres;
  let proxy: FaultProxy;
  let schemas = 0;
  const opened: PostgresStore[] = [];

  beforeAll(async () => {
    server = await startPostgres();
    proxy = await startFaultProxy(server.port);
  }, 60_000);
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  afterAll(async () => {
    await proxy.close();
    await server.stop();
    removeFolders();
  });

  function placeOf(changes: Partial<PostgresPlace> = {}): PostgresPlace {
    return {
      url: server.url(),
      passwordFile: server.passwordFile,
      caFile: null,
      schema: `log_${schemas}`,
      ...changes,
    };
  }
  async function open(
    place: Partial<PostgresPlace> = {},
    options: Partial<PostgresStoreOptions> = {},
  ): Promise<PostgresStore> {
    const store = await openPostgresStore(placeOf(place), {
      logger: silent,
      leaseMs: LEASE_MS,
      ...options,
    });
    opened.push(store);
    return store;
  }
  function fresh(options: Partial<PostgresStoreOptions> = {}): Promise<PostgresStore> {
    schemas++;
    return open({}, options);
  }

  describe('a lease', () => {
    test('is waited for while its holder lives, also an idle one, and taken at once when it closes', async () => {
      const holder = await fresh();
      const lease = await holder.takeLease();
      const standBy = await open();
      const waiting = standBy.takeLease();
      const first = await Promise.race([waiting, delay(3 * LEASE_MS, 'still waiting')]);
      expect(first).toBe('still waiting');
      await holder.commit(change(lease, [leaf(0, null)]));
      const closedAt = Date.now();
      await holder.close();
      expect(await waiting).toBe(lease + 1);
      expect(Date.now() - closedAt).toBeLessThan(LEASE_MS);
    });

    test('of a holder that is cut off goes to the stand-by within seconds; the zombie writes nothing', async () => {
      schemas++;
      const far = await startFaultProxy(server.port);
      const zombie = await open({ url: server.url(far.port) });
      const old = await zombie.takeLease();
      await zombie.commit(change(old, [leaf(0, null)]));
      const standBy = await open();
      const waiting = standBy.takeLease();
      await far.set({ mode: 'refuse' });
      const cutAt = Date.now();
      const lease = await waiting;
      expect(Date.now() - cutAt).toBeLessThan(3 * LEASE_MS);
      await standBy.commit(change(lease, [leaf(1, at(0))]));
      await far.clear();
      // Neither where it believes the head to be, nor where it is.
      for (const index of [1, 2])
        await expect(zombie.commit(change(old, [leaf(index, at(index - 1))]))).rejects.toEqual(
          coded('STORE_FENCED'),
        );
      await expect(zombie.lost).rejects.toEqual(coded('STORE_FENCED'));
      expect((await standBy.head()).size).toBe(2);
      await zombie.close();
      // Closing it does not let go of what is no longer its own.
      const held = `SELECT lease_until > clock_timestamp() FROM log_${schemas}.head`;
      expect(await server.query(held)).toStrictEqual([[true]]);
      await standBy.commit(change(lease, [leaf(2, at(1))]));
      await far.close();
    });

    test.each([
      ['froze amid a change', 'change\0'],
      ['froze amid a checkpoint', 'held'],
    ])(
      'of a holder that %s is free within seconds',
      async (_name, when) => {
        schemas++;
        const timeouts = { ...DEFAULT_TIMEOUTS, statementMs: 500, lockMs: 300 };
        const frozen = await open({ url: server.url(proxy.port) }, { timeouts });
        const old = await frozen.takeLease();
        await frozen.commit(change(old, [leaf(0, null)]));
        await proxy.set({ mode: 'half-open', arrives: true }, { when, times: 1 });
        const { root, note } = { root: leaf(0, null).hash, note: utf8('note') };
        const last = (
          when === 'held'
            ? frozen.addCheckpoint(old, { size: 1, root, note })
            : frozen.commit(change(old, [leaf(1, at(0))]))
        ).catch((error: unknown) => error);
        await delay(100);
        const standBy = await open({}, { timeouts });
        const askedAt = Date.now();
        const lease = await standBy.takeLease();
        expect(Date.now() - askedAt).toBeLessThan(5_000);
        const { size } = await standBy.head();
        await standBy.commit(change(lease, [leaf(size, at(size))]));
        expect(await last).toEqual(coded('STORE_UNKNOWN'));
      },
      30_000,
    );

    test('of many that wait one gets it, and each later one has a larger number', async () => {
      const holder = await fresh();
      const first = await holder.takeLease();
      const waiting = await Promise.all(Array.from({ length: 4 }, () => open()));
      const taken: number[] = [];
      const running = waiting.map(async (store) => {
        const lease = await store.takeLease();
        await store.commit(change(lease, [leaf(taken.length, at(taken.length))]));
        taken.push(lease);
        await store.close();
      });
      await holder.close();
      await Promise.all(running);
      expect(taken).toStrictEqual([1, 2, 3, 4].map((n) => first + n));
    });

    test('is not waited for any longer once somebody says so', async () => {
      const holder = await fresh();
      await holder.takeLease();
      const stop = new AbortController();
      const standBy = await open({}, { signal: stop.signal });
      const waiting = standBy.takeLease();
      const closing = await open();
      const closed = closing.takeLease();
      const refused = [
        expect(waiting).rejects.toEqual(coded('STORE_STOPPED')),
        expect(closed).rejects.toEqual(coded('STORE_STOPPED')),
      ];
      await delay(50);
      stop.abort();
      await closing.close();
      await Promise.all(refused);
    });

    test('that a clock put far into the future binds nobody', async () => {
      const holder = await fresh();
      const lease = await holder.takeLease();
      await holder.close();
      await server.query(
        `UPDATE log_${schemas}.head SET lease_until = clock_timestamp() + interval '1 year'`,
      );
      const next = await open();
      expect(await next.takeLease()).toBe(lease + 1);
    });
  });

  test('a wait that runs out while a new connection is looked at leaves the pool whole', async () => {
    const timeouts = { ...DEFAULT_TIMEOUTS, connectMs: 600 };
    const connections = new Connections(placeOf({ url: server.url(proxy.port) }), timeouts);
    const sleep = { text: 'SELECT pg_sleep(60)' };
    const busy = connections.write(sleep).catch((error: unknown) => error);
    await delay(300);
    // Waits for the only connection that writes; soon that is cut, and the next one is slow to say what it would do.
    const waiting = connections.write({ text: 'SELECT 1' }).catch((error: unknown) => error);
    await delay(200);
    await proxy.set({ mode: 'latency', ms: 800 }, { when: 'full_page_writes' });
    await server.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'",
    );
    expect(await busy).toBeInstanceOf(Error);
    await waiting;
    await proxy.clear();
    const { count } = await connections.write({ text: 'SELECT 1' });
    expect(count).toBe(1);
    const end = connections.close().then(() => 'ended');
    expect(await Promise.race([end, delay(2_000, 'hangs', { ref: false })])).toBe('ended');
  }, 30_000);

  describe('a connection that is cut', () => {
    const timeouts = { ...DEFAULT_TIMEOUTS, statementMs: 300 };

    const cuts: [string, Fault, number][] = [
      ['before a change arrives: it did not happen', { mode: 'drop-request' }, 1],
      ['before its answer: it happened', { mode: 'drop-response' }, 2],
      ['and nobody hears of it: it happened', { mode: 'half-open', arrives: true }, 2],
    ];
    test.each(cuts)('%s', async (_name, cut, size) => {
      schemas++;
      const store = await open({ url: server.url(proxy.port) }, { timeouts });
      const lease = await store.takeLease();
      await store.commit(change(lease, [leaf(0, null)]));
      await proxy.set(cut, { when: 'change\0', times: 1 });
      const hits = proxy.hits();
      await expect(store.commit(change(lease, [leaf(1, at(0))]))).rejects.toEqual(
        coded('STORE_UNKNOWN'),
      );
      expect(proxy.hits()).toBe(hits + 1);
      await store.close();
      const next = await open();
      const newer = await next.takeLease();
      expect((await next.head()).size).toBe(size);
      expect(await next.leaves(0, 9)).toHaveLength(size);
      // Going on from what the store says, the entry is there once.
      if (size === 1) await next.commit(change(newer, [leaf(1, at(0))]));
      expect(await next.leafAt(at(0))).toStrictEqual(leaf(1, at(0)));
      expect((await next.head()).size).toBe(2);
    });

    test('while nobody uses it is replaced', async () => {
      const store = await fresh();
      const lease = await store.takeLease();
      await Promise.all(Array.from({ length: 5 }, () => store.head()));
      await server.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = $1',
        ['showcause'],
      );
      await delay(100);
      await store.commit(change(lease, [leaf(0, null)]));
      expect((await store.head()).size).toBe(1);
    });
  });

  test('a commit that went ahead without its replica is not acknowledged', async () => {
    const store = await fresh({ leaseMs: 60_000 });
    const lease = await store.takeLease();
    await server.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    await server.query('SELECT pg_reload_conf()');
    await delay(200);
    try {
      const refused = expect(store.commit(change(lease, [leaf(0, null)]))).rejects.toEqual(
        expect.objectContaining({ code: 'STORE_UNKNOWN', got: 'a warning' }),
      );
      await delay(200);
      // The server gives up waiting, and says COMMIT all the same.
      await server.query(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
      );
      await refused;
    } finally {
      await server.query('ALTER SYSTEM RESET synchronous_standby_names');
      await server.query('SELECT pg_reload_conf()');
      await delay(200);
    }
    expect((await store.head()).size).toBe(1);
  }, 20_000);

  test('a row that somebody else holds ends in a timeout, and nothing was written', async () => {
    const timeouts = { ...DEFAULT_TIMEOUTS, lockMs: 200 };
    const store = await fresh({ timeouts, leaseMs: 60_000 });
    const lease = await store.takeLease();
    const holding = server.query(
      `DO $$ BEGIN PERFORM 1 FROM log_${schemas}.head FOR UPDATE; PERFORM pg_sleep(1); END $$`,
    );
    await delay(100);
    await expect(store.commit(change(lease, [leaf(0, null)]))).rejects.toEqual(
      coded('STORE_TIMEOUT'),
    );
    await holding;
    expect((await store.head()).size).toBe(0);
    await store.commit(change(lease, [leaf(0, null)]));
  });

  test('kill -9 of the server amid commits: what was acknowledged is there, nothing twice', async () => {
    await fresh();
    const acknowledged = new Map<number, string>();
    for (let round = 0; round < 4; round++) {
      const store = await open();
      const lease = await store.takeLease();
      const head = await store.head();
      expect(head.size).toBeGreaterThanOrEqual(acknowledged.size);
      const found = await store.leaves(0, head.size + 1);
      expect(found.map(({ index }) => index)).toStrictEqual(found.map((_, i) => i));
      for (const [index, hash] of acknowledged) expect(toHex(found[index]!.hash)).toBe(hash);
      expect(new Set(found.map(({ position }) => position?.seq)).size).toBe(head.size);
      const stored = TreeFrontier.from(head.size, head.peaks);
      const made = TreeFrontier.empty();
      for (const { hash } of found) made.append(hash);
      expect(head.size === 0 || toHex(stored.root()) === toHex(made.root())).toBe(true);
      const killed = delay(randomInt(20, 250)).then(() => server.kill());
      const code = await writeUntilItFails(store, lease, made, acknowledged);
      expect(['STORE_UNKNOWN', 'STORE_CONNECT']).toContain(code);
      await killed;
      await store.close();
      await server.start();
    }
    expect(acknowledged.size).toBeGreaterThan(0);
  }, 60_000);

  async function writeUntilItFails(
    store: PostgresStore,
    lease: number,
    frontier: TreeFrontier,
    acknowledged: Map<number, string>,
  ): Promise<string> {
    for (let next = frontier.size; ;) {
      const leaves: Leaf[] = Array.from({ length: 3 }, (_, i) => leaf(next + i, at(next + i)));
      for (const { hash } of leaves) frontier.append(hash);
      const head = { size: frontier.size, peaks: frontier.peaks() };
      try {
        await store.commit(change(lease, leaves, { oldSize: next, head }));
      } catch (error) {
        return (error as { code: string }).code;
      }
      for (const { index, hash } of leaves) acknowledged.set(index, toHex(hash));
      next += leaves.length;
    }
  }

  test('ten logs lie side by side in one database and know nothing of each other', async () => {
    const stores = await Promise.all(
      Array.from({ length: 10 }, (_, i) => open({ schema: `tenant_${i}` })),
    );
    await Promise.all(
      stores.map(async (store, i) => {
        const lease = await store.takeLease();
        for (let n = 0; n < 5; n++)
          await store.commit(
            change(lease, [leaf(n, at(n), `${i} ${n}`)], {
              cursors: new Map([['s', 100 * i + n]]),
            }),
          );
      }),
    );
    for (const [i, store] of stores.entries()) {
      const found = (await store.leaves(0, 99)).map(({ entry }) => Buffer.from(entry).toString());
      expect(found).toStrictEqual([0, 1, 2, 3, 4].map((n) => `${i} ${n}`));
      expect(await store.cursor('s')).toBe(100 * i + 4);
    }
  }, 20_000);

  describe('a schema', () => {
    test('is made once by many that start together', async () => {
      schemas++;
      const stores = await Promise.all(Array.from({ length: 5 }, () => open()));
      for (const store of stores) expect((await store.head()).size).toBe(0);
    });

    test('of a newer release is refused', async () => {
      await fresh();
      await server.query(`UPDATE log_${schemas}.version SET version = 99`);
      await expect(open()).rejects.toEqual(coded('STORE_SCHEMA'));
    });

    test('with tables of another is refused and left alone', async () => {
      schemas++;
      await server.query(`CREATE SCHEMA log_${schemas}`);
      await server.query(`CREATE TABLE log_${schemas}.customers (id integer)`);
      await expect(open()).rejects.toEqual(coded('STORE_SCHEMA'));
      const tables = 'SELECT count(*)::int FROM pg_tables WHERE schemaname = $1';
      expect(await server.query(tables, [`log_${schemas}`])).toStrictEqual([[1]]);
    });

    test('finds a leaf by its hash in each part of a large log, the first one where there are two', async () => {
      const store = await fresh();
      const schema = `log_${schemas}`;
      const hash = (text: string): Uint8Array => sha256(utf8(text));
      await server.query(
        `INSERT INTO ${schema}.leaves (idx, hash, entry)
         SELECT n, sha256((n % 150000)::text::bytea), '' FROM generate_series(0, 160000) AS n`,
      );
      await server.query(`UPDATE ${schema}.head SET size = 160001`);
      for (const index of [0, 65_535, 65_536, 9_000, 149_999])
        expect(await store.indexOf(hash(String(index)))).toBe(index);
      expect(await store.indexOf(hash('160000'))).toBeNull();
    });

    test('goes from version to version, all or nothing', async () => {
      const store = await fresh();
      await store.commit(change(await store.takeLease(), [leaf(0, null)]));
      const schema = `log_${schemas}`;
      const connections = new Connections(placeOf());
      const column = 'ALTER TABLE leaves ADD COLUMN more integer';
      const broken = [...migrations, column, 'ALTER TABLE nowhere ADD COLUMN x integer'];
      await expect(migrate(connections, schema, broken)).rejects.toEqual(coded('STORE_FAILED'));
      await expect(connections.read({ text: 'SELECT more FROM leaves' })).rejects.toEqual(
        coded('STORE_FAILED'),
      );
      await migrate(connections, schema, [...migrations, column]);
      await migrate(connections, schema, [...migrations, column]);
      expect((await connections.read({ text: 'SELECT more FROM leaves' })).rows).toStrictEqual([
        [null],
      ]);
      await connections.close();
      await expect(open()).rejects.toEqual(coded('STORE_SCHEMA'));
    });

    test('is used by a role that may not make one', async () => {
      const name = `log_${++schemas}`;
      const { password } = server;
      await server.query(`CREATE ROLE writer LOGIN PASSWORD '${password}'`);
      await server.query(`CREATE SCHEMA ${name} AUTHORIZATION writer`);
      const url = server.url().replace('postgres@', 'writer@');
      const store = await open({ url });
      await store.commit(change(await store.takeLease(), [leaf(0, null)]));
      await expect(open({ url, schema: 'not_theirs' })).rejects.toEqual(coded('STORE_FAILED'));
    });
  });

  describe('a server', () => {
    afterEach(async () => {
      await server.kill();
      await server.start();
    });

    test.each([
      ['fsync', 'off'],
      ['full_page_writes', 'off'],
      ['synchronous_commit', 'off'],
      ['data_sync_retry', 'on'],
      ['default_transaction_read_only', 'on', 'transaction_read_only'],
    ])('with %s=%s is refused by name', async (name, value, shown = name) => {
      await server.kill();
      await server.start({ [name]: value });
      const refused = open();
      await expect(refused).rejects.toEqual(coded('STORE_SETTINGS'));
      await expect(refused).rejects.toThrow(`${shown}=${value}`);
    });
  });

  test('a role or database that waives the disk is refused, or set right on each connection', async () => {
    await server.query("ALTER ROLE postgres SET synchronous_commit = 'off'");
    await expect(fresh()).rejects.toThrow('synchronous_commit=off');
    for (const [given, effective] of [
      ['local', 'on'],
      ['remote_write', 'on'],
      ['remote_apply', 'remote_apply'],
    ] as const) {
      await server.query(`ALTER ROLE postgres SET synchronous_commit = '${given}'`);
      const connections = new Connections(placeOf());
      const show = { text: 'SHOW synchronous_commit' };
      expect((await connections.read(show)).rows).toStrictEqual([[effective]]);
      expect((await connections.write(show)).rows).toStrictEqual([[effective]]);
      await connections.close();
    }
    await server.query('ALTER ROLE postgres RESET synchronous_commit');
  });

  describe('a password', () => {
    const secret = 'not;the right/one';
    const said: unknown[] = [];
    const keep = (...all: unknown[]): void => void said.push(...all);
    const logger: Logger = { info: keep, warn: keep, error: keep };

    async function refusal(place: Partial<PostgresPlace>): Promise<unknown> {
      const error: unknown = await open(place, { logger }).then(
        () => null,
        (reason: unknown) => reason,
      );
      const shown = [error, ...said].map((value) =>
        inspect(value, { depth: 12, showHidden: true, maxStringLength: null }),
      );
      for (const text of [secret, encodeURIComponent(secret), server.password])
        expect(shown.join('\n')).not.toContain(text);
      return error;
    }

    test('that is wrong is refused and shown nowhere, from a file or in the URL', async () => {
      const passwordFile = join(newFolder(), 'password');
      writeFileSync(passwordFile, secret, { mode: 0o600 });
      expect(await refusal({ passwordFile })).toEqual(coded('STORE_CONNECT'));
      const url = server.url().replace('@', `:${encodeURIComponent(secret)}@`);
      expect(await refusal({ url, passwordFile: null })).toEqual(coded('STORE_CONNECT'));
      const broken = { url: `${url}?options=-cfsync=off`, passwordFile: null };
      expect(await refusal(broken)).toEqual(coded('CONFIG_MALFORMED'));
      expect(await refusal({ url: url.replace('127.0.0.1', '[::'), passwordFile: null })).toEqual(
        coded('CONFIG_MALFORMED'),
      );
    });

    test('that is missing, or in a file that others may read, is refused', async () => {
      expect(await refusal({ passwordFile: null })).toEqual(coded('STORE_CONNECT'));
      const passwordFile = join(newFolder(), 'password');
      expect(await refusal({ passwordFile })).toEqual(coded('CONFIG_PASSWORD'));
      writeFileSync(passwordFile, server.password, { mode: 0o644 });
      expect(await refusal({ passwordFile })).toEqual(coded('CONFIG_PASSWORD'));
    });

    test('that is right is shown nowhere either', async () => {
      const url = server.url().replace('@', `:${encodeURIComponent(server.password)}@`);
      expect(await refusal({ url, passwordFile: null })).toBeNull();
      expect(said.length).toBeGreaterThan(0);
    });
  });

  test('a server without TLS is refused over TLS, and one that is not there says so', async () => {
    await expect(open({ url: `${server.url()}?sslmode=verify-full` })).rejects.toThrow(
      'a server without TLS',
    );
    await expect(open({ url: server.url(1) })).rejects.toEqual(coded('STORE_CONNECT'));
  });

  test('a certificate is believed when it leads to the given ones, and is for this host', async () => {
    const dir = newFolder();
    const made = spawnSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
        ...['-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem'), '-days', '2'],
        ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ],
      { encoding: 'utf8' },
    );
    expect(made.stderr).not.toMatch(/error/i);
    await server.useCertificate(join(dir, 'key.pem'), join(dir, 'cert.pem'));
    const url = `${server.url().replace('127.0.0.1', 'localhost')}?sslmode=verify-full`;
    const caFile = join(dir, 'cert.pem');
    schemas++;
    const store = await open({ url, caFile });
    await store.takeLease();
    const used = await server.query(
      "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'showcause'",
    );
    expect(used).toStrictEqual([[true]]);
    await store.close();
    await expect(open({ url })).rejects.toThrow('DEPTH_ZERO_SELF_SIGNED_CERT');
    const byAddress = `${server.url()}?sslmode=verify-full`;
    await expect(open({ url: byAddress, caFile })).rejects.toThrow('ERR_TLS_CERT_ALTNAME_INVALID');
  }, 20_000);
});
