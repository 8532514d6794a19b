import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { openCheckpoint, parseVkey, toHex } from '@showcause/core';
import { postgresBinaries } from '@showcause/parts';
import { readServiceConfig } from '../src/config.ts';
import { startService } from '../src/service.ts';
import type { AnchorService } from '../src/service.ts';
import { TestProducer, TestSpool } from '../src/testing.ts';
import type { ProducedBatch } from '../src/testing.ts';
import { describeWithPostgres, startPostgres } from '../../test/support/postgres.ts';
import type { Postgres } from '../../test/support/postgres.ts';
import { startFaultProxy } from '@showcause/parts';
import {
  ORIGIN,
  eventually,
  newFolder,
  removeFolders,
  silent,
  writeServiceFolder,
} from './support/log.ts';
import type { TestLog } from './support/log.ts';

const LEASE_MS = 800;

describeWithPostgres('the service with its store in PostgreSQL', () => {
  let server: Postgres;
  let schemas = 0;
  const running: AnchorService[] = [];

  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterEach(async () => {
    for (const service of running.splice(0)) await service.close();
  });
  afterAll(async () => {
    await server.stop();
    removeFolders();
  });

  interface SetUp {
    dir: string;
    config: string;
    log: TestLog;
    producer: TestProducer;
    spooled: TestSpool;
  }

  function setUp(): SetUp {
    const dir = newFolder();
    writeFileSync(join(dir, 'db-password'), server.password, { mode: 0o600 });
    const { config, log, spool } = writeServiceFolder(dir, {
      store: {
        kind: 'postgres',
        url: server.url(),
        passwordFile: './db-password',
        schema: `log_${++schemas}`,
        leaseMs: LEASE_MS,
      },
    });
    const producer = new TestProducer('loan-api', log.logId);
    const spooled = new TestSpool(spool, log.logId);
    spooled.begin(producer);
    spooled.registration(log.register('loan-api', producer.key.publicKey));
    return { dir, config, log, producer, spooled };
  }

  async function start(config: string, signal?: AbortSignal): Promise<AnchorService> {
    const service = await startService(readServiceConfig(config), {
      logger: silent,
      ...(signal === undefined ? {} : { signal }),
    });
    running.push(service);
    return service;
  }

  async function expectLogged(
    { url }: AnchorService,
    { dir, log }: SetUp,
    batches: readonly ProducedBatch[],
  ): Promise<void> {
    const promised = batches.flatMap(({ messages }) => messages.map(({ entry }) => toHex(entry)));
    const checkpoint = await eventually(async () => {
      const note = readFileSync(join(dir, 'log', 'checkpoint'));
      const opened = openCheckpoint(note, ORIGIN, [parseVkey(log.vkey)]);
      const served = await fetch(`${url}/checkpoint`);
      const isServed = note.equals(Buffer.from(await served.arrayBuffer()));
      return isServed && opened.size >= promised.length + 3 && opened;
    });
    const logged: string[] = [];
    for (let from = 0; from < checkpoint.size;) {
      const answer = await fetch(`${url}/v1/entries?from=${from}`);
      const { entries } = (await answer.json()) as {
        entries: { producer: string | null; entry: string }[];
      };
      from += entries.length;
      for (const { producer, entry } of entries)
        if (producer === 'loan-api') logged.push(Buffer.from(entry, 'base64').toString('hex'));
    }
    expect(logged).toStrictEqual(promised);
  }

  test('what a producer spooled is in the log once, also over a restart, kill -9 of the server and a lost log folder', async () => {
    const made = setUp();
    const { config, producer, spooled } = made;
    const batches = [producer.batch(5)];
    spooled.batch(batches[0]!);
    let service = await start(config);
    await expectLogged(service, made, batches);

    const failed = service.done.catch((error: unknown) => (error as { code: string }).code);
    await server.kill();
    batches.push(producer.batch(300));
    spooled.batch(batches[1]!);
    expect(['STORE_CONNECT', 'STORE_UNKNOWN']).toContain(await failed);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
    await service.close();
    await server.start();

    service = await start(config);
    await expectLogged(service, made, batches);
    await service.close();
    rmSync(join(made.dir, 'log'), { recursive: true });
    service = await start(config);
    batches.push(producer.batch(4));
    spooled.batch(batches[2]!);
    await expectLogged(service, made, batches);
  }, 40_000);

  test('a second instance stands by and goes on where the first one ends', async () => {
    const made = setUp();
    const { config, producer, spooled } = made;
    const batches = [producer.batch(3)];
    spooled.batch(batches[0]!);
    const first = await start(config);
    await expectLogged(first, made, batches);
    let isUp = false;
    const second = start(config).then((service) => {
      isUp = true;
      return service;
    });
    await delay(2 * LEASE_MS);
    expect(isUp).toBe(false);
    batches.push(producer.batch(3));
    spooled.batch(batches[1]!);
    await expectLogged(first, made, batches);
    await first.close();
    batches.push(producer.batch(3));
    spooled.batch(batches[2]!);
    await expectLogged(await second, made, batches);
  }, 30_000);

  test('an instance that is cut off from the database is replaced, learns it when it is back, and ends', async () => {
    const made = setUp();
    const { dir, config, producer, spooled } = made;
    const far = await startFaultProxy(server.port);
    const value = JSON.parse(readFileSync(config, 'utf8')) as { store: object };
    const other = join(dir, 'other.json');
    const store = { ...value.store, url: server.url(far.port) };
    writeFileSync(other, JSON.stringify({ ...value, store }));
    const zombie = await start(other);
    const batches = [producer.batch(3)];
    spooled.batch(batches[0]!);
    await expectLogged(zombie, made, batches);
    const second = start(config);
    await far.set({ mode: 'refuse' });
    const cutAt = Date.now();
    const service = await second;
    expect(Date.now() - cutAt).toBeLessThan(10 * LEASE_MS);
    // Nothing to write, and yet it hears of it.
    const ended = zombie.done.catch((error: unknown) => (error as { code: string }).code);
    await far.clear();
    expect(await ended).toBe('STORE_FENCED');
    await zombie.close();
    batches.push(producer.batch(3));
    spooled.batch(batches[1]!);
    await expectLogged(service, made, batches);
    await far.close();
  }, 30_000);

  test('a stand-by that is no longer wanted ends', async () => {
    const { config } = setUp();
    await start(config);
    const stop = new AbortController();
    const waiting = start(config, stop.signal);
    await delay(200);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'STORE_STOPPED' });
  });

  test('a database that went back to a backup does not sign: the file beside it remembers', async () => {
    const made = setUp();
    const { config, producer, spooled } = made;
    const batches = [producer.batch(3)];
    spooled.batch(batches[0]!);
    const service = await start(config);
    await expectLogged(service, made, batches);
    await service.close();
    await server.query(`DROP SCHEMA log_${schemas} CASCADE`);
    expect((await start(config)).status()).toMatchObject({
      state: 'refused',
      code: 'PUBLISH_ROLLBACK',
    });
  });

  const bin = postgresBinaries(process.env['SHOWCAUSE_POSTGRES_BIN']) ?? '';
  const testWithPgDump = existsSync(join(bin, 'pg_dump')) ? test : test.skip;

  testWithPgDump(
    'pg_dump while it runs, the database lost, pg_restore and --catch-up: everything accepted is in the log, once',
    async () => {
      const made = setUp();
      const { dir, config, producer, spooled } = made;
      const schema = `log_${schemas}`;
      const batches = [producer.batch(20)];
      spooled.batch(batches[0]!);
      let service = await start(config);
      await expectLogged(service, made, batches);
      const dump = join(dir, 'loans.dump');
      const tool = (name: string, ...args: string[]): void => {
        const env = { PGPASSWORD: server.password };
        const { status, stderr } = spawnSync(join(bin, name), args, { env, encoding: 'utf8' });
        expect({ name, status, stderr }).toStrictEqual({ name, status: 0, stderr: '' });
      };
      tool('pg_dump', '--format=custom', `--schema=${schema}`, `--file=${dump}`, server.url());
      batches.push(producer.batch(300));
      spooled.batch(batches[1]!);
      await expectLogged(service, made, batches);
      await service.close();

      await server.query(`DROP SCHEMA ${schema} CASCADE`);
      tool('pg_restore', `--dbname=${server.url()}`, dump);
      batches.push(producer.batch(10));
      spooled.batch(batches[2]!);
      service = await start(config);
      expect(service.status()).toMatchObject({ state: 'refused', code: 'PUBLISH_ROLLBACK' });
      await service.close();
      service = await startService(readServiceConfig(config), { logger: silent, catchUp: true });
      running.push(service);
      await expectLogged(service, made, batches);
      expect(service.status().size).toBe(333);
    },
    60_000,
  );

  test('a schema of a newer release is refused, and nothing in it is changed', async () => {
    const made = setUp();
    const service = await start(made.config);
    await service.close();
    await server.query(`UPDATE log_${schemas}.version SET version = 99`);
    const refused = await start(made.config);
    expect(refused.status()).toMatchObject({ state: 'refused', code: 'STORE_SCHEMA' });
    expect((await fetch(`${refused.url}/readyz`)).status).toBe(503);
  });
});
