import { describe, expect, test } from '@jest/globals';
import { keccak_256 } from '@noble/hashes/sha3.js';
import fc from 'fast-check';
import {
  MAX_HEADER_BYTES,
  decodeBlockHeader,
  encodeRlp,
  provenContractState,
  toHex,
} from '../../src/index.ts';
import type { StateProof } from '../../src/index.ts';
import {
  headerFields,
  integerBytes,
  makeStateProof,
} from '../../../test/support/contract-state.ts';
import { code } from '../vectors.ts';

const contract = `0x${'c7'.repeat(20)}`;
const other = `0x${'d8'.repeat(20)}`;
const root = new Uint8Array(32).fill(0xab);
const made = { contract, size: 4_711, root };
const { proof, hash } = makeStateProof(made);

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

test('every head that the contract can hold is read from its two slots', () => {
  fc.assert(
    fc.property(
      fc.record({
        size: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
        root: bytes(32),
        lastAdvance: fc.integer({ min: 0, max: 2 ** 40 - 1 }),
        operator: bytes(20).map((address) => `0x${toHex(address)}`),
        flags: fc.nat(255),
        number: fc.nat(),
        timestamp: fc.nat(),
      }),
      (held) => {
        const state = makeStateProof({ contract, ...held });
        const { number, timestamp, ...head } = held;
        expect(provenContractState(contract, state.proof)).toStrictEqual({
          ...head,
          codeHash: `0x${toHex(keccak_256(Uint8Array.of(0x60)))}`,
          block: {
            hash: state.hash,
            number,
            timestamp,
            stateRoot: expect.any(Uint8Array) as unknown as Uint8Array,
          },
        });
      },
    ),
    { numRuns: 100 },
  );
});

/** The code that a proof is refused by; null: it is taken. */
function refusal(read: () => unknown): string | null {
  try {
    read();
    return null;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

test('no byte of header or nodes can be another: the proof is refused, or its block is another', () => {
  const parts: ((changed: Uint8Array) => StateProof)[] = [
    (header) => ({ ...proof, header }),
    ...proof.account.map((_, at) => (node: Uint8Array) => ({
      ...proof,
      account: proof.account.with(at, node),
    })),
    ...proof.storage.flatMap((nodes, slot) =>
      nodes.map((_, at) => (node: Uint8Array): StateProof => {
        const changed = nodes.with(at, node);
        return {
          ...proof,
          storage: slot === 0 ? [changed, proof.storage[1]] : [proof.storage[0], changed],
        };
      }),
    ),
  ];
  const originals = [proof.header, ...proof.account, ...proof.storage.flat()];
  const survivors: string[] = [];
  for (const [part, original] of originals.entries())
    for (let at = 0; at < original.length; at++)
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = original.slice();
        changed[at]! ^= flip;
        const read = (): string => provenContractState(contract, parts[part]!(changed)).block.hash;
        const code = refusal(read);
        if (
          code === null
            ? read() === hash
            : !['TRIE_PROOF', 'RLP_MALFORMED', 'BLOCK_HEADER'].includes(code)
        )
          survivors.push(`part ${part} byte ${at}: ${code}`);
      }
  expect(survivors).toStrictEqual([]);
});

describe('a proof is refused when it is', () => {
  const elsewhere = makeStateProof({ ...made, contract: other }).proof;
  const later = makeStateProof({ ...made, size: 9_999, number: 13 }).proof;
  const [rootNodes, sizeNodes] = proof.storage;
  const refused: [string, string, () => Partial<StateProof>][] = [
    ['of another account', 'TRIE_PROOF', () => ({ account: elsewhere.account })],
    ['of another account in that account’s own state', 'TRIE_PROOF', () => elsewhere],
    [
      'of a later state under an earlier header',
      'TRIE_PROOF',
      () => ({ ...later, header: proof.header }),
    ],
    ['of another state’s header', 'TRIE_PROOF', () => ({ header: later.header })],
    [
      'of a later slot under an earlier root',
      'TRIE_PROOF',
      () => ({ storage: [rootNodes, later.storage[1]] }),
    ],
    ['of the slots exchanged', 'TRIE_PROOF', () => ({ storage: [sizeNodes, rootNodes] })],
    ['of slot 0 twice', 'TRIE_PROOF', () => ({ storage: [rootNodes, rootNodes] })],
    ['without nodes of a slot', 'TRIE_PROOF', () => ({ storage: [rootNodes, []] })],
    ['without nodes of the account', 'TRIE_PROOF', () => ({ account: [] })],
    ['of an account cut short', 'TRIE_PROOF', () => ({ account: proof.account.slice(0, -1) })],
    [
      'of an account with a node more',
      'TRIE_PROOF',
      () => ({ account: [...proof.account, sizeNodes[0]!] }),
    ],
    ['with a header cut short', 'RLP_MALFORMED', () => ({ header: proof.header.slice(0, -1) })],
    [
      'with a header and a byte more',
      'RLP_MALFORMED',
      () => ({ header: Uint8Array.of(...proof.header, 0) }),
    ],
    [
      'of an account without code',
      'CONTRACT_STATE',
      () => makeStateProof({ ...made, code: new Uint8Array(0) }).proof,
    ],
    [
      'of a contract that holds no head',
      'CONTRACT_STATE',
      () => makeStateProof({ ...made, size: 0 }).proof,
    ],
  ];
  test.each(refused)('%s: %s', (_, want, change) => {
    expect(refusal(() => provenContractState(contract, { ...proof, ...change() }))).toBe(want);
  });

  test('of a state without the contract: the nodes show that nothing is there', () => {
    const absent = makeStateProof({ ...made, contract: other, asked: contract });
    expect(refusal(() => provenContractState(contract, absent.proof))).toBe('CONTRACT_STATE');
  });
});

describe('a header', () => {
  const fields = headerFields(root, 12, 1_764_061_300);
  const header = (change: (fields: Uint8Array[]) => Uint8Array[]): (() => unknown) => {
    const encoded = encodeRlp(change([...fields]));
    return () => decodeBlockHeader(encoded);
  };

  test('of 15 to 40 fields is read, whatever the newest fork appended', () => {
    for (const length of [15, 16, 20, 21])
      expect(header((f) => f.slice(0, length))()).toMatchObject({ number: 12, stateRoot: root });
    expect(header((f) => [...f, ...Array<Uint8Array>(19).fill(root)])()).toMatchObject({
      number: 12,
    });
  });

  const refused: [string, string, (fields: Uint8Array[]) => (Uint8Array | Uint8Array[])[]][] = [
    ['14 fields', 'BLOCK_HEADER', (f) => f.slice(0, 14)],
    ['41 fields', 'BLOCK_HEADER', (f) => [...f, ...Array<Uint8Array>(20).fill(root)]],
    ['a list among its fields', 'RLP_MALFORMED', (f) => [...f.slice(0, 16), [root]]],
    ['a state root of 31 bytes', 'BLOCK_HEADER', (f) => f.with(3, root.slice(1))],
    ['a bloom of 255 bytes', 'BLOCK_HEADER', (f) => f.with(6, new Uint8Array(255))],
    ['a nonce of 9 bytes', 'BLOCK_HEADER', (f) => f.with(14, new Uint8Array(9))],
    ['a number with a leading zero', 'BLOCK_HEADER', (f) => f.with(8, Uint8Array.of(0, 12))],
    ['a number of 2^53', 'BLOCK_HEADER', (f) => f.with(8, Uint8Array.of(0x20, 0, 0, 0, 0, 0, 0))],
    ['a time of 32 bytes', 'BLOCK_HEADER', (f) => f.with(11, root)],
    [
      'more bytes than a header has',
      'BLOCK_HEADER',
      (f) => f.with(12, new Uint8Array(MAX_HEADER_BYTES)),
    ],
  ];
  test.each(refused)('with %s is %s', (_, want, change) => {
    const encoded = encodeRlp(change([...fields]));
    expect(refusal(() => decodeBlockHeader(encoded))).toBe(want);
  });

  test('of block 0 has an empty number', () => {
    expect(header((f) => f.with(8, integerBytes(0)))()).toMatchObject({ number: 0 });
    expect(() => decodeBlockHeader(Uint8Array.of(0x80))).toThrow(code('RLP_MALFORMED'));
  });
});
