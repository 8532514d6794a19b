import { describe, expect, test } from '@jest/globals';
import { keccak_256 } from '@noble/hashes/sha3.js';
import fc from 'fast-check';
import { MAX_TRIE_NODES, emptyTrieRoot, encodeRlp, equalBytes, readTrie } from '../../src/index.ts';
import type { RlpInput } from '../../src/index.ts';
import { code } from '../vectors.ts';
import { ReferenceTrie, hexPrefix } from '../../../test/support/reference-trie.ts';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
/** Keys that share long beginnings and keys that differ in the last nibble: deep tries and nodes inside nodes. */
const crowdedKey = fc
  .tuple(fc.constantFrom(0, 1, 15), fc.integer({ min: 0, max: 31 }), fc.nat(255))
  .map(([fill, at, byte]) => {
    const bytes = new Uint8Array(32).fill(fill);
    bytes[at] = byte;
    return bytes;
  });
const value = fc.uint8Array({ minLength: 1, maxLength: 40 });
const pairsOf = (keys: fc.Arbitrary<Uint8Array>): fc.Arbitrary<[Uint8Array, Uint8Array][]> =>
  fc.uniqueArray(fc.tuple(keys, value), {
    maxLength: 40,
    selector: ([bytes]) => bytes.join(),
  });
const anyPairs = fc.oneof(pairsOf(key), pairsOf(crowdedKey));
const empty = new Uint8Array(0);

describe('every proof of a trie', () => {
  test('gives the value of its key, and null for keys that are not there', () => {
    fc.assert(
      fc.property(anyPairs, fc.oneof(key, crowdedKey), (pairs, other) => {
        const trie = new ReferenceTrie(pairs);
        const root = trie.root();
        for (const [present, held] of pairs)
          expect(readTrie(root, present, trie.prove(present))).toStrictEqual(held);
        const held = pairs.find(([present]) => equalBytes(present, other))?.[1] ?? null;
        expect(readTrie(root, other, trie.prove(other))).toStrictEqual(held);
      }),
      { numRuns: 60 },
    );
  });

  test('holds for nothing else: another key, a node dropped, doubled or exchanged', () => {
    fc.assert(
      fc.property(pairsOf(key), fc.nat(), fc.nat(), (pairs, a, b) => {
        fc.pre(pairs.length > 1);
        const trie = new ReferenceTrie(pairs);
        const root = trie.root();
        const [first, held] = pairs[a % pairs.length]!;
        const [second] = pairs[b % pairs.length]!;
        const proof = trie.prove(first);
        const refused = (nodes: Uint8Array[]): void =>
          expect(() => readTrie(root, first, nodes)).toThrow(code('TRIE_PROOF'));
        for (let i = 0; i < proof.length; i++) {
          refused(proof.filter((_, at) => at !== i));
          refused([...proof.slice(0, i), proof[i]!, ...proof.slice(i)]);
        }
        refused([...proof, ...proof.slice(-1)]);
        const others = trie.prove(second);
        if (
          others.length === proof.length &&
          others.every((node, i) => equalBytes(node, proof[i]!))
        )
          return;
        refused(others);
        expect(readTrie(root, first, proof)).toStrictEqual(held);
      }),
      { numRuns: 60 },
    );
  });

  test('fails when any one bit of any node is another', () => {
    const pairs = Array.from({ length: 12 }, (_, i): [Uint8Array, Uint8Array] => [
      keccak_256(Uint8Array.of(i)),
      new Uint8Array(1 + 3 * i).fill(i + 1),
    ]);
    const trie = new ReferenceTrie(pairs);
    const proof = trie.prove(pairs[5]![0]);
    const taken: string[] = [];
    for (const [at, node] of proof.entries())
      for (let bit = 0; bit < 8 * node.length; bit++) {
        const flipped = node.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        try {
          readTrie(trie.root(), pairs[5]![0], proof.with(at, flipped));
          taken.push(`bit ${bit} of node ${at}`);
        } catch (error) {
          if ((error as { code?: string }).code !== 'TRIE_PROOF') throw error;
        }
      }
    expect(taken).toStrictEqual([]);
  });
});

test('an empty trie holds nothing, and its proof is no node', () => {
  expect(new ReferenceTrie([]).root()).toStrictEqual(emptyTrieRoot);
  expect(readTrie(emptyTrieRoot, new Uint8Array(32), [])).toBeNull();
  expect(() => readTrie(emptyTrieRoot, new Uint8Array(32), [Uint8Array.of(0x80)])).toThrow(
    code('TRIE_PROOF'),
  );
});

/** A root made of one node, whatever that node is. */
const single = (made: RlpInput, ...more: Uint8Array[]): (() => unknown) => {
  const node = encodeRlp(made);
  return () => readTrie(keccak_256(node), new Uint8Array(32), [node, ...more]);
};
const hash = (node: RlpInput): Uint8Array => keccak_256(encodeRlp(node));
const zeros = (length: number): number[] => Array<number>(length).fill(0);
const leaf = (length: number, held: RlpInput = Uint8Array.of(1)): RlpInput => [
  hexPrefix(zeros(length), true),
  held,
];
const branch = (at: Record<number, RlpInput>, held: RlpInput = empty): RlpInput => [
  ...Array.from({ length: 16 }, (_, nibble) => at[nibble] ?? empty),
  held,
];
const someHash = new Uint8Array(32).fill(9);

describe('a node that has not the one form it can have', () => {
  const abuses: [string, () => unknown][] = [
    ['a string', single(new Uint8Array(40))],
    ['three items', single([empty, empty, empty])],
    ['a leaf for a shorter key', single(leaf(63))],
    ['a leaf for a longer key', single(leaf(65))],
    ['a leaf without value', single(leaf(64, empty))],
    ['a leaf that holds a list', single(leaf(64, [empty]))],
    ['no path at all', single([empty, Uint8Array.of(1)])],
    ['a path that is a list', single([[Uint8Array.of(0x20)], Uint8Array.of(1)])],
    ['path flags above 3', single([Uint8Array.of(0x40, ...zeros(32)), Uint8Array.of(1)])],
    [
      'a path padded by another nibble than 0',
      single([Uint8Array.of(0x21, ...zeros(32)), Uint8Array.of(1)]),
    ],
    ['an extension by nothing', single([hexPrefix([], false), someHash])],
    ['an extension to the end of the key', single([hexPrefix(zeros(64), false), someHash])],
    ['an extension to no hash', single([hexPrefix([0], false), Uint8Array.of(1)])],
    [
      'an extension to an extension',
      single([hexPrefix([0], false), [hexPrefix([0], false), branch({ 0: leaf(1), 1: leaf(1) })]]),
    ],
    [
      'an extension to a leaf',
      single(
        [hexPrefix([0], false), hash(leaf(63, new Uint8Array(40)))],
        encodeRlp(leaf(63, new Uint8Array(40))),
      ),
    ],
    ['a branch with a value', single(branch({ 0: someHash, 1: someHash }, Uint8Array.of(1)))],
    ['a branch with one child', single(branch({ 0: hash(leaf(63)) }), encodeRlp(leaf(63)))],
    ['a branch with none', single(branch({}))],
    ['a child of 31 bytes', single(branch({ 0: someHash.slice(1), 1: someHash }))],
    ['a child of 33 bytes', single(branch({ 0: new Uint8Array(33), 1: someHash }))],
    ['a long node inside its parent', single(branch({ 0: leaf(63), 1: someHash }))],
    [
      'a short node beside its parent',
      single(
        [hexPrefix(zeros(62), false), hash(branch({ 0: leaf(1), 1: leaf(1) }))],
        encodeRlp(branch({ 0: leaf(1), 1: leaf(1) })),
      ),
    ],
    ['a node of 577 bytes', single(leaf(64, new Uint8Array(577 - 40)))],
  ];
  test.each(abuses)('%s is refused', (_, read) => {
    expect(read).toThrow(code('TRIE_PROOF'));
  });

  test('the same shapes are read where they are right', () => {
    expect(single(leaf(64))()).toStrictEqual(Uint8Array.of(1));
    const end = encodeRlp(leaf(62));
    const fork = encodeRlp(branch({ 0: keccak_256(end), 1: someHash }));
    expect(single([hexPrefix([0], false), keccak_256(fork)], fork, end)()).toStrictEqual(
      Uint8Array.of(1),
    );
    const embedded = branch({ 0: leaf(0), 1: leaf(0) });
    expect(single([hexPrefix(zeros(63), false), embedded])()).toStrictEqual(Uint8Array.of(1));
    expect(single(leaf(64, new Uint8Array(576 - 40)))()).toHaveLength(576 - 40);
  });

  test('more nodes than any trie is deep are refused before they are read', () => {
    const nodes = Array<Uint8Array>(MAX_TRIE_NODES + 1).fill(new Uint8Array(1));
    expect(() => readTrie(someHash, someHash, nodes)).toThrow(code('TRIE_PROOF'));
  });
});

test('roots and keys of another length are a slip of the caller', () => {
  expect(() => readTrie(new Uint8Array(31), someHash, [])).toThrow(RangeError);
  expect(() => readTrie(someHash, new Uint8Array(33), [])).toThrow(RangeError);
});
