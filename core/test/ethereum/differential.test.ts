import { expect, test } from '@jest/globals';
import { MerklePatriciaTrie, createMerkleProof, verifyMerkleProof } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import fc from 'fast-check';
import { decodeRlp, encodeRlp, equalBytes, isRlpList, readTrie } from '../../src/index.ts';
import type { RlpInput, RlpItem } from '../../src/index.ts';
import { ReferenceTrie } from '../../../test/support/reference-trie.ts';

// @ethereumjs/mpt and @ethereumjs/rlp as judges: ours refuses more than they do and never says another thing.

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const crowdedKey = fc
  .tuple(fc.constantFrom(0, 1), fc.integer({ min: 28, max: 31 }), fc.nat(255))
  .map(([fill, at, byte]) => new Uint8Array(32).fill(fill).fill(byte, at, at + 1));
const pairs = fc.uniqueArray(
  fc.tuple(fc.oneof(key, crowdedKey), fc.uint8Array({ minLength: 1, maxLength: 40 })),
  { minLength: 1, maxLength: 24, selector: ([bytes]) => bytes.join() },
);

test('a trie has the root and the proofs of theirs, and ours reads them', async () => {
  await fc.assert(
    fc.asyncProperty(pairs, fc.oneof(key, crowdedKey), async (held, other) => {
      const theirs = new MerklePatriciaTrie();
      for (const [at, value] of held) await theirs.put(at, value);
      const trie = new ReferenceTrie(held);
      expect(equalBytes(theirs.root(), trie.root())).toBe(true);
      for (const asked of [held[0]![0], other]) {
        // Nodes that lie inside their parent are no nodes of eth_getProof; theirs lists them once more.
        const proof = (await createMerkleProof(theirs, asked)).filter(
          (node, at) => at === 0 || node.length >= 32,
        );
        expect(proof).toStrictEqual(trie.prove(asked));
        const value = await verifyMerkleProof(asked, proof, { root: theirs.root() });
        expect(readTrie(theirs.root(), asked, proof)).toStrictEqual(value);
      }
    }),
    { numRuns: 60 },
  );
});

test('whatever ours reads of changed nodes, theirs reads too', async () => {
  let read = 0;
  await fc.assert(
    fc.asyncProperty(
      pairs,
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      async (held, node, at, flip) => {
        const trie = new ReferenceTrie(held);
        const [asked] = held[0]!;
        const proof = trie.prove(asked).map((each) => each.slice());
        const changed = proof[node % proof.length]!;
        changed[at % changed.length]! ^= flip;
        let ours: Uint8Array | null;
        try {
          ours = readTrie(trie.root(), asked, proof);
        } catch {
          return;
        }
        read++;
        const theirs = await verifyMerkleProof(asked, proof, { root: trie.root() });
        expect(ours).toStrictEqual(theirs);
      },
    ),
    { numRuns: 150, examples: [[[[new Uint8Array(32), Uint8Array.of(1)]], 0, 0, 0]] },
  );
  expect(read).toBeGreaterThan(0);
});

type Plain = Uint8Array | Plain[];
const plain = (item: RlpItem): Plain => (isRlpList(item) ? item.items.map(plain) : item);

test('RLP is theirs in both directions, and what ours accepts of any bytes reads the same', () => {
  const { input } = fc.letrec<{ input: RlpInput }>((tie) => ({
    input: fc.oneof(
      { maxDepth: 4 },
      fc.uint8Array({ maxLength: 70 }),
      fc.array(tie('input'), { maxLength: 4 }),
    ),
  }));
  fc.assert(
    fc.property(input, fc.nat(), fc.nat(255), (value, at, flip) => {
      const encoded = encodeRlp(value);
      expect(RLP.encode(value as Plain)).toStrictEqual(encoded);
      const changed = encoded.slice();
      changed[at % changed.length]! ^= flip;
      let ours: Plain;
      try {
        ours = plain(decodeRlp(changed));
      } catch {
        return;
      }
      expect(RLP.decode(changed)).toStrictEqual(ours);
    }),
  );
});
