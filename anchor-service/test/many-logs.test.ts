import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { openCheckpoint, parseVkey, toHex } from '@showcause/core';
import { openSqliteStore } from '../src/adapters/store-sqlite.ts';
import { openSqlite } from '../src/sqlite/driver.ts';
import { readServiceConfig } from '../src/config.ts';
import { startService } from '../src/service.ts';
import type { AnchorService, ServiceLog } from '../src/service.ts';
import {
  ORIGIN,
  createTestLog,
  eventually,
  newFolder,
  removeFolders,
  silent,
} from './support/log.ts';
import { writeManyLogs } from './support/many-logs.ts';
import type { ManyLog } from './support/many-logs.ts';
import { mirror, readCheckpoint } from './support/tile-client.ts';

const running: AnchorService[] = [];

afterEach(async () => {
  for (const service of running.splice(0)) await service.close();
});
afterAll(removeFolders);

async function start(config: string): Promise<AnchorService> {
  const service = await startService(readServiceConfig(config), { logger: silent });
  running.push(service);
  return service;
}

function logOf(service: AnchorService, name: string): ServiceLog {
  return service.logs.find((log) => log.name === name)!;
}

async function json(url: string): Promise<Record<string, unknown>> {
  return (await (await fetch(url)).json()) as Record<string, unknown>;
}

async function expectPublished(service: AnchorService, one: ManyLog, size: number): Promise<void> {
  const log = logOf(service, one.name);
  await eventually(() => log.status().signedSize === size);
  const get = async (path: string): Promise<Buffer> => {
    const answer = await fetch(`${log.url}${path}`);
    if (answer.status !== 200) throw new Error(`${answer.status} for ${path}`);
    return Buffer.from(await answer.arrayBuffer());
  };
  const checkpoint = readCheckpoint(await get('/checkpoint'), one.log.vkey);
  expect(checkpoint).toMatchObject({ size });
  const entries = await mirror(get, checkpoint);
  expect(entries[0]!.equals(one.log.genesis)).toBe(true);
}

describe('several logs in one service', () => {
  test('ten of them: each with its own genesis, store, folder, path and signature, also over a restart', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `log-${i}`);
    const metrics = { host: '127.0.0.1', port: 0 };
    const { config, logs } = writeManyLogs(newFolder(), names, {}, { metrics });
    let service = await start(config);
    for (const [i, { producer, spooled }] of logs.entries()) spooled.batch(producer.batch(4 + i));
    for (const [i, one] of logs.entries()) await expectPublished(service, one, 7 + i);
    expect(new Set(service.logs.map(({ logId }) => logId)).size).toBe(10);

    const ready = await fetch(`${service.url}/readyz`);
    expect(ready.status).toBe(200);
    const { status } = (await ready.json()) as { status: { logs: Record<string, unknown> } };
    expect(Object.keys(status.logs)).toStrictEqual(names);
    expect(status.logs['log-3']).toMatchObject({ ready: true, status: { signedSize: 10 } });
    const text = await (await fetch(service.metricsUrl!)).text();
    for (const [i, name] of names.entries())
      expect(text).toContain(`showcause_log_signed_entries{log="${name}"} ${7 + i}\n`);

    await service.close();
    service = await start(config);
    for (const { producer, spooled } of logs) spooled.batch(producer.batch(2));
    for (const [i, one] of logs.entries()) await expectPublished(service, one, 9 + i);
  }, 60_000);

  test('below a path that no log has there is nothing, and at the root only what is of all', async () => {
    const { config } = writeManyLogs(newFolder(), ['a', 'b']);
    const { url } = await start(config);
    for (const path of ['/checkpoint', '/logs/c/checkpoint', '/logs/', '/logs/a', '/v1/heads'])
      expect((await fetch(`${url}${path}`)).status).toBe(404);
    for (const path of [
      '/healthz',
      '/readyz',
      '/openapi.json',
      '/logs/a/readyz',
      '/logs/b/v1/heads',
    ])
      expect((await fetch(`${url}${path}`)).status).toBe(200);
    expect((await fetch(`${url}/logs/a/checkpoint`, { method: 'POST' })).status).toBe(405);
  });

  test('a reader token opens its own log alone', async () => {
    const dir = newFolder();
    const { config, logs } = writeManyLogs(dir, ['a', 'b'], {
      a: { public: false },
      b: { public: false },
    });
    writeFileSync(join(dir, 'b/reader-token'), `${'s'.repeat(32)}\n`, { mode: 0o600 });
    const service = await start(config);
    for (const { producer, spooled } of logs) spooled.batch(producer.batch(3));
    await eventually(() => service.logs.every((log) => log.status().signedSize === 6));
    const asked = (name: string, token: string) =>
      fetch(`${service.url}/logs/${name}/v1/entries/0`, {
        headers: { authorization: `Bearer ${token.repeat(32)}` },
      }).then(({ status }) => status);
    expect(await asked('a', 'r')).toBe(200);
    expect(await asked('b', 'r')).toBe(401);
    expect(await asked('b', 's')).toBe(200);
  });

  test('a log whose store is of a newer release is refused by name, serves what it published, and the others go on', async () => {
    const dir = newFolder();
    const { config, logs } = writeManyLogs(dir, ['good', 'bad']);
    const [good, bad] = logs;
    let service = await start(config);
    bad!.spooled.batch(bad!.producer.batch(3));
    await expectPublished(service, bad!, 6);
    await service.close();
    const database = openSqlite(join(dir, 'bad/store/log.sqlite'));
    database.exec('PRAGMA user_version = 99');
    database.close();

    service = await start(config);
    good!.spooled.batch(good!.producer.batch(3));
    await expectPublished(service, good!, 6);
    expect(logOf(service, 'bad').status()).toMatchObject({
      state: 'refused',
      code: 'STORE_SCHEMA',
    });
    expect(await json(`${service.url}/readyz`)).toMatchObject({
      ready: true,
      status: {
        logs: { good: { ready: true }, bad: { ready: false, status: { code: 'STORE_SCHEMA' } } },
      },
    });
    // A log that stands takes the others from nobody.
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    expect((await fetch(`${service.url}/logs/good/readyz`)).status).toBe(200);
    expect((await fetch(`${service.url}/logs/bad/readyz`)).status).toBe(503);
    const note = await (await fetch(`${service.url}/logs/bad/checkpoint`)).arrayBuffer();
    const checkpoint = openCheckpoint(new Uint8Array(note), ORIGIN, [parseVkey(bad!.log.vkey)]);
    expect(checkpoint.size).toBe(6);
    await eventually(async () => {
      const heads = (await json(`${service.url}/logs/bad/v1/heads`)) as {
        signed: { root: string };
      };
      return heads.signed?.root === toHex(checkpoint.root);
    });
  }, 30_000);

  test('a log that another process holds begins by itself once it is free', async () => {
    const dir = newFolder();
    const { config, logs } = writeManyLogs(dir, ['free', 'held']);
    const other = openSqliteStore(join(dir, 'held/store/log.sqlite'));
    const service = await start(config);
    const held = logOf(service, 'held');
    expect(held.status()).toMatchObject({ code: 'STORE_LOCKED' });
    expect(['restarting', 'starting']).toContain(held.status().state);
    logs[0]!.spooled.batch(logs[0]!.producer.batch(3));
    await expectPublished(service, logs[0]!, 6);
    logs[1]!.spooled.batch(logs[1]!.producer.batch(3));
    await other.close();
    await expectPublished(service, logs[1]!, 6);
    expect(held.status()).toMatchObject({ state: 'running', code: null });
  }, 30_000);

  test('a log that fails while it runs begins again, and loses nothing', async () => {
    const dir = newFolder();
    const { config, logs } = writeManyLogs(dir, ['a', 'b']);
    const service = await start(config);
    // Another instance takes the lease, as one does whose lock did not hold.
    const other = openSqliteStore(join(dir, 'a/store/log.sqlite'), { lock: false });
    await other.takeLease();
    await other.close();
    for (const { producer, spooled } of logs) spooled.batch(producer.batch(5));
    for (const one of logs) await expectPublished(service, one, 8);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  }, 30_000);

  test('a stop is told at the root before anything ends, whatever state its logs are in', async () => {
    const { config } = writeManyLogs(newFolder(), ['a', 'b'], {}, { drainMs: 1_000 });
    const service = await start(config);
    const closed = service.close();
    expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    await closed;
  });

  test('a log with the key of another is refused; the others go on', async () => {
    const dir = newFolder();
    const { config, logs } = writeManyLogs(dir, ['a', 'b']);
    writeFileSync(join(dir, 'b/genesis.entry'), createTestLog().genesis);
    const service = await start(config);
    logs[0]!.spooled.batch(logs[0]!.producer.batch(3));
    await expectPublished(service, logs[0]!, 6);
    expect(logOf(service, 'b').status()).toMatchObject({
      state: 'refused',
      code: 'CONFIG_GENESIS',
    });
  });
});

describe('the configuration of several logs', () => {
  const changed = (change: (value: { logs: Record<string, unknown>[] }) => void): string => {
    const { config } = writeManyLogs(newFolder(), ['a', 'b']);
    const value = JSON.parse(readFileSync(config, 'utf8')) as { logs: Record<string, unknown>[] };
    change(value);
    writeFileSync(config, JSON.stringify(value));
    return config;
  };
  const malformed = expect.objectContaining({ code: 'CONFIG_MALFORMED' });

  test.each<[string, (value: { logs: Record<string, unknown>[] }) => void]>([
    ['two of one name', ({ logs }) => (logs[1]!['name'] = 'a')],
    ['two with one store', ({ logs }) => (logs[1]!['store'] = logs[0]!['store'])],
    ['two with one signed.json', ({ logs }) => (logs[1]!['store'] = './a/store/other.sqlite')],
    ['two with one folder', ({ logs }) => (logs[1]!['log'] = logs[0]!['log'])],
    ['two with one genesis', ({ logs }) => (logs[1]!['genesis'] = logs[0]!['genesis'])],
    ['a name that is no path', ({ logs }) => (logs[1]!['name'] = '../a')],
    ['no name', ({ logs }) => delete logs[1]!['name']],
    ['none', (value) => (value.logs = [])],
    ['a member of one log beside them', (value) => Object.assign(value, { keys: './keys' })],
  ])('%s is refused', (_name, change) => {
    expect(() => readServiceConfig(changed(change))).toThrow(malformed);
  });

  test('two copies of one genesis are refused', async () => {
    const config = changed(() => undefined);
    const dir = join(config, '..');
    writeFileSync(join(dir, 'b/genesis.entry'), readFileSync(join(dir, 'a/genesis.entry')));
    await expect(startService(readServiceConfig(config), { logger: silent })).rejects.toMatchObject(
      { code: 'CONFIG_GENESIS' },
    );
  });

  test('the environment reaches a log by its place', () => {
    const config = changed(() => undefined);
    const env = { SHOWCAUSE_SERVE__LOGS__1__CHECKPOINT_INTERVAL_MS: '50' };
    expect(
      readServiceConfig(config, env).logs?.map((log) => log.checkpointIntervalMs),
    ).toStrictEqual([20, 50]);
    expect(() => readServiceConfig(config, { SHOWCAUSE_SERVE__LOGS__2__PRODUCER: 'x' })).toThrow(
      expect.objectContaining({ code: 'CONFIG_ENVIRONMENT' }),
    );
  });
});
