import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  bundleHashes,
  concatBytes,
  decodeEntryBundle,
  encodeEntryBundle,
  entryBundles,
  fromHex,
  leafHash,
  merkleRoot,
  newTiles,
  parseTilePath,
  proveConsistency,
  proveInclusion,
  rootAt,
  sha256,
  tileHashReader,
  tilePath,
  toHex,
  u64,
  utf8,
  verifyConsistency,
  verifyInclusion,
} from '../src/index.ts';
import type { Hash, TileCoordinate } from '../src/index.ts';
import { code, readVectors } from './vectors.ts';

const published = readVectors<{
  paths: (TileCoordinate & { path: string })[];
  refused: Record<string, string>;
}>('tlog-tiles-paths');

describe('paths', () => {
  test.each(published.paths)('$path', ({ path, ...tile }) => {
    expect(parseTilePath(path)).toStrictEqual(tile);
    expect(tilePath(tile)).toBe(path);
  });

  test.each(Object.entries(published.refused))('%s is refused', (_name, path) => {
    expect(() => parseTilePath(path)).toThrow(code('TILE_PATH'));
  });

  test('every tile has one path, and every path one tile', () => {
    const tile = fc.record(
      {
        level: fc.oneof(fc.constant('entries' as const), fc.integer({ min: 0, max: 63 })),
        index: fc.oneof(fc.maxSafeNat(), fc.nat({ max: 2_000_000 })),
        width: fc.integer({ min: 1, max: 256 }),
      },
      { noNullPrototype: true },
    );
    fc.assert(fc.property(tile, (one) => expect(parseTilePath(tilePath(one))).toStrictEqual(one)));
  });

  test('what parses is written back to the letter', () => {
    const text = fc.string({ unit: fc.constantFrom(...'tile/entries0123456789x.p') });
    fc.assert(
      fc.property(text, (tail) => {
        const path = `tile/${tail}`;
        let tile: TileCoordinate;
        try {
          tile = parseTilePath(path);
        } catch (error) {
          expect(error).toEqual(code('TILE_PATH'));
          return;
        }
        expect(tilePath(tile)).toBe(path);
      }),
    );
  });

  test.each<TileCoordinate>([
    { level: 64, index: 0, width: 1 },
    { level: -1, index: 0, width: 1 },
    { level: 0.5, index: 0, width: 1 },
    { level: 0, index: -1, width: 1 },
    { level: 0, index: 2 ** 53, width: 1 },
    { level: 0, index: 0.5, width: 1 },
    { level: 0, index: 0, width: 0 },
    { level: 0, index: 0, width: 257 },
    { level: 'entries', index: 0, width: NaN },
  ])('%j has no path', (tile) => {
    expect(() => tilePath(tile)).toThrow(RangeError);
  });
});

const digests = readVectors<{
  roots: Record<string, string>;
  size: number;
  levels: { level: number; tiles: number; lastWidth: number; sha256: string }[];
}>('tile-digests');

/** Hashes of every tile level, by definition: item i of level L is the root of leaves [i * 256^L, (i + 1) * 256^L). */
function levels(leaves: readonly Hash[]): Hash[][] {
  const all: Hash[][] = [];
  for (let level = leaves; level.length > 0;) {
    all.push([...level]);
    const above: Hash[] = [];
    for (let i = 0; i + 256 <= level.length; i += 256)
      above.push(merkleRoot(level.slice(i, i + 256)));
    level = above;
  }
  return all;
}

function tileFrom(all: readonly Hash[][], { level, index, width }: TileCoordinate): Uint8Array {
  const hashes = all[level as number]!.slice(256 * index, 256 * index + width);
  if (hashes.length !== width) throw new RangeError('no such tile');
  return concatBytes(...hashes);
}

const leaves = Array.from({ length: digests.size }, (_, i) => leafHash(u64(i)));
const all = levels(leaves);

describe('the published log of 70,000 leaves', () => {
  test('its tiles have the published digests', () => {
    const tiles = newTiles(0, digests.size);
    for (const { level, tiles: count, lastWidth, sha256: want } of digests.levels) {
      const mine = tiles.filter((tile) => tile.level === level);
      expect(mine.map(({ index }) => index)).toStrictEqual(
        Array.from({ length: count }, (_, i) => i),
      );
      expect(mine.at(-1)!.width).toBe(lastWidth);
      const digest = createHash('sha256');
      for (const tile of mine) digest.update(tileFrom(all, tile));
      expect(digest.digest('hex')).toBe(want);
    }
    expect(tiles).toHaveLength(digests.levels.reduce((sum, { tiles: count }) => sum + count, 0));
  });

  test('roots and proofs come out of its tiles, each fetched once', async () => {
    const fetched: string[] = [];
    const fetch = (tile: TileCoordinate): Promise<Uint8Array> => {
      fetched.push(tilePath(tile));
      return Promise.resolve(tileFrom(all, tile));
    };
    const read = tileHashReader(digests.size, fetch);
    for (const [size, root] of Object.entries(digests.roots))
      expect(toHex(await rootAt(Number(size), read))).toBe(root);
    const root = fromHex(digests.roots[digests.size]!);
    for (const index of [0, 1, 255, 256, 65535, 65536, 69999]) {
      fetched.length = 0;
      verifyInclusion(
        leaves[index]!,
        index,
        digests.size,
        root,
        await proveInclusion(index, digests.size, read),
      );
      expect(new Set(fetched).size).toBe(fetched.length);
      expect(fetched.length).toBeLessThanOrEqual(5);
      const old = await rootAt(index + 1, read);
      verifyConsistency(
        index + 1,
        old,
        digests.size,
        root,
        await proveConsistency(index + 1, digests.size, read),
      );
    }
  });

  test('only tiles of the widths that the size has are asked for', async () => {
    const asked = new Set<string>();
    const read = tileHashReader(digests.size, (tile) => {
      asked.add(tilePath(tile));
      return Promise.resolve(tileFrom(all, tile));
    });
    await rootAt(digests.size, read);
    const valid = new Set(newTiles(0, digests.size).map(tilePath));
    expect([...asked].filter((path) => !valid.has(path))).toStrictEqual([]);
  });
});

describe('growth', () => {
  test('lists tiles by level with their final widths only', () => {
    expect(newTiles(254, 257).map(tilePath)).toStrictEqual([
      'tile/0/000',
      'tile/0/001.p/1',
      'tile/1/000.p/1',
    ]);
    expect(newTiles(255, 256).map(tilePath)).toStrictEqual(['tile/0/000', 'tile/1/000.p/1']);
    expect(newTiles(256, 257).map(tilePath)).toStrictEqual(['tile/0/001.p/1']);
    expect(newTiles(0, 1).map(tilePath)).toStrictEqual(['tile/0/000.p/1']);
    expect(newTiles(5, 5)).toStrictEqual([]);
    expect(newTiles(0, 0)).toStrictEqual([]);
    expect(newTiles(65_535, 65_536).map(tilePath)).toStrictEqual([
      'tile/0/255',
      'tile/1/000',
      'tile/2/000.p/1',
    ]);
    expect(entryBundles(254, 513).map(tilePath)).toStrictEqual([
      'tile/entries/000',
      'tile/entries/001',
      'tile/entries/002.p/1',
    ]);
    expect(entryBundles(256, 256)).toStrictEqual([]);
    expect(entryBundles(300, 300)).toStrictEqual([]);
    expect(entryBundles(256, 300).map(tilePath)).toStrictEqual(['tile/entries/001.p/44']);
  });

  test('in steps makes every tile that growth at once makes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 70_000 }), { minLength: 1, maxLength: 6 }), (sizes) => {
        const steps = [0, ...sizes.sort((a, b) => a - b)];
        const made = new Set<string>();
        for (let i = 1; i < steps.length; i++)
          for (const tile of newTiles(steps[i - 1]!, steps[i]!)) made.add(tilePath(tile));
        expect(
          newTiles(0, steps.at(-1)!)
            .map(tilePath)
            .filter((path) => !made.has(path)),
        ).toStrictEqual([]);
      }),
    );
  });

  test.each([
    [1, 0],
    [-1, 5],
    [0, 0.5],
    [0.5, 1],
    [0, 2 ** 53],
    [NaN, 1],
  ])('from %d to %d is refused', (old, size) => {
    expect(() => newTiles(old, size)).toThrow(code('TREE_RANGE'));
    expect(() => entryBundles(old, size)).toThrow(code('TREE_RANGE'));
  });

  test('at the largest size is listed without rounding', () => {
    const size = Number.MAX_SAFE_INTEGER;
    expect(newTiles(size - 1, size)).toStrictEqual([{ level: 0, index: 2 ** 45 - 1, width: 255 }]);
    expect(newTiles(size - 255, size)).toStrictEqual([
      { level: 0, index: 2 ** 45 - 1, width: 255 },
    ]);
  });
});

describe('a tile reader', () => {
  const fetch = (tile: TileCoordinate): Promise<Uint8Array> => Promise.resolve(tileFrom(all, tile));

  test('answers inner nodes of a tile', async () => {
    const nodes = [
      { level: 0, index: 69_999 },
      { level: 3, index: 5 },
      { level: 7, index: 1 },
      { level: 8, index: 272 },
      { level: 16, index: 0 },
    ];
    const got = await tileHashReader(70_000, fetch)(nodes);
    expect(got.map(toHex)).toStrictEqual(
      nodes.map(({ level, index }) =>
        toHex(merkleRoot(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level))),
      ),
    );
  });

  test.each([
    { level: 0, index: 70_000 },
    { level: 0, index: -1 },
    { level: 0, index: 0.5 },
    { level: 1, index: 35_000 },
    { level: 16, index: 1 },
    { level: 17, index: 0 },
    { level: 53, index: 0 },
    { level: -1, index: 0 },
    { level: 0.5, index: 0 },
  ])('refuses node %j outside the tree, and fetches nothing', async (node) => {
    let fetches = 0;
    const read = tileHashReader(70_000, (tile) => {
      fetches++;
      return fetch(tile);
    });
    await expect(read([{ level: 0, index: 0 }, node])).rejects.toThrow(code('TREE_RANGE'));
    expect(fetches).toBe(0);
  });

  test.each([-1, 1, 32, -32])('refuses a tile that is %d bytes off', async (off) => {
    const read = tileHashReader(300, (tile) =>
      Promise.resolve(new Uint8Array(32 * tile.width + off)),
    );
    await expect(read([{ level: 0, index: 299 }])).rejects.toThrow(code('TILE_BYTES'));
    await expect(read([{ level: 8, index: 0 }])).rejects.toThrow(code('TILE_BYTES'));
  });

  test('passes on what the fetch failed with', async () => {
    const read = tileHashReader(300, () => Promise.reject(new Error('offline')));
    await expect(
      read([
        { level: 0, index: 0 },
        { level: 0, index: 299 },
      ]),
    ).rejects.toThrow('offline');
  });
});

describe('entry bundles', () => {
  const log = readVectors<{ entries: string[]; sha256: Record<string, string> }>(
    'tessera-testdata',
  );

  test('the published bundle and tile of fifteen entries', () => {
    const entries = log.entries.map((entry) => utf8(entry));
    const bundle = encodeEntryBundle(entries);
    expect(toHex(sha256(bundle))).toBe(log.sha256['tile/entries/000.p/15']);
    expect(toHex(sha256(bundleHashes(bundle, 15)))).toBe(log.sha256['tile/0/000.p/15']);
    expect(decodeEntryBundle(bundle, 15).map(toHex)).toStrictEqual(entries.map(toHex));
  });

  test('every bundle reads back', () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 256 });
    fc.assert(
      fc.property(entries, (list) => {
        const bundle = encodeEntryBundle(list);
        expect(bundle.length).toBe(list.reduce((sum, entry) => sum + 2 + entry.length, 0));
        expect(decodeEntryBundle(bundle, list.length).map(toHex)).toStrictEqual(list.map(toHex));
        expect(bundleHashes(bundle, list.length)).toStrictEqual(concatBytes(...list.map(leafHash)));
      }),
    );
  });

  test('an entry of 65,535 bytes fits, one more does not', () => {
    const largest = new Uint8Array(65_535).fill(7);
    expect(decodeEntryBundle(encodeEntryBundle([largest, largest]), 2)).toStrictEqual([
      largest,
      largest,
    ]);
    expect(() => encodeEntryBundle([new Uint8Array(65_536)])).toThrow(code('ENTRY_SIZE'));
    expect(() => encodeEntryBundle([])).toThrow(RangeError);
    expect(() =>
      encodeEntryBundle(Array.from({ length: 257 }, () => largest.subarray(0, 1))),
    ).toThrow(RangeError);
  });

  test('truncated, trailing and miscounted bytes are refused', () => {
    const bundle = encodeEntryBundle([utf8('one'), utf8('two')]);
    for (let length = 0; length < bundle.length; length++)
      expect(() => decodeEntryBundle(bundle.subarray(0, length), 2)).toThrow(code('TILE_BYTES'));
    expect(() => decodeEntryBundle(concatBytes(bundle, Uint8Array.of(0)), 2)).toThrow(
      code('TILE_BYTES'),
    );
    expect(() => decodeEntryBundle(concatBytes(bundle, Uint8Array.of(0, 0)), 2)).toThrow(
      code('TILE_BYTES'),
    );
    expect(() => decodeEntryBundle(bundle, 1)).toThrow(code('TILE_BYTES'));
    expect(() => decodeEntryBundle(bundle, 3)).toThrow(code('TILE_BYTES'));
  });
});
