import { describe, expect, test } from '@jest/globals';
import {
  MAX_HEADER_BYTES,
  MAX_TRIE_NODES,
  MAX_TRIE_NODE_BYTES,
  decodeAnchorProof,
  encodeAnchorProof,
  parseAnchorEvidence,
  parseJson,
  toBase64,
} from '../src/index.ts';
import type { AnchorProof, Json } from '../src/index.ts';
import { makeStateProof } from '../../test/support/contract-state.ts';
import { code } from './vectors.ts';

const contract = `0x${'c7'.repeat(20)}`;
const root = new Uint8Array(32).fill(0xab);
const { proof: state, hash } = makeStateProof({ contract, size: 5, root });
const genesis = [root, new Uint8Array(32).fill(1)];
const proof = encodeAnchorProof(state, genesis);
const without = {
  chainId: 1,
  contract,
  size: 5,
  root: 'ab'.repeat(32),
  blockNumber: 12,
  blockHash: hash,
  transactionHash: null,
  checkpoint: 'AA==',
};
const evidence = { ...without, proof };
const read = (value: object): unknown => parseAnchorEvidence(parseJson(JSON.stringify(value)));

test('evidence with and without a proof is read and written unchanged', () => {
  expect(read(without)).toStrictEqual(without);
  expect(read(evidence)).toStrictEqual(evidence);
  expect(decodeAnchorProof(proof)).toStrictEqual({ state, genesis });
});

describe('evidence is refused with', () => {
  const nodes = (length: number): string[] => Array<string>(length).fill('AA==');
  const bytes = (length: number): string => toBase64(new Uint8Array(length));
  const changes: [string, Partial<Record<keyof AnchorProof, unknown>>][] = [
    ['no header', { header: undefined }],
    ['an empty header', { header: '' }],
    ['a header of more bytes than any', { header: bytes(MAX_HEADER_BYTES + 1) }],
    ['a header that is no base64', { header: '0xf' }],
    ['too many account nodes', { account: nodes(MAX_TRIE_NODES + 1) }],
    ['a node of more bytes than any', { account: [bytes(MAX_TRIE_NODE_BYTES + 1)] }],
    ['an empty node', { account: [''] }],
    ['account nodes that are no list', { account: 'AA==' }],
    ['the nodes of one slot', { storage: [nodes(1)] }],
    ['the nodes of three', { storage: [nodes(1), nodes(1), nodes(1)] }],
    ['too many nodes of a slot', { storage: [nodes(1), nodes(MAX_TRIE_NODES + 1)] }],
    [
      'a genesis path of more hashes than any',
      { genesis: Array<string>(49).fill('ab'.repeat(32)) },
    ],
    ['a genesis path of something else than hashes', { genesis: ['ab'] }],
  ];
  test.each(changes)('%s', (_, change) => {
    expect(() => read({ ...evidence, proof: { ...proof, ...change } })).toThrow(
      code('RECEIPT_MALFORMED'),
    );
  });

  test.each<[string, Json]>([
    ['a proof that is null', null],
    ['a proof that is a list', []],
    [
      'a proof with a stray member',
      { ...(proof as unknown as Record<string, Json>), value: '0x1' },
    ],
  ])('%s', (_, stray) => {
    expect(() => read({ ...evidence, proof: stray })).toThrow(code('RECEIPT_MALFORMED'));
  });

  test('another member', () => {
    expect(() => read({ ...evidence, storageHash: hash })).toThrow(code('RECEIPT_MALFORMED'));
  });
});
