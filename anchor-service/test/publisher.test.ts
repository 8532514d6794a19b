import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import {
  TreeFrontier,
  decodeEntryBundle,
  ed25519NoteSigner,
  formatVkey,
  leafHash,
  openCheckpoint,
  parseVkey,
  signCheckpoint,
  tilePath,
  toHex,
  utf8,
} from '@showcause/core';
import { ed25519KeySigner, generateKey } from '@showcause/core/node';
import { openLogDirectory, openSignedMark } from '../src/adapters/log-directory.ts';
import { MemoryStore, emptyDisk } from '../src/adapters/store-memory.ts';
import type { MemoryDisk } from '../src/adapters/store-memory.ts';
import { ServiceError } from '../src/errors.ts';
import { collectPartialTiles } from '../src/partial-tiles.ts';
import type { LogFiles, SignedMark } from '../src/ports.ts';
import { Publisher } from '../src/publisher.ts';
import type { PublisherOptions } from '../src/publisher.ts';
import { appendLeaves as grow } from './support/append-leaves.ts';
import { newFolder, removeFolders, silent } from './support/log.ts';
import { memoryFiles, memoryMark } from './support/memory-files.ts';

afterAll(removeFolders);

const ORIGIN = 'log.example/test';
const key = generateKey('log');
const signer = ed25519NoteSigner(ORIGIN, key.publicKey, ed25519KeySigner(key));
const verifier = parseVkey(formatVkey(ORIGIN, key.publicKey));

function start(
  disk: MemoryDisk,
  files: LogFiles,
  mark: SignedMark,
  atLeast: Parameters<typeof Publisher.start>[1] = [],
): Promise<Publisher> {
  return Publisher.start(optionsOf(disk, files, mark), atLeast);
}

function optionsOf(disk: MemoryDisk, files: LogFiles, mark: SignedMark): PublisherOptions {
  return {
    store: new MemoryStore(disk),
    files,
    mark,
    lease: disk.lease,
    origin: ORIGIN,
    signer,
    verifier,
    logger: silent,
  };
}

describe('publishing', () => {
  test('tiles, bundles and checkpoint appear for each size, and only in full once', async () => {
    const disk = emptyDisk();
    const files = memoryFiles();
    const publisher = await start(disk, files, memoryMark());
    expect(await publisher.publish()).toBe(false);
    const { content } = files;
    for (const count of [1, 3, 252, 2, 300]) {
      await grow(disk, count);
      expect(await publisher.publish()).toBe(true);
      const checkpoint = openCheckpoint(content.get('checkpoint')!, ORIGIN, [verifier]);
      expect(checkpoint.size).toBe(disk.head.size);
      expect(checkpoint.root).toStrictEqual(
        TreeFrontier.from(disk.head.size, disk.head.peaks).root(),
      );
    }
    expect(await publisher.publish()).toBe(false);
    expect([...content.keys()].sort()).toStrictEqual(
      [
        'checkpoint',
        ...[1, 4].flatMap((w) => [`tile/0/000.p/${w}`, `tile/entries/000.p/${w}`]),
        'tile/0/000',
        'tile/entries/000',
        'tile/1/000.p/1',
        'tile/0/001.p/2',
        'tile/entries/001.p/2',
        'tile/0/001',
        'tile/entries/001',
        'tile/0/002.p/46',
        'tile/entries/002.p/46',
        'tile/1/000.p/2',
      ].sort(),
    );
    expect(decodeEntryBundle(content.get('tile/entries/002.p/46')!, 46)[45]).toStrictEqual(
      utf8('entry 557'),
    );
  });

  test('a tile with other bytes stops it for good', async () => {
    const disk = emptyDisk();
    const files = memoryFiles();
    const publisher = await start(disk, files, memoryMark());
    await grow(disk, 5);
    files.content.set('tile/0/000.p/5', new Uint8Array(160));
    await expect(publisher.publish()).rejects.toMatchObject({ code: 'PUBLISH_TILE' });
    expect(files.content.has('checkpoint')).toBe(false);
    files.content.delete('tile/0/000.p/5');
    await expect(publisher.publish()).rejects.toMatchObject({ code: 'PUBLISH_FAILED' });
  });

  test('nothing is signed over stored bytes that do not hash to the head', async () => {
    const disk = emptyDisk();
    const files = memoryFiles();
    await grow(disk, 9);
    // One bit flips between the hash and the store.
    const damaged = disk.leaves[4]!.entry.slice();
    damaged[0]! ^= 1;
    disk.leaves[4] = { ...disk.leaves[4]!, entry: damaged };
    const publisher = await start(disk, files, memoryMark());
    await expect(publisher.publish()).rejects.toMatchObject({ code: 'PUBLISH_ROOT' });
    expect(files.content.has('checkpoint')).toBe(false);
    expect(disk.checkpoints).toStrictEqual([]);
  });

  test('a disk that loses or changes what was written is not signed over', async () => {
    const disk = emptyDisk();
    const files = memoryFiles();
    await grow(disk, 9);
    const lying: LogFiles = {
      ...files,
      create: async (path, bytes) =>
        files.create(
          path,
          bytes.map((b, i) => (i === 40 ? b ^ 1 : b)),
        ),
    };
    const publisher = await start(disk, lying, memoryMark());
    await expect(publisher.publish()).rejects.toMatchObject({ code: expect.any(String) });
    expect(disk.checkpoints).toStrictEqual([]);
  });

  test('a write that fails stops it before anything is served', async () => {
    const disk = emptyDisk();
    const files = memoryFiles();
    await grow(disk, 3);
    const full: LogFiles = {
      ...files,
      create: async (path, bytes) => {
        if (path.startsWith('tile/0')) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
        return files.create(path, bytes);
      },
    };
    const publisher = await start(disk, full, memoryMark());
    await expect(publisher.publish()).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(disk.checkpoints).toStrictEqual([]);
    expect(publisher.halted).not.toBeNull();
  });

  test('a zombie signs nothing', async () => {
    const disk = emptyDisk();
    const files = memoryFiles();
    const store = new MemoryStore(disk);
    await store.takeLease();
    const publisher = await start(disk, files, memoryMark());
    await grow(disk, 3);
    await store.takeLease();
    await expect(publisher.publish()).rejects.toMatchObject({ code: 'STORE_FENCED' });
    expect(files.content.has('checkpoint')).toBe(false);
  });

  test.each(['mark', 'checkpoint'])(
    'a zombie that woke amid its last writes (%s) puts the newest head back and ends',
    async (where) => {
      const disk = emptyDisk();
      const content = memoryFiles();
      const kept = memoryMark();
      await new MemoryStore(disk).takeLease();
      /** What the next one publishes meanwhile. */
      const overtake = async (): Promise<void> => {
        await new MemoryStore(disk).takeLease();
        await grow(disk, 4);
        await (await start(disk, content, kept)).publish();
      };
      let frozen = 'nowhere';
      const freeze = async (at: string): Promise<void> => {
        if (frozen !== at) return;
        frozen = 'nowhere';
        await overtake();
      };
      const zombie = await start(
        disk,
        {
          ...content,
          // As a folder does it: between the look and the write there is room to freeze.
          async exchange(path, was, bytes) {
            if (frozen !== path) return content.exchange(path, was, bytes);
            await freeze(path);
            await content.replace(path, bytes);
            return true;
          },
        },
        {
          read: () => kept.read(),
          async write(checkpoint) {
            await freeze('mark');
            await kept.write(checkpoint);
          },
        },
      );
      await grow(disk, 3);
      frozen = where;
      await expect(zombie.publish()).rejects.toMatchObject({ code: 'STORE_FENCED' });
      const { size, note } = disk.checkpoints.at(-1)!;
      expect(size).toBe(7);
      expect(content.content.get('checkpoint')).toStrictEqual(note);
      expect(kept.value).toMatchObject({ size: 7 });
    },
  );
});

describe('the served checkpoint only grows', () => {
  const sizeOf = (files: ReturnType<typeof memoryFiles>): number =>
    openCheckpoint(files.content.get('checkpoint')!, ORIGIN, [verifier]).size;

  /** Goes on when told, just before it puts its checkpoint in place. */
  function paused(files: LogFiles): { files: LogFiles; resume: () => void } {
    let resume!: () => void;
    const resumed = new Promise<void>((resolve) => (resume = resolve));
    const exchange: LogFiles['exchange'] = async (...args) => {
      await resumed;
      return files.exchange(...args);
    };
    return { files: { ...files, exchange }, resume };
  }

  test('a zombie that was paused after it signed puts nothing back, and ends', async () => {
    const disk = emptyDisk();
    const files = memoryFiles();
    const late = paused(files);
    const zombie = await start(disk, late.files, memoryMark());
    await grow(disk, 3);
    const publishing = zombie.publish();
    while (disk.checkpoints.length === 0) await new Promise(setImmediate);
    await new MemoryStore(disk).takeLease();
    const next = await start(disk, files, memoryMark());
    await grow(disk, 4);
    await next.publish();
    expect(sizeOf(files)).toBe(7);
    late.resume();
    await expect(publishing).rejects.toMatchObject({ code: 'STORE_FENCED' });
    expect(zombie.halted).not.toBeNull();
    expect(sizeOf(files)).toBe(7);
  });

  test('an older one of ours that came back in the meantime gives way to the next', async () => {
    const disk = emptyDisk();
    const files = memoryFiles();
    const publisher = await start(disk, files, memoryMark());
    await grow(disk, 3);
    await publisher.publish();
    const old = files.content.get('checkpoint')!;
    await grow(disk, 3);
    await publisher.publish();
    files.content.set('checkpoint', old);
    await grow(disk, 3);
    await publisher.publish();
    expect(sizeOf(files)).toBe(9);
    files.content.delete('checkpoint');
    await grow(disk, 1);
    await publisher.publish();
    expect(sizeOf(files)).toBe(10);
  });

  test('one that was signed over another tree is evidence, and stays', async () => {
    const [disk, other] = [emptyDisk(), emptyDisk()];
    const [files, forked] = [memoryFiles(), memoryFiles()];
    const publisher = await start(disk, files, memoryMark());
    const thief = await start(other, forked, memoryMark());
    await grow(disk, 3);
    await grow(other, 2, 'another');
    await publisher.publish();
    await thief.publish();
    files.content.set('checkpoint', forked.content.get('checkpoint')!);
    await grow(disk, 3);
    await expect(publisher.publish()).rejects.toMatchObject({ code: 'PUBLISH_FORK' });
    expect(sizeOf(files)).toBe(2);
  });
});

describe('a store of the files that is away', () => {
  const away = (): never => {
    throw new ServiceError('FILES_UNAVAILABLE', { got: 'no answer' });
  };

  test.each(['create', 'read', 'exchange'] as const)(
    'during %s: the same step is done once it is back',
    async (method) => {
      const disk = emptyDisk();
      const files = memoryFiles();
      let isAway = false;
      const flaky = Object.fromEntries(
        Object.entries(files).map(([name, call]) => [
          name,
          typeof call !== 'function'
            ? call
            : async (...args: unknown[]) =>
                isAway && name === method
                  ? away()
                  : (call as (...a: unknown[]) => unknown)(...args),
        ]),
      ) as unknown as LogFiles;
      const publisher = await start(disk, flaky, memoryMark());
      await grow(disk, 5);
      isAway = true;
      for (let tries = 0; tries < 2; tries++)
        await expect(publisher.publish()).rejects.toMatchObject({ code: 'FILES_UNAVAILABLE' });
      expect(files.content.has('checkpoint')).toBe(false);
      await grow(disk, 5);
      isAway = false;
      await publisher.publish();
      await publisher.publish();
      expect(openCheckpoint(files.content.get('checkpoint')!, ORIGIN, [verifier]).size).toBe(10);
      expect(disk.checkpoints.map(({ size }) => size)).toStrictEqual(
        method === 'exchange' ? [5, 10] : [10],
      );
    },
  );
});

describe('starting again', () => {
  async function published(size: number): Promise<{
    disk: MemoryDisk;
    files: ReturnType<typeof memoryFiles>;
    mark: ReturnType<typeof memoryMark>;
  }> {
    const disk = emptyDisk();
    const files = memoryFiles();
    const mark = memoryMark();
    const publisher = await start(disk, files, mark);
    await grow(disk, size);
    await publisher.publish();
    return { disk, files, mark };
  }

  test('a crash between the three records is mended with the newest', async () => {
    const { disk, files, mark } = await published(5);
    await grow(disk, 4);
    const root = TreeFrontier.from(9, disk.head.peaks).root();
    const note = signCheckpoint({ origin: ORIGIN, size: 9, root }, [signer]);
    await (await start(disk, files, mark)).publish();
    // As if the process had ended after the row in the store.
    mark.value = disk.checkpoints[0]!;
    files.content.set('checkpoint', disk.checkpoints[0]!.note);
    const mended = await start(disk, files, mark);
    expect(mended.published).toMatchObject({ size: 9 });
    expect(files.content.get('checkpoint')).toStrictEqual(note);
    expect(mark.value).toMatchObject({ size: 9 });
  });

  test('leaves that are published are not read again to know whether the store goes on from there', async () => {
    const { disk, files, mark } = await published(600);
    await grow(disk, 10);
    const read: number[] = [];
    const store = new MemoryStore(disk);
    const leaves = store.leaves.bind(store);
    store.leaves = (from, count) => {
      read.push(from);
      return leaves(from, count);
    };
    const options = { ...optionsOf(disk, files, mark), store };
    await Publisher.start(options);
    expect(read).toStrictEqual([600]);
    files.content.set('tile/0/002.p/88', new Uint8Array(88 * 32));
    await expect(Publisher.start(options)).rejects.toMatchObject({ code: 'PUBLISH_TILE' });
    expect(read).toContain(0);
  });

  test('a store restored from a backup does not sign: the separate mark is larger', async () => {
    const { files, mark } = await published(9);
    const backup = emptyDisk();
    await grow(backup, 5);
    await expect(start(backup, files, mark)).rejects.toMatchObject({ code: 'PUBLISH_ROLLBACK' });
    const onlyServed = memoryMark();
    await expect(start(backup, files, onlyServed)).rejects.toMatchObject({
      code: 'PUBLISH_ROLLBACK',
    });
    await expect(start(backup, memoryFiles(), mark)).rejects.toMatchObject({
      code: 'PUBLISH_ROLLBACK',
    });
  });

  test('a store that grew another way does not sign', async () => {
    const { files, mark } = await published(9);
    const fork = emptyDisk();
    await grow(fork, 4);
    await grow(fork, 12, 'another');
    await expect(start(fork, files, mark)).rejects.toMatchObject({ code: 'PUBLISH_FORK' });
  });

  test("a contract's head that the store lacks or contradicts ends it", async () => {
    const { disk, files, mark } = await published(9);
    const root = leafHash(utf8('x'));
    const rollback = expect.objectContaining({ code: 'PUBLISH_ROLLBACK' });
    const fork = expect.objectContaining({ code: 'PUBLISH_FORK' });
    await expect(start(disk, files, mark, [{ size: 10, root }])).rejects.toEqual(rollback);
    await expect(start(disk, files, mark, [{ size: 4, root }])).rejects.toEqual(fork);
    const first = { size: 1, root: disk.leaves[0]!.hash };
    await expect(start(disk, files, mark, [first])).resolves.toBeInstanceOf(Publisher);
  });

  test('a served checkpoint of another log is refused', async () => {
    const { disk, mark } = await published(3);
    const files = memoryFiles(new Map([['checkpoint', utf8('not a note')]]));
    await expect(start(disk, files, mark)).rejects.toMatchObject({ code: 'PUBLISH_FORK' });
  });

  test('a lost log folder is made again from the store', async () => {
    const { disk, files, mark } = await published(300);
    const empty = memoryFiles();
    const again = await start(disk, empty, mark);
    await grow(disk, 10);
    await again.publish();
    expect(empty.content.get('tile/entries/000')).toStrictEqual(
      files.content.get('tile/entries/000'),
    );
    expect(empty.content.has('tile/0/001.p/54')).toBe(true);
  });
});

describe('a hash tile that is cut short', () => {
  /** All but the right length of a tile of this width. */
  const lengths = (width: number): number[] => [0, 32, 40, 32 * (width - 1)];
  const cases = [
    { size: 600, path: 'tile/0/002.p/88', width: 88, name: 'level 0, partial' },
    { size: 512, path: 'tile/0/001', width: 256, name: 'level 0, full' },
    { size: 700, path: 'tile/1/000.p/2', width: 2, name: 'upper level, partial' },
    { size: 65_536, path: 'tile/1/000', width: 256, name: 'upper level, full' },
  ].flatMap((one) =>
    lengths(one.width)
      .filter((length, i, all) => all.indexOf(length) === i)
      .map((length) => ({ ...one, length })),
  );
  const disks = new Map<number, Promise<MemoryDisk>>();
  /** A store of this size, made once: what is published of it is each test's own. */
  function grown(size: number): Promise<MemoryDisk> {
    const made = disks.get(size) ?? madeDisk(size);
    disks.set(size, made);
    return made;
  }
  async function madeDisk(size: number): Promise<MemoryDisk> {
    const disk = emptyDisk();
    await grow(disk, size);
    return disk;
  }

  test.each(cases)('to $length bytes is not signed over ($name)', async (cut) => {
    const disk = { ...(await grown(cut.size)), checkpoints: [] };
    const files = memoryFiles();
    const cutting: LogFiles = {
      ...files,
      read: async (path) =>
        path === cut.path
          ? (files.content.get(path)?.subarray(0, cut.length) ?? null)
          : files.read(path),
    };
    const publisher = await start(disk, cutting, memoryMark());
    await expect(publisher.publish()).rejects.toMatchObject({ code: 'PUBLISH_ROOT' });
    expect(disk.checkpoints).toStrictEqual([]);
    expect(files.content.has('checkpoint')).toBe(false);
  });

  // At start the newest tiles are compared, and those below them when these do not fit.
  test.each(cases.filter(({ size }) => size < 65_536))(
    'to $length bytes before a start ends like a cut bundle ($name)',
    async (cut) => {
      const disk = { ...(await grown(cut.size)), checkpoints: [] };
      const files = memoryFiles();
      const mark = memoryMark();
      await (await start(disk, files, mark)).publish();
      files.content.set(cut.path, files.content.get(cut.path)!.slice(0, cut.length));
      await expect(start(disk, files, mark)).rejects.toMatchObject({ code: 'PUBLISH_TILE' });
    },
  );

  test.each([
    ['a hash tile that is too long', 'tile/0/002.p/88', 1],
    ['a bundle that is cut', 'tile/entries/002.p/88', -1],
  ])('and so does %s', async (_, path, more) => {
    const disk = { ...(await grown(600)), checkpoints: [] };
    const files = memoryFiles();
    const mark = memoryMark();
    await (await start(disk, files, mark)).publish();
    const whole = files.content.get(path)!;
    const changed = new Uint8Array(whole.length + more);
    changed.set(whole.subarray(0, changed.length));
    files.content.set(path, changed);
    await expect(start(disk, files, mark)).rejects.toMatchObject({ code: 'PUBLISH_TILE' });
  });
});

describe('partial tiles', () => {
  test('go when the full tile is settled; those of anchored sizes stay', async () => {
    const disk = emptyDisk();
    const files = memoryFiles();
    const publisher = await start(disk, files, memoryMark());
    for (const count of [10, 90, 156, 20]) {
      await grow(disk, count);
      await publisher.publish();
    }
    const partials = (): string[] =>
      [...files.content.keys()].filter((k) => k.includes('.p/')).sort();
    const before = partials();
    expect(await collectPartialTiles(files, 0, 200, [100])).toBe(0);
    expect(partials()).toStrictEqual(before);
    expect(await collectPartialTiles(files, 0, 276, [100])).toBe(256);
    expect(partials()).toStrictEqual(
      [
        'tile/0/000.p/100',
        'tile/entries/000.p/100',
        'tile/0/001.p/20',
        'tile/entries/001.p/20',
        'tile/1/000.p/1',
      ].sort(),
    );
  });

  test('a collection that takes too long goes on where it ended', async () => {
    const files = memoryFiles();
    for (let index = 0; index < 40; index++)
      for (const width of [256, 9])
        await files.create(tilePath({ level: 0, index, width }), new Uint8Array(width));
    const left = (): number => [...files.content.keys()].filter((k) => k.includes('.p/')).length;
    const first = await collectPartialTiles(files, 0, 40 * 256, [], 0);
    expect([first, left()]).toStrictEqual([16 * 256, 24]);
    expect(await collectPartialTiles(files, first, 40 * 256, [])).toBe(40 * 256);
    expect(left()).toBe(0);
  });

  test('nothing goes while the full tile is not there', async () => {
    const path = tilePath({ level: 0, index: 0, width: 9 });
    const files = memoryFiles(new Map([[path, new Uint8Array(9 * 32)]]));
    await collectPartialTiles(files, 0, 256, []);
    expect(files.content.has(path)).toBe(true);
  });
});

describe('the log folder', () => {
  test('creates once, replaces, lists and removes; leaves no temporary files', async () => {
    const dir = newFolder();
    const files = openLogDirectory(dir);
    await files.create('tile/0/000', utf8('a'));
    await files.create('tile/0/000', utf8('a'));
    await expect(files.create('tile/0/000', utf8('b'))).rejects.toMatchObject({
      code: 'PUBLISH_TILE',
    });
    await files.create('tile/0/000.p/3', utf8('p'));
    expect(await files.list('tile/0/000.p')).toStrictEqual(['3']);
    expect(await files.list('tile/9')).toStrictEqual([]);
    await files.replace('checkpoint', utf8('one'));
    await files.replace('checkpoint', utf8('two'));
    expect(await files.read('checkpoint')).toStrictEqual(utf8('two'));
    await files.remove('tile/0/000.p/3');
    await files.remove('tile/0/000.p/3');
    expect(await files.read('tile/0/000.p/3')).toBeNull();
    const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
    expect(names.filter((name) => name.endsWith('.tmp'))).toStrictEqual([]);
    expect(statSync(join(dir, 'checkpoint')).mode & 0o777).toBe(0o644);
  });

  test('the mark beside the store is read back, and damage is not taken for absence', async () => {
    const path = join(newFolder(), 'signed.json');
    const mark = openSignedMark(path);
    expect(await mark.read()).toBeNull();
    const root = leafHash(utf8('x'));
    const note = signCheckpoint({ origin: ORIGIN, size: 1, root }, [signer]);
    await mark.write({ size: 1, root, note });
    expect(await mark.read()).toStrictEqual({ size: 1, root, note });
    expect(toHex((await mark.read())!.root)).toBe(toHex(root));
    writeFileSync(path, '{"v":1,"size":1');
    await expect(mark.read()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });
});

describe('records of what was signed', () => {
  test.each(['mark', 'store'] as const)(
    'a checkpoint in the %s that the log did not sign is not believed',
    async (where) => {
      const disk = emptyDisk();
      const files = memoryFiles();
      const mark = memoryMark();
      await grow(disk, 5);
      await (await start(disk, files, mark)).publish();
      const stranger = generateKey('log');
      const sign = ed25519NoteSigner(ORIGIN, stranger.publicKey, ed25519KeySigner(stranger));
      const { size, root } = mark.value!;
      const forged = { size, root, note: signCheckpoint({ origin: ORIGIN, size, root }, [sign]) };
      if (where === 'mark') mark.value = forged;
      else disk.checkpoints[0] = forged;
      await expect(start(disk, files, mark)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    },
  );
});
