import { expect, test } from '@jest/globals';
import { keccak_256 } from '@noble/hashes/sha3.js';
import {
  concatBytes,
  decodeBlockHeader,
  encodeRlp,
  fromHex,
  provenAccount,
  provenSlot,
  readTrie,
  toHex,
} from '../../src/index.ts';
import { ReferenceTrie } from '../../../test/support/reference-trie.ts';
import { code, readVectors } from '../vectors.ts';

interface Published {
  headers: { name: string; hash: string; fields: Record<string, string> }[];
  accounts: {
    name: string;
    address: string;
    accountProof: string[];
    codeHash: string;
    storageHash: string;
    storageProof: { key: string; value: string; proof: string[] }[];
    /** hash of the block that it is of, where its header is here */
    block?: string;
    absent?: boolean;
  }[];
  tries: { name: string; pairs: [string, string][]; root: string }[];
}

const { headers, accounts, tries } = readVectors<Published>('ethereum-state');
const bytes = (hex: string): Uint8Array => fromHex(hex.slice(2).toLowerCase());
const scalars = new Set(
  'difficulty number gasLimit gasUsed timestamp baseFeePerGas blobGasUsed excessBlobGas'.split(' '),
);

function headerOf(fields: Record<string, string>): Uint8Array {
  return encodeRlp(
    Object.entries(fields).map(([name, value]) => {
      if (!scalars.has(name)) return bytes(value);
      const digits = value.slice(2).replace(/^0+/, '');
      return fromHex(digits.padStart(digits.length + (digits.length % 2), '0'));
    }),
  );
}

test.each(headers)(
  'the header of $name has the hash that the chain gave it',
  ({ hash, fields }) => {
    expect(decodeBlockHeader(headerOf(fields))).toStrictEqual({
      hash,
      number: Number(fields['number']),
      timestamp: Number(fields['timestamp']),
      stateRoot: bytes(fields['stateRoot']!),
    });
  },
);

test.each(accounts)('$name', (account) => {
  const nodes = account.accountProof.map(bytes);
  const header = headers.find(({ hash }) => hash === account.block);
  const stateRoot =
    header === undefined
      ? keccak_256(nodes[0]!)
      : decodeBlockHeader(headerOf(header.fields)).stateRoot;
  const proven = provenAccount(stateRoot, account.address, nodes);
  if (account.absent === true) return expect(proven).toBeNull();
  expect(proven).toStrictEqual({
    storageRoot: bytes(account.storageHash),
    codeHash: bytes(account.codeHash),
  });
  expect(() => provenAccount(stateRoot, `0x${'ab'.repeat(20)}`, nodes)).toThrow(code('TRIE_PROOF'));
});

test.each(accounts.filter(({ storageProof }) => storageProof.length > 0))(
  'slots of $name',
  ({ storageHash, storageProof }) => {
    for (const { key, value, proof } of storageProof) {
      const leaf = readTrie(bytes(storageHash), keccak_256(bytes(key)), proof.map(bytes));
      const word = leaf === null ? null : encodeRlp(bytes(value));
      expect(leaf).toStrictEqual(word);
    }
  },
);

test('a slot by its number: its word is filled to 32 bytes', () => {
  const token = accounts.find(({ name }) => name.includes('two slots'))!;
  const [first] = token.storageProof;
  const word = provenSlot(bytes(token.storageHash), 1, first!.proof.map(bytes));
  expect(word).toStrictEqual(concatBytes(new Uint8Array(12), bytes(first!.value)));
  expect(() => provenSlot(bytes(token.storageHash), 0, first!.proof.map(bytes))).toThrow(
    code('TRIE_PROOF'),
  );
});

test.each(tries)('ethereum/tests secure trie $name', ({ pairs, root }) => {
  const hashed = pairs.map(([key, value]): [Uint8Array, Uint8Array] => [
    keccak_256(bytes(key)),
    bytes(value),
  ]);
  const trie = new ReferenceTrie(hashed);
  expect(`0x${toHex(trie.root())}`).toBe(root);
  for (const [key, value] of hashed)
    expect(readTrie(bytes(root), key, trie.prove(key))).toStrictEqual(value);
});
