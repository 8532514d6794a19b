import { expect, test } from '@jest/globals';
import {
  TreeFrontier,
  leafHash,
  newTiles,
  proveInclusion,
  tileHashReader,
  tilePath,
  u32,
  verifyInclusion,
} from '@showcause/core';
import { TileMaker } from '../src/index.ts';

test.each([1, 255, 256, 257, 600, 65_536, 66_000])(
  'the tiles of %i leaves are those that a client asks for, and prove every entry',
  async (size) => {
    const maker = new TileMaker();
    const tree = TreeFrontier.empty();
    const leaves = Array.from({ length: size }, (_, i) => leafHash(u32(i)));
    const full = leaves.flatMap((leaf) => {
      tree.append(leaf);
      return maker.append(leaf);
    });
    const made = new Map(
      [...full, ...maker.rest()].map(({ tile, bytes }) => [tilePath(tile), bytes]),
    );
    expect([...made.keys()].sort()).toStrictEqual(newTiles(0, size).map(tilePath).sort());
    const read = tileHashReader(size, (tile) => Promise.resolve(made.get(tilePath(tile))!));
    for (const index of [0, Math.floor(size / 2), size - 1])
      verifyInclusion(
        leaves[index]!,
        index,
        size,
        tree.root(),
        await proveInclusion(index, size, read),
      );
  },
);
