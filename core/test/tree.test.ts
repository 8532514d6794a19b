import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  TreeFrontier,
  emptyRoot,
  leafHash,
  merkleRoot,
  nodeHash,
  peakCoordinates,
  proveConsistency,
  proveInclusion,
  rootAt,
  rootFromInclusionProof,
  toHex,
  u64,
  verifyConsistency,
  verifyInclusion,
} from '../src/index.ts';
import type { Hash, HashReader, NodeCoordinate } from '../src/index.ts';
import { consistencyPath, mth, path } from './textbook.ts';
import { code, readVectors } from './vectors.ts';

const digests = readVectors<{ leaves: number; digests: { line: string; sha256: string }[] }>(
  'merkle-digests',
);
const bytes = Array.from({ length: digests.leaves }, (_, i) => leafHash(Uint8Array.of(i)));
const many = Array.from({ length: 300 }, (_, i) => leafHash(u64(i)));

/** Answers from leaves in memory. */
function reader(leaves: readonly Hash[]): HashReader {
  return (nodes) =>
    Promise.resolve(
      nodes.map(({ level, index }) => {
        const covered = leaves.slice(index * 2 ** level, (index + 1) * 2 ** level);
        if (covered.length !== 2 ** level)
          throw new RangeError(`node ${level}/${index} is not complete`);
        return mth(covered);
      }),
    );
}

function want(line: string): string {
  return digests.digests.find((one) => one.line.startsWith(line))!.sha256;
}

const listed = (hashes: readonly Hash[]): string =>
  hashes.map((hash) => ` ${toHex(hash)}`).join('');

describe('rolling digests up to 130 leaves', () => {
  test('subtrees', () => {
    const digest = createHash('sha256');
    for (let end = 0; end <= bytes.length; end++)
      for (let start = 0; start <= end; start++) {
        let least = 1;
        while (least < end - start) least *= 2;
        if (start === end || start % least === 0)
          digest.update(`[${start}, ${end}) ${toHex(merkleRoot(bytes.slice(start, end)))}\n`);
      }
    expect(digest.digest('hex')).toBe(want('['));
  });

  test('inclusion', async () => {
    const digest = createHash('sha256');
    for (let size = 1; size <= bytes.length; size++)
      for (let index = 0; index < size; index++) {
        const proof = await proveInclusion(index, size, fastReader);
        digest.update(`incl ${index} ${size}${listed(proof)}\n`);
      }
    expect(digest.digest('hex')).toBe(want('incl'));
  });

  test('consistency', async () => {
    const digest = createHash('sha256');
    for (let size = 1; size <= bytes.length; size++)
      for (let old = 1; old <= size; old++) {
        const proof = await proveConsistency(old, size, fastReader);
        digest.update(`cons ${old} ${size}${listed(proof)}\n`);
      }
    expect(digest.digest('hex')).toBe(want('cons'));
  });
});

const known = new Map<string, Hash>();
const fastReader: HashReader = (nodes) =>
  Promise.resolve(
    nodes.map(({ level, index }) => {
      const key = `${level}/${index}`;
      const hash =
        known.get(key) ?? merkleRoot(bytes.slice(index * 2 ** level, (index + 1) * 2 ** level));
      known.set(key, hash);
      return hash;
    }),
  );

describe('frontier', () => {
  test('has the published roots of a tree of 70,000 leaves', () => {
    const { roots, size } = readVectors<{ roots: Record<string, string>; size: number }>(
      'tile-digests',
    );
    const frontier = TreeFrontier.empty();
    const seen: Record<string, string> = {};
    for (let i = 0; i < size; i++) {
      frontier.append(leafHash(u64(i)));
      if (String(frontier.size) in roots) seen[frontier.size] = toHex(frontier.root());
    }
    expect(seen).toStrictEqual(roots);
  });

  test('equals the definition at every size to 300, from any restart', () => {
    fc.assert(
      fc.property(fc.nat({ max: 300 }), fc.nat({ max: 300 }), (a, b) => {
        const [middle, size] = a < b ? [a, b] : [b, a];
        const first = TreeFrontier.empty();
        first.appendAll(many.slice(0, middle));
        const second = TreeFrontier.from(first.size, first.peaks());
        second.appendAll(many.slice(middle, size));
        expect(second.size).toBe(size);
        expect(toHex(first.root())).toBe(toHex(mth(many.slice(0, middle))));
        expect(toHex(second.root())).toBe(toHex(mth(many.slice(0, size))));
      }),
    );
  });

  test('its peaks are the complete subtrees, left to right', async () => {
    for (const size of [0, 1, 2, 3, 7, 8, 13, 255, 256, 300]) {
      const frontier = TreeFrontier.empty();
      frontier.appendAll(many.slice(0, size));
      const nodes = peakCoordinates(size);
      expect(frontier.peaks().map(toHex)).toStrictEqual((await reader(many)(nodes)).map(toHex));
    }
    expect(peakCoordinates(13)).toStrictEqual([
      { level: 3, index: 0 },
      { level: 2, index: 2 },
      { level: 0, index: 12 },
    ]);
  });

  test('a clone and a copy of the peaks go their own way', () => {
    const frontier = TreeFrontier.empty();
    frontier.appendAll(many.slice(0, 5));
    const root = toHex(frontier.root());
    const peaks = frontier.peaks();
    const clone = frontier.clone();
    const restored = TreeFrontier.from(5, peaks);
    clone.append(many[5]!);
    restored.append(many[6]!);
    peaks.length = 0;
    expect(toHex(restored.root())).toBe(toHex(mth([...many.slice(0, 5), many[6]!])));
    expect(toHex(frontier.root())).toBe(root);
    expect(frontier.size).toBe(5);
    expect(clone.size).toBe(6);
    expect(toHex(clone.root())).toBe(toHex(mth(many.slice(0, 6))));
  });

  test('peaks that were given out stay as they were', () => {
    const frontier = TreeFrontier.empty();
    frontier.appendAll(many.slice(0, 5));
    const peaks = frontier.peaks();
    const before = peaks.map(toHex);
    frontier.appendAll(many.slice(5, 9));
    expect(peaks.map(toHex)).toStrictEqual(before);
  });

  test('an empty one has the empty root', () => {
    expect(TreeFrontier.empty().root()).toStrictEqual(emptyRoot);
    expect(TreeFrontier.from(0, []).size).toBe(0);
  });

  test('sizes beyond 32 bits are carried', () => {
    const peak = many[0]!;
    const full = TreeFrontier.from(
      2 ** 53 - 2,
      Array.from({ length: 52 }, () => peak),
    );
    full.append(peak);
    expect(full.size).toBe(2 ** 53 - 1);
    expect(full.peaks()).toHaveLength(53);
    expect(() => full.append(peak)).toThrow(RangeError);
    const half = TreeFrontier.from(
      2 ** 40 - 1,
      Array.from({ length: 40 }, () => peak),
    );
    half.append(peak);
    expect(half.peaks()).toHaveLength(1);
    expect(half.size).toBe(2 ** 40);
  });

  test('refuses peaks that do not fit the size, and leaves that are no hash', () => {
    const peak = many[0]!;
    for (const [size, peaks] of [
      [3, [peak]],
      [4, [peak, peak]],
      [0, [peak]],
      [1, []],
      [1, [peak.subarray(1)]],
      [3, [peak, new Uint8Array(33)]],
    ] as const)
      expect(() => TreeFrontier.from(size, peaks)).toThrow(code('PROOF_LENGTH'));
    for (const size of [-1, 0.5, NaN, 2 ** 53])
      expect(() => TreeFrontier.from(size, [])).toThrow(code('TREE_RANGE'));
    for (const length of [0, 31, 33])
      expect(() => TreeFrontier.empty().append(new Uint8Array(length))).toThrow(RangeError);
  });
});

describe('proofs', () => {
  test('are those of the textbook, and verify', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.nat(), async (size, place) => {
        const leaves = many.slice(0, size);
        const index = place % size;
        const root = await rootAt(size, reader(many));
        expect(toHex(root)).toBe(toHex(mth(leaves)));
        const inclusion = await proveInclusion(index, size, reader(leaves));
        expect(inclusion.map(toHex)).toStrictEqual(path(index, leaves).map(toHex));
        verifyInclusion(many[index]!, index, size, root, inclusion);
        const old = index + 1;
        const consistency = await proveConsistency(old, size, reader(leaves));
        expect(consistency.map(toHex)).toStrictEqual(consistencyPath(old, leaves).map(toHex));
        verifyConsistency(old, mth(many.slice(0, old)), size, root, consistency);
      }),
    );
  });

  test('read once, everything, and nothing when nothing is needed', async () => {
    const calls: (readonly NodeCoordinate[])[] = [];
    const counting: HashReader = (nodes) => {
      calls.push(nodes);
      return reader(many)(nodes);
    };
    await proveInclusion(3, 7, counting);
    await proveConsistency(3, 7, counting);
    await rootAt(7, counting);
    expect(calls).toHaveLength(3);
    expect(calls[0]).toStrictEqual([
      { level: 0, index: 2 },
      { level: 1, index: 0 },
      { level: 1, index: 2 },
      { level: 0, index: 6 },
    ]);
    await proveInclusion(0, 1, counting);
    await proveConsistency(7, 7, counting);
    expect(await rootAt(0, counting)).toStrictEqual(emptyRoot);
    expect(calls).toHaveLength(3);
  });

  test('of trees up to 2^53 - 1 leaves name nodes inside the tree', async () => {
    // A tree of equal leaves: a node is known by its level alone.
    const byLevel = [many[0]!];
    for (let level = 1; level <= 52; level++)
      byLevel.push(nodeHash(byLevel[level - 1]!, byLevel[level - 1]!));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        fc.maxSafeNat(),
        async (size, place) => {
          const uniform: HashReader = (nodes) =>
            Promise.resolve(
              nodes.map(({ level, index }) => {
                if (BigInt(index + 1) << BigInt(level) > BigInt(size))
                  throw new RangeError('outside');
                return byLevel[level]!;
              }),
            );
          const index = place % size;
          const root = await rootAt(size, uniform);
          const proof = await proveInclusion(index, size, uniform);
          expect(toHex(rootFromInclusionProof(many[0]!, index, size, proof))).toBe(toHex(root));
          const old = await rootAt(index + 1, uniform);
          verifyConsistency(
            index + 1,
            old,
            size,
            root,
            await proveConsistency(index + 1, size, uniform),
          );
        },
      ),
    );
  });

  test.each([
    [5, 5],
    [-1, 5],
    [0.5, 5],
    [NaN, 5],
    [0, 0],
    [0, 2 ** 53],
  ])('of index %d in %d leaves are refused', async (index, size) => {
    await expect(proveInclusion(index, size, reader(many))).rejects.toThrow(code('TREE_RANGE'));
  });

  test.each([
    [0, 5],
    [6, 5],
    [-1, 5],
    [1.5, 5],
    [NaN, 5],
    [1, 2 ** 53],
  ])('from %d to %d leaves are refused', async (old, size) => {
    await expect(proveConsistency(old, size, reader(many))).rejects.toThrow(code('TREE_RANGE'));
  });

  test.each([-1, 0.5, NaN, 2 ** 53])('the root at %d is refused', async (size) => {
    await expect(rootAt(size, reader(many))).rejects.toThrow(code('TREE_RANGE'));
  });

  test('a reader that answers other hashes than asked for is refused', async () => {
    const answers = [
      (hashes: readonly Hash[]) => hashes.slice(1),
      (hashes: readonly Hash[]) => [...hashes, hashes[0]!],
      (hashes: readonly Hash[]) => hashes.map((hash) => hash.subarray(1)),
    ];
    for (const answer of answers)
      await expect(
        proveInclusion(3, 7, async (nodes) => answer(await reader(many)(nodes))),
      ).rejects.toThrow(code('TILE_BYTES'));
  });
});
