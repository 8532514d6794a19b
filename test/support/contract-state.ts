import { keccak_256 } from '@noble/hashes/sha3.js';
import { encodeRlp, fromHex, toHex } from '@showcause/core';
import type { StateProof } from '@showcause/core';
import { ReferenceTrie } from './reference-trie.ts';

/** What a log's contract holds in a chain that a test makes up. */
export interface MadeState {
  /** lower-case 0x hex */
  contract: string;
  size: number;
  root: Uint8Array;
  lastAdvance?: number;
  operator?: string;
  flags?: number;
  number?: number;
  timestamp?: number;
  code?: Uint8Array;
  /** whom the account proof is of, default: the contract */
  asked?: string;
  /** other words of the contract's storage, by slot */
  more?: Record<number, Uint8Array>;
}

/** A block's header and the proofs of a contract's first two slots in its state, from tries made whole. */
export function makeStateProof(made: MadeState): { proof: StateProof; hash: string } {
  const words = { 0: made.root, 1: headWord(made), 2: new Uint8Array(32).fill(7), ...made.more };
  const slots = Object.entries(words)
    .map(([slot, word]) => [slotKey(Number(slot)), word.subarray(word.findIndex((b) => b !== 0))])
    .map(([key, word]) => [key!, encodeRlp(word!)] as const);
  const storage = new ReferenceTrie(slots);
  const account = (address: string, storageRoot: Uint8Array, code: Uint8Array) =>
    [
      keccak_256(fromHex(address.slice(2), 20)),
      encodeRlp([Uint8Array.of(1), new Uint8Array(0), storageRoot, keccak_256(code)]),
    ] as const;
  const others = Array.from({ length: 20 }, (_, i) =>
    account(
      `0x${(i + 1).toString(16).padStart(40, '0')}`,
      keccak_256(Uint8Array.of(0x80)),
      new Uint8Array(0),
    ),
  );
  const state = new ReferenceTrie([
    ...others,
    account(made.contract, storage.root(), made.code ?? Uint8Array.of(0x60)),
  ]);
  const header = encodeRlp(
    headerFields(state.root(), made.number ?? 12, made.timestamp ?? 1_764_061_300),
  );
  return {
    proof: {
      header,
      account: state.prove(keccak_256(fromHex((made.asked ?? made.contract).slice(2), 20))),
      storage: [storage.prove(slotKey(0)), storage.prove(slotKey(1))],
    },
    hash: `0x${toHex(keccak_256(header))}`,
  };
}

/** flags u8 ‖ operator 160 ‖ last advance u40 ‖ size u48, as Solidity packs them from the low end. */
function headWord({
  size,
  lastAdvance = 1_764_061_290,
  operator,
  flags = 0,
}: MadeState): Uint8Array {
  const digits = [
    flags.toString(16).padStart(2, '0'),
    (operator ?? `0x${'11'.repeat(20)}`).slice(2),
    lastAdvance.toString(16).padStart(10, '0'),
    size.toString(16).padStart(12, '0'),
  ];
  return fromHex(digits.join(''), 32);
}

export function slotKey(slot: number): Uint8Array {
  return keccak_256(fromHex(slot.toString(16).padStart(64, '0')));
}

export function integerBytes(value: number): Uint8Array {
  const digits = value === 0 ? '' : value.toString(16);
  return fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
}

/** Those of a block after the Prague fork. */
export function headerFields(
  stateRoot: Uint8Array,
  number: number,
  timestamp: number,
): Uint8Array[] {
  const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
  const scalars = [0, number, 30_000_000, 21_000, timestamp].map(integerBytes);
  return [
    hash(1),
    hash(2),
    new Uint8Array(20).fill(3),
    stateRoot,
    hash(4),
    hash(5),
    new Uint8Array(256),
    ...scalars,
    new Uint8Array(0),
    hash(6),
    new Uint8Array(8),
    integerBytes(7),
    hash(7),
    new Uint8Array(0),
    new Uint8Array(0),
    hash(8),
    hash(9),
  ];
}
