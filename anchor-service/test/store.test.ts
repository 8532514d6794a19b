import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { TreeFrontier, leafHash, utf8 } from '@showcause/core';
import type { AnchorEvidence } from '@showcause/core';
import { MemoryStore } from '../src/adapters/store-memory.ts';
import { openSqliteStore } from '../src/adapters/store-sqlite.ts';
import type { Change, Leaf, Position, Store } from '../src/ports.ts';
import { sqliteDrivers } from '../src/sqlite/driver.ts';
import { newFolder, removeFolders } from './support/log.ts';

afterAll(removeFolders);

const stores: [string, () => Store][] = [
  ['memory', () => new MemoryStore()],
  ...[...sqliteDrivers()].map(([name, driver]): [string, () => Store] => [
    `SQLite through ${name}`,
    () => openSqliteStore(join(newFolder(), 'log.sqlite'), { driver }),
  ]),
];

function leaf(index: number, position: Position | null, text = `entry ${index}`): Leaf {
  const entry = utf8(text);
  return { index, hash: leafHash(entry), entry, position };
}

function change(lease: number, leaves: readonly Leaf[], more: Partial<Change> = {}): Change {
  const frontier = TreeFrontier.empty();
  for (let i = 0; i < (leaves[0]?.index ?? 0); i++) frontier.append(leaf(i, null).hash);
  for (const { hash } of leaves) frontier.append(hash);
  return {
    lease,
    oldSize: leaves[0]?.index ?? 0,
    head: { size: frontier.size, peaks: frontier.peaks() },
    leaves,
    sealed: [],
    promises: [],
    epochs: [],
    cursors: new Map(),
    quarantine: [],
    ...more,
  };
}

const at = (seq: number, epoch = 7, producer = 'loan-api'): Position => ({ producer, epoch, seq });
const evidence: AnchorEvidence = {
  chainId: 31337,
  contract: `0x${'ab'.repeat(20)}`,
  size: 2,
  root: 'cd'.repeat(32),
  blockNumber: 5,
  blockHash: `0x${'ef'.repeat(32)}`,
  transactionHash: null,
  checkpoint: 'AAAA',
};

describe.each(stores)('a store: %s', (_name, create) => {
  test('an empty one', async () => {
    const store = create();
    expect(await store.head()).toStrictEqual({ size: 0, peaks: [] });
    expect(await store.leaves(0, 10)).toStrictEqual([]);
    expect(await store.leafAt(at(0))).toBeNull();
    expect(await store.indexOf(leafHash(utf8('x')))).toBeNull();
    expect(await store.epochs('loan-api')).toStrictEqual([]);
    expect(await store.promiseOf(at(0))).toBeNull();
    expect(await store.cursor('spool/x')).toBe(0);
    expect(await store.newestCheckpoint()).toBeNull();
    expect(await store.newestAnchor()).toBeNull();
    expect(await store.anchoredSizes()).toStrictEqual([]);
    await store.close();
    await store.close();
  });

  test('a change is all there afterwards, byte for byte', async () => {
    const store = create();
    const lease = await store.takeLease();
    const epoch = 2 ** 50 + 1;
    const leaves = [leaf(0, null), leaf(1, at(0, epoch)), leaf(2, at(1, epoch)), leaf(3, null)];
    const hash = leaves[2]!.hash;
    const open = { producer: 'loan-api', epoch, seq: 1, leaf: hash, closedAt: null };
    const closed = { producer: 'loan-api', epoch: 3, seq: 9, leaf: null, closedAt: 12 };
    const promise = { producer: 'loan-api', epoch, firstSeq: 0, count: 2, bytes: utf8('promise') };
    const expected = change(lease, leaves, {
      sealed: [{ index: 2, bytes: new Uint8Array([0, 255, 7]) }],
      promises: [promise],
      epochs: [open, closed],
      cursors: new Map([['spool/a', 2 ** 40]]),
      quarantine: [
        {
          stream: 'spool/a',
          from: 5,
          to: 9,
          reason: 'MALFORMED',
          hash: leafHash(utf8('?')),
          bytes: utf8('?'),
        },
      ],
    });
    await store.commit(expected);
    expect(await store.head()).toStrictEqual(expected.head);
    expect(await store.leaves(0, 10)).toStrictEqual(leaves);
    expect(await store.leaves(1, 2)).toStrictEqual(leaves.slice(1, 3));
    expect(await store.leafAt(at(1, epoch))).toStrictEqual(leaves[2]);
    expect(await store.leafAt(at(2, epoch))).toBeNull();
    expect(await store.leafAt(at(1, epoch, 'other'))).toBeNull();
    expect(await store.indexOf(hash)).toBe(2);
    expect(await store.registrations()).toStrictEqual([leaves[3]]);
    expect(await store.epochs('loan-api')).toStrictEqual([closed, open]);
    expect(await store.promiseOf(at(1, epoch))).toStrictEqual(promise);
    expect(await store.promiseOf(at(2, epoch))).toBeNull();
    expect(await store.sealed(2)).toStrictEqual(new Uint8Array([0, 255, 7]));
    expect(await store.sealed(1)).toBeNull();
    expect(await store.cursor('spool/a')).toBe(2 ** 40);
    expect(await store.isQuarantined('spool/a', 5)).toBe(true);
    expect(await store.isQuarantined('spool/a', 6)).toBe(false);
    expect(await store.quarantineCounts()).toStrictEqual({ MALFORMED: 1 });
    expect(await store.quarantinedBytes()).toBe(1);
    await store.close();
  });

  test('a taken position refuses the whole change', async () => {
    const store = create();
    const lease = await store.takeLease();
    await store.commit(change(lease, [leaf(0, at(0))]));
    const twice = change(lease, [leaf(1, at(1)), leaf(2, at(0), 'other')], {
      cursors: new Map([['s', 4]]),
    });
    await expect(store.commit(twice)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect((await store.head()).size).toBe(1);
    expect(await store.leafAt(at(1))).toBeNull();
    expect(await store.cursor('s')).toBe(0);
    await store.close();
  });

  test('an old lease and a stale size write nothing', async () => {
    const store = create();
    const old = await store.takeLease();
    await store.commit(change(old, [leaf(0, null)]));
    const lease = await store.takeLease();
    expect(lease).toBeGreaterThan(old);
    const fenced = expect.objectContaining({ code: 'STORE_FENCED' });
    await expect(store.commit(change(old, [leaf(1, null)]))).rejects.toEqual(fenced);
    await expect(store.commit(change(lease, [leaf(0, null, 'again')]))).rejects.toEqual(fenced);
    await expect(
      store.addCheckpoint(old, { size: 1, root: leaf(0, null).hash, note: utf8('n') }),
    ).rejects.toEqual(fenced);
    await store.commit(change(lease, [leaf(1, null)]));
    expect((await store.head()).size).toBe(2);
    await store.close();
  });

  test('checkpoints only grow, never beyond the leaves; the same one may come again', async () => {
    const store = create();
    const lease = await store.takeLease();
    await store.commit(change(lease, [leaf(0, null), leaf(1, null)]));
    const one = { size: 1, root: leaf(0, null).hash, note: utf8('one') };
    const two = { size: 2, root: leaf(1, null).hash, note: utf8('two') };
    await store.addCheckpoint(lease, one);
    await store.addCheckpoint(lease, one);
    await store.addCheckpoint(lease, two);
    const fenced = expect.objectContaining({ code: 'STORE_FENCED' });
    await expect(store.addCheckpoint(lease, one)).rejects.toEqual(fenced);
    await expect(store.addCheckpoint(lease, { ...two, note: utf8('fork') })).rejects.toEqual(
      fenced,
    );
    await expect(store.addCheckpoint(lease, { ...two, size: 3 })).rejects.toEqual(fenced);
    expect(await store.newestCheckpoint()).toStrictEqual(two);
    expect(await store.checkpointOf(1)).toStrictEqual(one);
    expect(await store.checkpointOf(3)).toBeNull();
    await store.close();
  });

  test('the same anchor may come twice', async () => {
    const store = create();
    await store.addAnchor(evidence);
    await store.addAnchor(evidence);
    await store.addAnchor({ ...evidence, size: 1 });
    expect(await store.newestAnchor()).toStrictEqual(evidence);
    expect(await store.anchoredSizes()).toStrictEqual([1, 2]);
    await store.close();
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
    bytes.fill(0x5a, 8192, 12_288);
    writeFileSync(copy, bytes);
    if (existsSync(wal)) writeFileSync(`${copy}-wal`, readFileSync(wal));
    expect(() => openSqliteStore(copy)).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
    await unclean.close();
  });
});
