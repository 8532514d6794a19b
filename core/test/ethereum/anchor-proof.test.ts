import { expect, test } from '@jest/globals';
import {
  decodeAnchorProof,
  fromHex,
  provenContractState,
  toHex,
  verifyInclusion,
} from '../../src/index.ts';
import type { AnchorProof } from '../../src/index.ts';
import { readVectors } from '../vectors.ts';

const { contract, logId, proofs } = readVectors<{
  contract: string;
  logId: string;
  proofs: {
    name: string;
    block: { number: number; hash: string };
    size: number;
    root: string;
    operator: string;
    headWord: string;
    proof: AnchorProof;
  }[];
}>('anchor-proof');

test.each(proofs)('$name', ({ block, size, root, operator, headWord, proof }) => {
  const { state, genesis } = decodeAnchorProof(proof);
  const proven = provenContractState(contract, state);
  expect(proven).toMatchObject({ block, size, operator });
  expect(toHex(proven.root)).toBe(root);
  verifyInclusion(fromHex(logId), 0, size, fromHex(root), genesis);
  // Slot 1 as the node reads it: flags 8, operator 160, last advance 40, size 48.
  const word = BigInt(headWord);
  expect({
    flags: BigInt(proven.flags),
    operator: BigInt(proven.operator),
    lastAdvance: BigInt(proven.lastAdvance),
    size: BigInt(proven.size),
  }).toStrictEqual({
    flags: word >> 248n,
    operator: (word >> 88n) & (2n ** 160n - 1n),
    lastAdvance: (word >> 48n) & (2n ** 40n - 1n),
    size: word & (2n ** 48n - 1n),
  });
});

test('the three hold what they are named by', () => {
  const read = proofs.map(({ proof }) =>
    provenContractState(contract, decodeAnchorProof(proof).state),
  );
  expect(read.map(({ size, flags }) => [size, flags])).toStrictEqual([
    [1, 0],
    [300, 0],
    [300, 1],
  ]);
  expect(new Set(read.map(({ codeHash }) => codeHash)).size).toBe(1);
});
