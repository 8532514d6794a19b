import { keccak_256 } from '@noble/hashes/sha3.js';
import { equalBytes } from '../bytes.ts';
import { ShowcauseError } from '../errors.ts';
import { decodeRlp, isRlpList } from './rlp.ts';
import type { RlpItem, RlpList } from './rlp.ts';

/** A branch of sixteen hashes has 532 bytes, and no other node of a state or storage trie has more. */
export const MAX_TRIE_NODE_BYTES = 576;
/** A trie of 16^10 keys is some 11 nodes deep; the rest is room for keys that somebody ground to share a prefix. */
export const MAX_TRIE_NODES = 24;

const HASH_BYTES = 32;
const BRANCH_ITEMS = 17;

type TrieNode =
  | { kind: 'branch'; children: readonly RlpItem[] }
  | { kind: 'extension'; path: readonly number[]; child: RlpItem }
  | { kind: 'leaf'; path: readonly number[]; value: Uint8Array };

/**
 * Follows a proof through a Merkle Patricia trie with hashed keys, as `eth_getProof` gives it. Every node must be the
 * one that the node before it names, all of them must be needed, and each must have the one form it can have.
 *
 * @param root   32 bytes, trusted
 * @param key    32 bytes: the trie's keys are keccak256 of address or slot
 * @param proof  RLP of the nodes, the root's first; those shorter than 32 bytes lie inside their parent
 * @returns the value's bytes; null when the nodes show that the trie does not hold the key
 * @throws {ShowcauseError} `TRIE_PROOF`, `RLP_MALFORMED`
 * @see Ethereum yellow paper, appendix D; EIP-1186
 */
export function readTrie(
  root: Uint8Array,
  key: Uint8Array,
  proof: readonly Uint8Array[],
): Uint8Array | null {
  if (root.length !== HASH_BYTES || key.length !== HASH_BYTES)
    throw new RangeError(`got ${root.length} and ${key.length} bytes, want 32 each`);
  if (proof.length > MAX_TRIE_NODES) refuse(`${proof.length} nodes`, `at most ${MAX_TRIE_NODES}`);
  const walk = new Walk(nibblesOf(key), proof);
  const value = equalBytes(root, emptyTrieRoot) ? null : walk.from(root);
  if (walk.used !== proof.length)
    refuse(`${proof.length} nodes`, `the ${walk.used} that lead to the key`);
  return value;
}

/** keccak256(0x80): the root of a trie that holds nothing. */
export const emptyTrieRoot: Uint8Array = keccak_256(Uint8Array.of(0x80));

class Walk {
  used = 0;
  readonly #path: readonly number[];
  readonly #proof: readonly Uint8Array[];

  constructor(path: readonly number[], proof: readonly Uint8Array[]) {
    this.#path = path;
    this.#proof = proof;
  }

  from(root: Uint8Array): Uint8Array | null {
    let node = this.#fetch(root);
    for (let at = 0; ;) {
      if (node.kind === 'leaf') return this.#leaf(node, at);
      if (node.kind === 'extension') {
        if (!this.#begins(node.path, at)) return null;
        at += node.path.length;
        node = this.#follow(node.child);
        if (node.kind !== 'branch') refuse(`a ${node.kind} below an extension`, 'a branch');
      } else {
        const child = node.children[this.#path[at]!]!;
        if (child instanceof Uint8Array && child.length === 0) return null;
        at++;
        node = this.#follow(child);
      }
      this.#requireRoom(node, at);
    }
  }

  #leaf(node: { path: readonly number[]; value: Uint8Array }, at: number): Uint8Array | null {
    return this.#begins(node.path, at) ? node.value : null;
  }

  #begins(path: readonly number[], at: number): boolean {
    return path.every((nibble, i) => this.#path[at + i] === nibble);
  }

  /** All keys have one length: a leaf ends exactly there, and any other node before it. */
  #requireRoom(node: TrieNode, at: number): void {
    const left = this.#path.length - at;
    const fits =
      node.kind === 'leaf'
        ? node.path.length === left
        : node.kind === 'branch'
          ? left > 0
          : node.path.length < left;
    if (!fits) refuse(`a ${node.kind} at nibble ${at}`, `one for a key of ${this.#path.length}`);
  }

  #follow(child: RlpItem): TrieNode {
    return isRlpList(child) ? nodeOf(child) : this.#fetch(child);
  }

  #fetch(hash: Uint8Array): TrieNode {
    const isRoot = this.used === 0;
    const bytes = this.#proof[this.used];
    if (bytes === undefined)
      return refuse(`${this.used} nodes`, 'the node that the last one names');
    if (bytes.length > MAX_TRIE_NODE_BYTES || (bytes.length < HASH_BYTES && !isRoot))
      refuse(`a node of ${bytes.length} bytes`, `${HASH_BYTES} to ${MAX_TRIE_NODE_BYTES}`);
    if (!equalBytes(keccak_256(bytes), hash))
      refuse(`another hash of node ${this.used}`, 'the one that names it');
    this.used++;
    const list = decodeRlp(bytes);
    const node = nodeOf(isRlpList(list) ? list : refuse('a string', 'a node'));
    if (isRoot) this.#requireRoom(node, 0);
    return node;
  }
}

function nodeOf({ items }: RlpList): TrieNode {
  if (items.length === BRANCH_ITEMS) return branchOf(items);
  if (items.length !== 2) return refuse(`a node of ${items.length} items`, '2 or 17');
  const [encoded, content] = items as readonly [RlpItem, RlpItem];
  const { path, isLeaf } = pathOf(encoded);
  if (!isLeaf) {
    if (path.length === 0) refuse('an extension by nothing', 'one nibble or more');
    requireChild(content);
    return { kind: 'extension', path, child: content };
  }
  if (isRlpList(content) || content.length === 0) return refuse('a leaf without value', 'a value');
  return { kind: 'leaf', path, value: content };
}

function branchOf(items: readonly RlpItem[]): TrieNode {
  const children = items.slice(0, 16);
  const value = items[16]!;
  // Keys of one length never end in a branch.
  if (isRlpList(value) || value.length !== 0) refuse('a branch with a value', 'none');
  const present = children.filter((child) => isRlpList(child) || child.length !== 0);
  if (present.length < 2) refuse(`a branch of ${present.length}`, 'two children or more');
  present.forEach(requireChild);
  return { kind: 'branch', children };
}

/** A child is named by its hash, or lies here when it is shorter than one. */
function requireChild(child: RlpItem): void {
  const isChild = isRlpList(child) ? child.encodedLength < HASH_BYTES : child.length === HASH_BYTES;
  if (!isChild) refuse('a child that is neither hash nor short node', 'one of them');
}

/** Hex prefix (appendix C): the first nibble says whether the node is a leaf (2) and whether the number of nibbles is odd (1). */
function pathOf(encoded: RlpItem): { path: number[]; isLeaf: boolean } {
  if (isRlpList(encoded) || encoded.length === 0) return refuse('no path', 'a hex prefix');
  const [flags, ...nibbles] = nibblesOf(encoded) as [number, ...number[]];
  const isOdd = (flags & 1) === 1;
  if (flags > 3 || (!isOdd && nibbles[0] !== 0))
    refuse(`path flags ${flags}`, '0 to 3, padded by 0');
  return { path: isOdd ? nibbles : nibbles.slice(1), isLeaf: flags >= 2 };
}

function nibblesOf(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
}

function refuse(got: string, want: string): never {
  throw new ShowcauseError('TRIE_PROOF', { got, want });
}
