import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { decodeEntryBundle, openCheckpoint, parseVkey, toHex } from '@showcause/core';
import { openSqliteStore } from '../src/adapters/store-sqlite.ts';
import { readServiceConfig } from '../src/config.ts';
import { startService } from '../src/service.ts';
import { TestProducer, TestSpool } from '../src/testing.ts';
import {
  ORIGIN,
  eventually,
  newFolder,
  removeFolders,
  silent,
  writeServiceFolder,
} from './support/log.ts';

afterAll(removeFolders);

describe('the service with the embedded transport', () => {
  test('what a producer spooled is in the log once, in its order, also over a restart', async () => {
    const dir = newFolder();
    const { config, log, spool } = writeServiceFolder(dir);
    const producer = new TestProducer('loan-api', log.logId);
    const spooled = new TestSpool(spool, log.logId);
    spooled.begin(producer);
    spooled.registration(log.register('loan-api', producer.key.publicKey));
    const first = producer.batch(5);
    spooled.batch(first);
    let service = await startService(readServiceConfig(config), { logger: silent });
    await eventually(() => service.status().signedSize === 8);
    const second = producer.batch(300);
    spooled.batch(second);
    await eventually(() => service.status().signedSize === 308);
    await service.close();
    await service.done;

    service = await startService(readServiceConfig(config), { logger: silent });
    const third = producer.batch(4);
    spooled.batch(third);
    await eventually(() => service.status().signedSize === 312);
    await service.close();

    const note = readFileSync(join(dir, 'log', 'checkpoint'));
    const checkpoint = openCheckpoint(note, ORIGIN, [parseVkey(log.vkey)]);
    expect(checkpoint.size).toBe(312);
    const bundles = [
      ...decodeEntryBundle(readFileSync(join(dir, 'log/tile/entries/000')), 256),
      ...decodeEntryBundle(readFileSync(join(dir, 'log/tile/entries/001.p/56')), 56),
    ];
    const logged = bundles.slice(3).map((entry) => toHex(entry));
    const promised = [first, second, third].flatMap(({ messages }) =>
      messages.map((m) => toHex(m.entry)),
    );
    expect(logged).toStrictEqual(promised);
  });

  test('two services on one store: the second is refused, and the first goes on', async () => {
    const { config } = writeServiceFolder(newFolder());
    const service = await startService(readServiceConfig(config), { logger: silent });
    await expect(startService(readServiceConfig(config), { logger: silent })).rejects.toMatchObject(
      {
        code: 'STORE_LOCKED',
      },
    );
    expect(service.status()).toMatchObject({ sequencing: 'running', publishing: 'running' });
    await service.close();
    const next = await startService(readServiceConfig(config), { logger: silent });
    await next.close();
    await next.close();
  });

  test('damage in one spool becomes an entry, and the other producers go on', async () => {
    const dir = newFolder();
    const { config, log, spool } = writeServiceFolder(dir, {
      transport: { kind: 'embedded', spools: ['./spool', './other'] },
    });
    const service = await startService(readServiceConfig(config), { logger: silent });
    const [bad, good] = ['loan-api', 'cards'].map((name) => new TestProducer(name, log.logId));
    const [first, second] = [
      new TestSpool(spool, log.logId),
      new TestSpool(join(dir, 'other'), log.logId),
    ];
    for (const [producer, spooled] of [[bad!, first] as const, [good!, second] as const]) {
      spooled.begin(producer);
      spooled.registration(log.register(producer.name, producer.key.publicKey));
    }
    first.raw(new Uint8Array(50).fill(0xee));
    first.batch(bad!.batch(3));
    second.batch(good!.batch(3));
    await eventually(() => service.status().signedSize === 12, 20_000);
    const answer = await fetch(`${service.url}/v1/entries?from=0`);
    const { entries } = (await answer.json()) as { entries: { producer: string | null }[] };
    const counts = ['loan-api', 'cards', 'anchor-service'].map(
      (name) => entries.filter(({ producer }) => producer === name).length,
    );
    expect(counts).toStrictEqual([3, 3, 2]);
    await service.close();
    // The service ended its own epoch.
    expect(service.status().signedSize).toBe(13);
  }, 30_000);

  test('a store that fails ends the service, readiness says so, and a restart loses nothing', async () => {
    const dir = newFolder();
    const { config, log, spool } = writeServiceFolder(dir);
    const service = await startService(readServiceConfig(config), { logger: silent });
    const failed = service.done.then(
      () => 'closed',
      (error: unknown) => (error as { code: string }).code,
    );
    // Another instance takes the lease, as a stand-by does that believes this one dead.
    const other = openSqliteStore(join(dir, 'store/log.sqlite'), { lock: false });
    await other.takeLease();
    const producer = new TestProducer('loan-api', log.logId);
    const spooled = new TestSpool(spool, log.logId);
    spooled.begin(producer);
    spooled.registration(log.register('loan-api', producer.key.publicKey));
    spooled.batch(producer.batch(5));
    expect(await failed).toBe('STORE_FENCED');
    const ready = await fetch(`${service.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ ready: false, status: { sequencing: 'failed' } });
    await service.close();
    await other.close();
    const next = await startService(readServiceConfig(config), { logger: silent });
    await eventually(() => next.status().signedSize === 8);
    await next.close();
  }, 30_000);
});
