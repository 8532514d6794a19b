import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ed25519NoteSigner, formatVkey, openCheckpoint, parseVkey } from '@showcause/core';
import { ed25519KeySigner, generateKey } from '@showcause/core/node';
import { openSignedMark } from '../src/adapters/log-directory.ts';
import { MemoryStore, emptyDisk } from '../src/adapters/store-memory.ts';
import type { MemoryDisk } from '../src/adapters/store-memory.ts';
import { collectPartialTiles } from '../src/partial-tiles.ts';
import type { LogFiles, SignedMark } from '../src/ports.ts';
import { Publisher } from '../src/publisher.ts';
import type { S3Place } from '../src/s3/place.ts';
import { readServiceConfig } from '../src/config.ts';
import { startService } from '../src/service.ts';
import { TestProducer, TestSpool } from '../src/testing.ts';
import { startFaultProxy } from '@showcause/parts';
import type { FaultProxy } from '@showcause/parts';
import { S3_START_MS, describeWithS3, startS3 } from '../../test/support/s3.ts';
import type { S3 } from '../../test/support/s3.ts';
import { appendLeaves } from './support/append-leaves.ts';
import {
  ORIGIN,
  eventually,
  newFolder,
  removeFolders,
  silent,
  writeServiceFolder,
} from './support/log.ts';
import { filesAt, placeOf, secretsOf } from './support/s3-files.ts';
import { mirror, readCheckpoint } from './support/tile-client.ts';

afterAll(removeFolders);

const key = generateKey('log');
const verifier = parseVkey(formatVkey(ORIGIN, key.publicKey));

function start(disk: MemoryDisk, files: LogFiles, mark: SignedMark): Promise<Publisher> {
  return Publisher.start({
    store: new MemoryStore(disk),
    files,
    mark,
    lease: disk.lease,
    origin: ORIGIN,
    signer: ed25519NoteSigner(ORIGIN, key.publicKey, ed25519KeySigner(key)),
    verifier,
    logger: silent,
  });
}

describeWithS3('publishing to S3', () => {
  let s3: S3;
  let secret: string;
  let proxy: FaultProxy;
  beforeAll(async () => {
    s3 = await startS3();
    secret = secretsOf(s3);
    proxy = await startFaultProxy(s3.port);
  }, S3_START_MS);
  afterAll(async () => {
    await proxy?.close();
    await s3?.stop();
  });

  const newMark = (): SignedMark => openSignedMark(`${newFolder()}/signed.json`);
  async function sizeOf(files: LogFiles): Promise<number> {
    return openCheckpoint((await files.read('checkpoint'))!, ORIGIN, [verifier]).size;
  }

  test('a process that ends after any write is followed by one that completes it', async () => {
    const files = filesAt(placeOf(s3, secret));
    const disk = emptyDisk();
    const mark = newMark();
    let ends = 0;
    for (let after = 0, size = 0; after < 12; after++) {
      let writes = 0;
      const dies = async <T>(write: () => Promise<T>): Promise<T> => {
        if (writes++ >= after) throw new Error('the process ended');
        return write();
      };
      const dying: LogFiles = {
        ...files,
        create: (...of) => dies(() => files.create(...of)),
        exchange: (...of) => dies(() => files.exchange(...of)),
      };
      await appendLeaves(disk, 70);
      size += 70;
      const dead = await start(disk, dying, mark).catch(() => null);
      await dead?.publish().catch(() => ends++);
      const next = await start(disk, files, mark);
      await next.publish();
      expect(await sizeOf(files)).toBe(size);
    }
    expect(ends).toBeGreaterThan(3);
    const last = await start(disk, files, mark);
    expect(last.published!.size).toBe(840);
  }, 60_000);

  test('a zombie that was paused after it signed changes nothing', async () => {
    const place = placeOf(s3, secret);
    const [files, own] = [filesAt(place), filesAt(place)];
    const disk = emptyDisk();
    await appendLeaves(disk, 1);
    await (await start(disk, own, newMark())).publish();
    let resume!: () => void;
    const resumed = new Promise<void>((resolve) => (resume = resolve));
    const zombie = await start(
      disk,
      {
        ...own,
        exchange: async (...of) => {
          if (disk.checkpoints.length > 1) await resumed;
          return own.exchange(...of);
        },
      },
      newMark(),
    );
    await appendLeaves(disk, 3);
    const publishing = zombie.publish();
    while (disk.checkpoints.length === 1) await new Promise((resolve) => setTimeout(resolve, 5));
    await new MemoryStore(disk).takeLease();
    const next = await start(disk, files, newMark());
    await appendLeaves(disk, 4);
    await next.publish();
    resume();
    await expect(publishing).rejects.toMatchObject({ code: 'STORE_FENCED' });
    expect(await sizeOf(files)).toBe(8);
  });

  test('nothing is signed over bytes that come back changed', async () => {
    const place = placeOf(s3, secret, { endpoint: `http://127.0.0.1:${proxy.port}` });
    const disk = emptyDisk();
    const publisher = await start(disk, filesAt(place), newMark());
    await appendLeaves(disk, 5);
    await proxy.set({ mode: 'flip' }, { when: 'GET /' });
    await expect(publisher.publish()).rejects.toMatchObject({ code: expect.any(String) });
    await proxy.clear();
    expect(publisher.halted).not.toBeNull();
    expect(disk.checkpoints).toStrictEqual([]);
    expect(await filesAt(place).read('checkpoint')).toBeNull();
  });

  test('an older database beside newer objects does not sign; partial tiles go', async () => {
    const files = filesAt(placeOf(s3, secret));
    const disk = emptyDisk();
    const publisher = await start(disk, files, newMark());
    await appendLeaves(disk, 100);
    await publisher.publish();
    const backup = structuredClone(disk);
    await appendLeaves(disk, 200);
    await publisher.publish();
    await expect(start(backup, files, newMark())).rejects.toMatchObject({
      code: 'PUBLISH_ROLLBACK',
    });
    expect(await files.list('tile/entries/000.p')).toStrictEqual(['100']);
    expect(await collectPartialTiles(files, 0, 300, [])).toBe(256);
    expect(await files.list('tile/entries/000.p')).toStrictEqual([]);
    expect(await files.list('tile/0/001.p')).toStrictEqual(['44']);
  });

  test('a service serves it, waits while the store is away, and goes on by itself', async () => {
    const { kind, prefix, ...place }: S3Place = placeOf(s3, secret, {
      endpoint: `http://127.0.0.1:${proxy.port}`,
      requestMs: 500,
      totalMs: 1_500,
    });
    const { config, log, spool } = writeServiceFolder(newFolder(), {
      log: { kind, prefix: prefix.slice(0, -1), ...place },
    });
    const service = await startService(readServiceConfig(config), { logger: silent });
    const producer = new TestProducer('loan-api', log.logId);
    const spooled = new TestSpool(spool, log.logId);
    spooled.begin(producer);
    spooled.registration(log.register('loan-api', producer.key.publicKey));
    spooled.batch(producer.batch(300));
    await eventually(() => service.status().signedSize === 303, 20_000);
    await proxy.set({ mode: 'status', status: 503 });
    spooled.batch(producer.batch(20));
    await eventually(() => service.status().publishing === 'waiting', 20_000);
    await eventually(() => service.status().size === 323, 20_000);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${service.url}/tile/0/000`)).status).toBe(503);
    await proxy.clear();
    await eventually(() => service.status().signedSize === 323, 30_000);
    const read = async (path: string): Promise<Buffer> =>
      Buffer.from(await (await fetch(service.url + path)).arrayBuffer());
    const checkpoint = readCheckpoint(await read('/checkpoint'), log.vkey);
    expect(await mirror(read, checkpoint)).toHaveLength(323);
    const range = await fetch(`${service.url}/tile/0/000`, { headers: { range: 'bytes=32-63' } });
    expect([range.status, (await range.arrayBuffer()).byteLength]).toStrictEqual([206, 32]);
    await service.close();
  }, 90_000);
});
