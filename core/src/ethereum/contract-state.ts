import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, equalBytes, fromHex, toHex } from '../bytes.ts';
import { ShowcauseError } from '../errors.ts';
import { decodeBlockHeader } from './header.ts';
import type { BlockHeader } from './header.ts';
import { decodeRlp, decodeRlpStrings, isRlpList } from './rlp.ts';
import { readTrie } from './trie.ts';

/** What proves the contract's storage from nothing but a block's hash, as `eth_getProof` gives it (EIP-1186). */
export interface StateProof {
  /** RLP of the block's header */
  header: Uint8Array;
  /** trie nodes from the header's state root to the contract's account */
  account: readonly Uint8Array[];
  /** trie nodes from the account's storage root to slot 0 and to slot 1 */
  storage: readonly [readonly Uint8Array[], readonly Uint8Array[]];
}

/** An account that exists, as its leaf in the state trie says. */
export interface ProvenAccount {
  /** 32 bytes each */
  storageRoot: Uint8Array;
  codeHash: Uint8Array;
}

/** What a log's contract held at the end of one block. */
export interface ProvenState {
  block: BlockHeader;
  /** lower-case 0x hex: keccak256 of the contract's code */
  codeHash: string;
  /** leaves, 1 to 2^48 - 1 */
  size: number;
  /** RFC 9162 root, 32 bytes */
  root: Uint8Array;
  /** Unix seconds of the block that brought this head */
  lastAdvance: number;
  /** lower-case 0x hex */
  operator: string;
  flags: number;
}

const emptyCodeHash = keccak_256(new Uint8Array(0));
const WORD_BYTES = 32;

/**
 * The head that a log's contract held, computed from the bytes of header and trie nodes alone. **It proves nothing until
 * the caller compares `block.hash` with a hash that is trusted**, and takes `contract` from genesis and policy.
 *
 * Slots as the contract packs them: 0 is the root; 1, from its low end, size u48, last advance u40, operator 160, flags u8.
 *
 * @param contract  lower-case 0x hex, 20 bytes
 * @throws {ShowcauseError} `RLP_MALFORMED`, `BLOCK_HEADER`, `TRIE_PROOF`; `CONTRACT_STATE` when there is no contract at
 *   this address, or it holds no head
 */
export function provenContractState(contract: string, proof: StateProof): ProvenState {
  const block = decodeBlockHeader(proof.header);
  const account = provenAccount(block.stateRoot, contract, proof.account);
  if (account === null) return refuse('no account at this address');
  if (equalBytes(account.codeHash, emptyCodeHash)) refuse('an account without code');
  const root = provenSlot(account.storageRoot, 0, proof.storage[0]);
  const word = provenSlot(account.storageRoot, 1, proof.storage[1]);
  const size = integer(word.subarray(26));
  if (size === 0) refuse('no head in storage');
  return {
    block,
    codeHash: `0x${toHex(account.codeHash)}`,
    size,
    root,
    lastAdvance: integer(word.subarray(21, 26)),
    operator: `0x${toHex(word.subarray(1, 21))}`,
    flags: word[0]!,
  };
}

/**
 * One account in a state trie.
 * @param address  lower-case 0x hex, 20 bytes
 * @returns null when the nodes show that there is none
 * @throws {ShowcauseError} `TRIE_PROOF`, `RLP_MALFORMED`
 */
export function provenAccount(
  stateRoot: Uint8Array,
  address: string,
  nodes: readonly Uint8Array[],
): ProvenAccount | null {
  const leaf = readTrie(stateRoot, keccak_256(fromHex(address.slice(2), 20)), nodes);
  if (leaf === null) return null;
  const fields = decodeRlpStrings(leaf);
  const [nonce, balance, storageRoot, codeHash] = fields;
  const isAccount =
    fields.length === 4 &&
    isScalar(nonce!, 8) &&
    isScalar(balance!, WORD_BYTES) &&
    storageRoot!.length === WORD_BYTES &&
    codeHash!.length === WORD_BYTES;
  if (!isAccount) throw new ShowcauseError('TRIE_PROOF', { got: 'a leaf that is no account' });
  return { storageRoot: storageRoot!, codeHash: codeHash! };
}

/**
 * One slot of a contract's storage.
 * @param slot  below 2^32
 * @returns its word, 32 bytes, all zeros when the nodes show that the slot is empty
 * @throws {ShowcauseError} `TRIE_PROOF`, `RLP_MALFORMED`
 */
export function provenSlot(
  storageRoot: Uint8Array,
  slot: number,
  nodes: readonly Uint8Array[],
): Uint8Array {
  const index = new Uint8Array(WORD_BYTES);
  new DataView(index.buffer).setUint32(WORD_BYTES - 4, slot);
  const leaf = readTrie(storageRoot, keccak_256(index), nodes);
  if (leaf === null) return new Uint8Array(WORD_BYTES);
  const value = decodeRlp(leaf);
  // A slot that is zero is not in the trie.
  if (isRlpList(value) || value.length === 0 || !isScalar(value, WORD_BYTES))
    throw new ShowcauseError('TRIE_PROOF', { got: 'a leaf that is no storage word' });
  return concatBytes(new Uint8Array(WORD_BYTES - value.length), value);
}

/** A big-endian integer without leading zeros. */
function isScalar(bytes: Uint8Array, most: number): boolean {
  return bytes.length <= most && bytes[0] !== 0;
}

function integer(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

function refuse(got: string): never {
  throw new ShowcauseError('CONTRACT_STATE', { got, want: 'a contract that holds a head' });
}
