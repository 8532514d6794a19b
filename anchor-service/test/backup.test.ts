import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { openCheckpoint, parseVkey, toHex, verifyInclusion } from '@showcause/core';
import { openSqliteReader, openSqliteStore } from '../src/adapters/store-sqlite.ts';
import { readServiceConfig } from '../src/config.ts';
import { startService } from '../src/service.ts';
import type { AnchorService } from '../src/service.ts';
import { openSqlite } from '../src/sqlite/driver.ts';
import { TestProducer, TestSpool } from '../src/testing.ts';
import type { ProducedBatch } from '../src/testing.ts';
import {
  ORIGIN,
  eventually,
  newFolder,
  removeFolders,
  silent,
  writeServiceFolder,
} from './support/log.ts';
import { mirror, readCheckpoint } from './support/tile-client.ts';

const running: AnchorService[] = [];

afterEach(async () => {
  for (const service of running.splice(0)) await service.close();
});
afterAll(removeFolders);

/** A log with one producer, and what it promised. */
class Scene {
  readonly dir = newFolder();
  readonly made = writeServiceFolder(this.dir);
  readonly producer = new TestProducer('loan-api', this.made.log.logId);
  readonly batches: ProducedBatch[] = [];
  readonly #spooled = new TestSpool(this.made.spool, this.made.log.logId);

  constructor() {
    this.#spooled.begin(this.producer);
    this.#spooled.registration(this.made.log.register('loan-api', this.producer.key.publicKey));
  }

  at(...path: string[]): string {
    return join(this.dir, ...path);
  }

  async start(catchUp = false): Promise<AnchorService> {
    const service = await startService(readServiceConfig(this.made.config), {
      logger: silent,
      catchUp,
    });
    running.push(service);
    return service;
  }

  spool(count: number): void {
    this.batches.push(this.producer.batch(count));
    this.#spooled.batch(this.batches.at(-1)!);
  }

  async logged(service: AnchorService, count: number): Promise<void> {
    this.spool(count);
    await this.published(service);
  }

  async published(service: AnchorService): Promise<void> {
    const want = this.batches.reduce((sum, { messages }) => sum + messages.length, 3);
    await eventually(() => service.status().signedSize >= want);
  }

  /** As docs/operations.md says: the database first, while the service runs, then the published log. */
  backUp(name: string): void {
    const database = openSqlite(this.at('store/log.sqlite'));
    database.exec(`VACUUM INTO '${this.at(name)}.sqlite'`);
    database.close();
    cpSync(this.at('log'), this.at(name, 'log'), { recursive: true });
  }

  restoreStore(name: string): void {
    rmSync(this.at('store/log.sqlite-wal'), { force: true });
    rmSync(this.at('store/log.sqlite-shm'), { force: true });
    cpSync(this.at(`${name}.sqlite`), this.at('store/log.sqlite'));
  }

  head() {
    const note = readFileSync(this.at('log/checkpoint'));
    return openCheckpoint(note, ORIGIN, [parseVkey(this.made.log.vkey)]);
  }

  /** Every promised entry once and in order; whoever holds an entry gets its inclusion under the newest head. */
  async expectNothingLost({ url }: AnchorService): Promise<void> {
    const get = async (path: string): Promise<Buffer> =>
      Buffer.from(await (await fetch(`${url}${path}`)).arrayBuffer());
    const checkpoint = readCheckpoint(await get('/checkpoint'), this.made.log.vkey);
    const entries = await mirror(get, checkpoint);
    const promised = this.batches.flatMap(({ messages }) => messages);
    const wanted = new Set(promised.map(({ entry }) => toHex(entry)));
    expect(
      entries.map((entry) => entry.toString('hex')).filter((hex) => wanted.has(hex)),
    ).toStrictEqual(promised.map(({ entry }) => toHex(entry)));
    for (const { hash } of [promised[0]!, promised.at(-1)!]) {
      const answer = await fetch(`${url}/v1/proofs/inclusion?leaf=${toHex(hash)}`);
      const { index, size, root, hashes } = (await answer.json()) as {
        index: number;
        size: number;
        root: string;
        hashes: string[];
      };
      const proof = hashes.map((one) => new Uint8Array(Buffer.from(one, 'hex')));
      const at = { index, size, root: new Uint8Array(Buffer.from(root, 'hex')) };
      expect(() => verifyInclusion(hash, at.index, at.size, at.root, proof)).not.toThrow();
    }
  }
}

describe('a store that was restored from a backup', () => {
  test('does not sign beside what was signed later, says so, and its readers still get the log', async () => {
    const scene = new Scene();
    let service = await scene.start();
    await scene.logged(service, 20);
    scene.backUp('backup');
    await scene.logged(service, 300);
    await service.close();
    const before = scene.head();
    scene.restoreStore('backup');
    scene.spool(10);

    service = await scene.start();
    expect(service.status()).toMatchObject({ state: 'refused', code: 'PUBLISH_ROLLBACK' });
    const ready = await fetch(`${service.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      ready: false,
      status: { state: 'refused', code: 'PUBLISH_ROLLBACK' },
    });
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    const served = await (await fetch(`${service.url}/checkpoint`)).arrayBuffer();
    expect(Buffer.from(served).equals(readFileSync(scene.at('log/checkpoint')))).toBe(true);
    expect(scene.head()).toStrictEqual(before);
    await service.close();

    // Brought up to what is published, it goes on from there, and reads the spool again behind it.
    service = await scene.start(true);
    expect(service.status()).toMatchObject({ state: 'running' });
    await scene.published(service);
    await scene.logged(service, 5);
    await scene.expectNothingLost(service);
    expect(service.status().size).toBe(338);
  }, 60_000);

  test('with store, signed.json and the disk of the service lost, a mirror of the published log is enough', async () => {
    const scene = new Scene();
    let service = await scene.start();
    await scene.logged(service, 20);
    scene.backUp('backup');
    await scene.logged(service, 600);
    scene.producer.restart();
    const next = new TestSpool(scene.made.spool, scene.made.log.logId);
    next.begin(scene.producer);
    const start = scene.producer.batch(4);
    next.batch(start);
    scene.batches.push(start);
    await scene.published(service);
    await service.close();
    cpSync(scene.at('log'), scene.at('mirror'), { recursive: true });
    for (const lost of ['store', 'log']) rmSync(scene.at(lost), { recursive: true });

    // The newest published log, and the older database or none.
    for (const hasDatabase of [true, false]) {
      cpSync(scene.at('mirror'), scene.at('log'), { recursive: true });
      rmSync(scene.at('store'), { recursive: true, force: true });
      if (hasDatabase) {
        await openSqliteStore(scene.at('store/log.sqlite')).close();
        scene.restoreStore('backup');
      }
      service = await scene.start(true);
      await scene.published(service);
      await scene.expectNothingLost(service);
      expect(service.status()).toMatchObject({ state: 'running', size: 627 });
      expect(existsSync(scene.at('store/signed.json'))).toBe(true);
      await service.close();
    }
    service = await scene.start();
    next.batch(start);
    const more = scene.producer.batch(3);
    next.batch(more);
    scene.batches.push(more);
    await scene.published(service);
    await scene.expectNothingLost(service);
  }, 60_000);

  test('what was refused before is refused again, and the log does not say so twice', async () => {
    const scene = new Scene();
    const stranger = new TestProducer('stranger', scene.made.log.logId);
    const spooled = new TestSpool(scene.made.spool, scene.made.log.logId);
    spooled.begin(stranger);
    spooled.batch(stranger.batch(3));
    let service = await scene.start();
    await scene.logged(service, 5);
    const store = () => openSqliteReader(scene.at('store/log.sqlite'));
    const said = async (): Promise<number> => {
      const reader = store();
      const entries = await reader.leaves(0, 1_000);
      await reader.close();
      return entries.filter(({ entry }) => Buffer.from(entry).includes('"opaque"')).length;
    };
    const refused = async () => {
      const reader = store();
      const counts = await reader.quarantineCounts();
      await reader.close();
      return counts;
    };
    await eventually(async () => (await said()) > 0);
    await service.close();
    const before = { said: await said(), refused: await refused() };
    rmSync(scene.at('store'), { recursive: true });

    service = await scene.start(true);
    await eventually(async () => (await refused()).KEY === before.refused.KEY);
    await scene.logged(service, 2);
    await service.close();
    expect({ said: await said(), refused: await refused() }).toStrictEqual(before);
  }, 30_000);

  test('published entries that are not the signed ones are not taken, and nothing is written', async () => {
    const scene = new Scene();
    let service = await scene.start();
    await scene.logged(service, 20);
    scene.backUp('backup');
    await scene.logged(service, 30);
    await service.close();
    scene.restoreStore('backup');
    const bundle = scene.at('log/tile/entries/000.p/53');
    const bytes = readFileSync(bundle);
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(bundle, bytes);
    service = await scene.start(true);
    expect(service.status()).toMatchObject({ state: 'refused', code: 'STORE_CATCH_UP' });
    await service.close();
    const store = openSqliteStore(scene.at('store/log.sqlite'));
    expect((await store.head()).size).toBe(23);
    await store.close();
    rmSync(bundle);
    service = await scene.start(true);
    expect(service.status()).toMatchObject({ state: 'refused', code: 'STORE_CATCH_UP' });
  }, 30_000);
});

describe('a published log that does not fit its store', () => {
  test('missing tiles are made again', async () => {
    const scene = new Scene();
    let service = await scene.start();
    await scene.logged(service, 300);
    await service.close();
    const head = scene.head();
    for (const lost of ['tile/0', 'tile/entries', 'checkpoint'])
      rmSync(scene.at('log', lost), { recursive: true });
    service = await scene.start();
    expect(service.status().state).toBe('running');
    expect(scene.head()).toStrictEqual(head);
    await scene.expectNothingLost(service);
  }, 30_000);

  test('other bytes in a tile of its head are refused, and stay as they are', async () => {
    const scene = new Scene();
    let service = await scene.start();
    await scene.logged(service, 20);
    await service.close();
    const tile = scene.at('log/tile/0/000.p/23');
    const bytes = readFileSync(tile);
    bytes[5]! ^= 1;
    writeFileSync(tile, bytes);
    scene.spool(5);
    service = await scene.start();
    expect(service.status()).toMatchObject({ state: 'refused', code: 'PUBLISH_TILE' });
    expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
    expect(readFileSync(tile).equals(bytes)).toBe(true);
    expect(scene.head().size).toBe(23);
  }, 30_000);

  test.each([
    ['newer', 99],
    ['one that was never released', -1],
  ])('a store of a %s schema is refused with what to do', async (_name, version) => {
    const scene = new Scene();
    let service = await scene.start();
    await service.close();
    const database = openSqlite(scene.at('store/log.sqlite'));
    database.exec(`PRAGMA user_version = ${version}`);
    database.close();
    service = await scene.start();
    expect(service.status()).toMatchObject({ state: 'refused', code: 'STORE_SCHEMA' });
  });
});
