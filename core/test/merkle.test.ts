import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  emptyRoot,
  fromBase64,
  fromHex,
  inclusionPath,
  joinedRoot,
  leafHash,
  leafHashInto,
  merkleRoot,
  nodeHash,
  rootFromInclusionProof,
  sha256,
  toHex,
  u64,
  utf8,
  verifyConsistency,
  verifyInclusion,
} from '../src/index.ts';
import type { Hash } from '../src/index.ts';
import { consistencyPath, mth, path } from './textbook.ts';
import { code, readVectors } from './vectors.ts';

const tree = readVectors<{
  entries: string[];
  roots: string[];
  leafHashes: Record<string, string>;
}>('rfc6962-tree');
const leaves = tree.entries.map((entry) => leafHash(fromHex(entry)));

describe('hashes', () => {
  test('of the published leaves and node', () => {
    for (const [entry, hash] of Object.entries(tree.leafHashes))
      expect(toHex(leafHash(fromHex(entry)))).toBe(hash);
    expect(toHex(emptyRoot)).toBe(tree.roots[0]);
  });

  test('a leaf and a node are told apart by their prefix', () => {
    const [left, right] = [sha256(utf8('l')), sha256(utf8('r'))];
    expect(toHex(leafHash(utf8('L123456')))).toBe(toHex(sha256(utf8('\u0000L123456'))));
    expect(toHex(nodeHash(left, right))).toBe(toHex(sha256(Uint8Array.of(1, ...left, ...right))));
  });

  test('a leaf of any length is hashed whole and alone', () => {
    for (const length of [70_000, 65_536, 65_535, 65_534, 600, 64, 32, 1, 0]) {
      const entry = Uint8Array.from({ length }, (_, i) => i % 251);
      const want = createHash('sha256').update(Uint8Array.of(0)).update(entry).digest('hex');
      expect(toHex(leafHash(entry))).toBe(want);
    }
  });

  test('a leaf hash is written where it is wanted', () => {
    const row = new Uint8Array(96).fill(9);
    leafHashInto(utf8('L123456'), row, 32);
    expect(toHex(row)).toBe('09'.repeat(32) + toHex(leafHash(utf8('L123456'))) + '09'.repeat(32));
  });

  test('a node takes two hashes of 32 bytes', () => {
    const hash = new Uint8Array(32);
    for (const length of [0, 31, 33]) {
      expect(() => nodeHash(new Uint8Array(length), hash)).toThrow(RangeError);
      expect(() => nodeHash(hash, new Uint8Array(length))).toThrow(RangeError);
    }
  });

  test('a hash that was returned stays as it was', () => {
    const first = nodeHash(leaves[0]!, leaves[1]!);
    const before = toHex(first);
    nodeHash(leaves[2]!, leaves[3]!);
    expect(toHex(first)).toBe(before);
  });
});

describe('the published tree of eight leaves', () => {
  test('has the published roots', () => {
    expect(tree.roots.map((_, size) => toHex(merkleRoot(leaves.slice(0, size))))).toStrictEqual(
      tree.roots,
    );
  });

  test('hashes in a row have the same root, and stay as they are', () => {
    for (let size = 0; size <= leaves.length; size++) {
      const joined = Buffer.concat(leaves.slice(0, size));
      const before = joined.toString('hex');
      expect(toHex(joinedRoot(joined))).toBe(tree.roots[size]);
      expect(joined.toString('hex')).toBe(before);
    }
    expect(() => joinedRoot(new Uint8Array(33))).toThrow(RangeError);
    expect(() => merkleRoot([new Uint8Array(31)])).toThrow(RangeError);
  });

  test('every leaf of every size is provable', () => {
    for (let size = 1; size <= leaves.length; size++)
      for (let index = 0; index < size; index++) {
        const proof = inclusionPath(leaves.slice(0, size), index);
        expect(proof.map(toHex)).toStrictEqual(path(index, leaves.slice(0, size)).map(toHex));
        const root = rootFromInclusionProof(leaves[index]!, index, size, proof);
        expect({ index, size, root: toHex(root) }).toEqual({ index, size, root: tree.roots[size] });
      }
  });

  test('every pair of sizes is consistent', () => {
    const root = (size: number): Hash => fromHex(tree.roots[size]!);
    for (let size = 1; size <= leaves.length; size++)
      for (let old = 1; old <= size; old++) {
        const proof = consistencyPath(old, leaves.slice(0, size));
        expect(() => verifyConsistency(old, root(old), size, root(size), proof)).not.toThrow();
      }
  });

  test('a proof one hash too long or too short is refused by its code', () => {
    const proof = path(5, leaves);
    for (const bad of [proof.slice(1), proof.slice(0, -1), [...proof, proof[0]!], []])
      expect(() => rootFromInclusionProof(leaves[5]!, 5, 8, bad)).toThrow(code('PROOF_LENGTH'));
    for (const [old, size] of [
      [3, 8],
      [4, 8],
      [6, 8],
      [7, 8],
      [4, 7],
      [1, 2],
    ] as const) {
      const proof = consistencyPath(old, leaves.slice(0, size));
      const [oldRoot, root] = [fromHex(tree.roots[old]!), fromHex(tree.roots[size]!)];
      for (const bad of [proof.slice(0, -1), [...proof, proof[0]!], []])
        expect(() => verifyConsistency(old, oldRoot, size, root, bad)).toThrow(
          code('PROOF_LENGTH'),
        );
    }
  });

  test('equal sizes need equal roots and no proof', () => {
    const [root, other] = [fromHex(tree.roots[5]!), fromHex(tree.roots[6]!)];
    expect(() => verifyConsistency(5, root, 5, root, [])).not.toThrow();
    expect(() => verifyConsistency(5, root, 5, other, [])).toThrow(code('PROOF_ROOT'));
    expect(() => verifyConsistency(5, root, 5, root, [root])).toThrow(code('PROOF_LENGTH'));
  });

  test('another old root or new root is refused', () => {
    for (const old of [3, 4]) {
      const proof = consistencyPath(old, leaves.slice(0, 7));
      const [oldRoot, root, other] = [old, 7, 8].map((size) => fromHex(tree.roots[size]!)) as [
        Hash,
        Hash,
        Hash,
      ];
      expect(() => verifyConsistency(old, other, 7, root, proof)).toThrow(code('PROOF_ROOT'));
      expect(() => verifyConsistency(old, oldRoot, 7, other, proof)).toThrow(code('PROOF_ROOT'));
    }
  });
});

describe('refused arguments', () => {
  const root = merkleRoot(leaves);
  const proof = path(0, leaves);

  test.each([
    [8, 8],
    [9, 8],
    [-1, 8],
    [0, 0],
    [0, -1],
    [0.5, 8],
    [0, 8.5],
    [NaN, 8],
    [0, NaN],
    [0, Infinity],
    [0, 2 ** 53],
    [2 ** 53, 2 ** 54],
  ])('index %d in a tree of %d', (index, size) => {
    expect(() => rootFromInclusionProof(leaves[0]!, index, size, proof)).toThrow(
      code('TREE_RANGE'),
    );
    expect(() => verifyInclusion(leaves[0]!, index, size, root, proof)).toThrow(code('TREE_RANGE'));
  });

  test.each([
    [0, 8],
    [0, 0],
    [9, 8],
    [-1, 8],
    [1.5, 8],
    [4, 8.5],
    [NaN, 8],
    [4, NaN],
    [4, 2 ** 53],
  ])('from %d to %d leaves', (old, size) => {
    expect(() => verifyConsistency(old, root, size, root, [])).toThrow(code('TREE_RANGE'));
  });

  test.each([0, 31, 33])('hashes of %d bytes', (length) => {
    const bad = new Uint8Array(length);
    expect(() => rootFromInclusionProof(bad, 0, 8, proof)).toThrow(code('PROOF_LENGTH'));
    expect(() => rootFromInclusionProof(leaves[0]!, 0, 8, [bad, ...proof.slice(1)])).toThrow(
      code('PROOF_LENGTH'),
    );
    expect(() => rootFromInclusionProof(bad, 0, 1, [])).toThrow(code('PROOF_LENGTH'));
    expect(() => verifyConsistency(4, bad, 8, root, [bad])).toThrow(code('PROOF_LENGTH'));
    expect(() => verifyConsistency(8, root, 8, bad, [])).toThrow(code('PROOF_ROOT'));
    expect(() => verifyConsistency(4, root, 8, bad, [root])).toThrow(code('PROOF_LENGTH'));
    expect(() => verifyConsistency(4, root, 8, root, [bad])).toThrow(code('PROOF_LENGTH'));
  });

  test.each([-1, 8, 0.5, NaN])('path of leaf %d', (index) => {
    expect(() => inclusionPath(leaves, index)).toThrow(code('TREE_RANGE'));
  });
});

describe('transparency-dev/merkle probes', () => {
  interface Inclusion {
    name: string;
    leafIdx: string;
    treeSize: string;
    root: string;
    leafHash: string;
    proof: string[];
    refused: boolean;
  }
  interface Consistency {
    name: string;
    size1: string;
    size2: string;
    root1: string;
    root2: string;
    proof: string[];
    refused: boolean;
  }
  const probes = readVectors<{ inclusion: Inclusion[]; consistency: Consistency[] }>(
    'merkle-probes',
  );

  test('there are 98 of each kind, 6 of them good', () => {
    for (const cases of [probes.inclusion, probes.consistency])
      expect([
        cases.length,
        cases.filter((one: { refused: boolean }) => !one.refused).length,
      ]).toStrictEqual([98, 6]);
  });

  test.each(probes.inclusion)('$name', (probe) => {
    const verify = (): void =>
      verifyInclusion(
        fromBase64(probe.leafHash),
        Number(probe.leafIdx),
        Number(probe.treeSize),
        fromBase64(probe.root),
        probe.proof.map((hash) => fromBase64(hash)),
      );
    if (probe.refused)
      expect(verify).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(TREE_RANGE|PROOF_)/) }),
      );
    else expect(verify).not.toThrow();
  });

  test.each(probes.consistency)('$name', (probe) => {
    const verify = (): void =>
      verifyConsistency(
        Number(probe.size1),
        fromBase64(probe.root1),
        Number(probe.size2),
        fromBase64(probe.root2),
        probe.proof.map((hash) => fromBase64(hash)),
      );
    if (probe.refused)
      expect(verify).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(TREE_RANGE|PROOF_)/) }),
      );
    else expect(verify).not.toThrow();
  });
});

describe('published witness history', () => {
  const history = readVectors<{
    checkpoints: { size: number; root: string }[];
    proofs: { from: number; to: number; hashes: string[] }[];
  }>('tlog-witness');

  test.each(history.proofs)('from $from to $to', ({ from, to, hashes }) => {
    const root = (size: number): Hash =>
      fromBase64(history.checkpoints.find((one) => one.size === size)!.root);
    const proof = hashes.map((hash) => fromBase64(hash));
    expect(() => verifyConsistency(from, root(from), to, root(to), proof)).not.toThrow();
    expect(() => verifyConsistency(from, root(to), to, root(to), proof)).toThrow(
      code('PROOF_ROOT'),
    );
  });
});

const many = Array.from({ length: 300 }, (_, i) => leafHash(u64(i)));
const flipped = (hash: Hash, bit: number): Hash => {
  const copy = hash.slice();
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
};

describe('properties', () => {
  test('every one-bit change of leaf, root or inclusion proof is refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.nat(), (size, place, at) => {
        const index = place % size;
        const root = mth(many.slice(0, size));
        const hashes = [many[index]!, root, ...path(index, many.slice(0, size))];
        verifyInclusion(hashes[0]!, index, size, root, hashes.slice(2));
        const bit = at % (256 * hashes.length);
        const bad = hashes.map((hash, i) => (i === bit >> 8 ? flipped(hash, bit & 255) : hash));
        expect(() => verifyInclusion(bad[0]!, index, size, bad[1]!, bad.slice(2))).toThrow(
          code('PROOF_ROOT'),
        );
      }),
    );
  });

  test('every one-bit change of a small proof is refused, bit by bit', () => {
    const five = many.slice(0, 5);
    const proof = path(2, five);
    for (let bit = 0; bit < 256 * proof.length; bit++) {
      const bad = proof.map((hash, i) => (i === bit >> 8 ? flipped(hash, bit & 255) : hash));
      expect(() => verifyInclusion(five[2]!, 2, 5, mth(five), bad)).toThrow(code('PROOF_ROOT'));
    }
  });

  test('every one-bit change of roots or consistency proof is refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.nat(), (size, place, at) => {
        const old = 1 + (place % size);
        const hashes = [
          mth(many.slice(0, old)),
          mth(many.slice(0, size)),
          ...consistencyPath(old, many.slice(0, size)),
        ];
        verifyConsistency(old, hashes[0]!, size, hashes[1]!, hashes.slice(2));
        const bit = at % (256 * hashes.length);
        const bad = hashes.map((hash, i) => (i === bit >> 8 ? flipped(hash, bit & 255) : hash));
        expect(() => verifyConsistency(old, bad[0]!, size, bad[1]!, bad.slice(2))).toThrow(
          code('PROOF_ROOT'),
        );
      }),
    );
  });

  test('a proof of one leaf proves no other leaf and no other index', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 300 }), fc.nat(), fc.nat(), (size, a, b) => {
        const index = a % size;
        const other = b % size;
        fc.pre(index !== other);
        const proof = path(index, many.slice(0, size));
        const refused = expect.objectContaining({ code: expect.stringMatching(/^PROOF_/) });
        expect(() =>
          verifyInclusion(many[other]!, index, size, mth(many.slice(0, size)), proof),
        ).toThrow(refused);
        expect(() =>
          verifyInclusion(many[index]!, other, size, mth(many.slice(0, size)), proof),
        ).toThrow(refused);
      }),
    );
  });

  test('the length of a proof is exact for trees far beyond 32 bits', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (a, b) => {
        const size = Math.abs(a) + 1 > Number.MAX_SAFE_INTEGER ? Math.abs(a) : Math.abs(a) + 1;
        const index = Math.abs(b) % size;
        const xor = BigInt(index) ^ BigInt(size - 1);
        const inner = xor === 0n ? 0 : xor.toString(2).length;
        const border = (BigInt(index) >> BigInt(inner)).toString(2).replaceAll('0', '').length;
        const hashes = (length: number): Hash[] => Array.from({ length }, () => leaves[0]!);
        expect(
          rootFromInclusionProof(leaves[1]!, index, size, hashes(inner + border)),
        ).toHaveLength(32);
        expect(() =>
          rootFromInclusionProof(leaves[1]!, index, size, hashes(inner + border + 1)),
        ).toThrow(code('PROOF_LENGTH'));
      }),
    );
  });
});
