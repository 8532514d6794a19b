import { fromBase64, fromHex, toBase64, toHex } from './bytes.ts';
import { MAX_HEADER_BYTES } from './ethereum/header.ts';
import { MAX_TRIE_NODES, MAX_TRIE_NODE_BYTES } from './ethereum/trie.ts';
import type { StateProof } from './ethereum/contract-state.ts';
import type { Json } from './json.ts';
import type { Hash } from './merkle.ts';
import { array, base64, count, hex32, malformed, matching, members } from './receipt-members.ts';

/** Sizes on chain stay below 2^48. */
const MAX_PATH = 48;

/** Where a head stands on a chain, with the log's own checkpoint of exactly that head. */
export interface AnchorEvidence {
  chainId: number;
  /** lower-case 0x hex */
  contract: string;
  size: number;
  /** hex, 32 bytes */
  root: string;
  blockNumber: number;
  blockHash: string;
  transactionHash: string | null;
  /** base64 of the signed checkpoint with exactly this size and root */
  checkpoint: string;
  /** what proves it without a node; absent where none could be had when the anchor turned final */
  proof?: AnchorProof;
}

/** Block header and trie nodes from `blockHash` to the contract's head, and the path from its root to genesis. */
export interface AnchorProof {
  /** base64, RLP of the header of the block `blockHash` */
  header: string;
  /** base64, trie nodes from the state root to the contract's account */
  account: readonly string[];
  /** base64, trie nodes from the account's storage root to slots 0 and 1 */
  storage: readonly [readonly string[], readonly string[]];
  /** hex, inclusion path of entry 0 in the anchored tree */
  genesis: readonly string[];
}

/** @throws {ShowcauseError} `RECEIPT_MALFORMED` */
export function parseAnchorEvidence(value: Json | undefined): AnchorEvidence {
  return malformed(() => {
    const a = members(
      value,
      [
        'chainId',
        'contract',
        'size',
        'root',
        'blockNumber',
        'blockHash',
        'transactionHash',
        'checkpoint',
      ],
      ['proof'],
    );
    return {
      chainId: count(a['chainId']),
      contract: matching(a['contract'], /^0x[0-9a-f]{40}$/),
      size: count(a['size']),
      root: hex32(a['root']),
      blockNumber: count(a['blockNumber']),
      blockHash: matching(a['blockHash'], /^0x[0-9a-f]{64}$/),
      transactionHash:
        a['transactionHash'] === null ? null : matching(a['transactionHash'], /^0x[0-9a-f]{64}$/),
      checkpoint: base64(a['checkpoint'], 1, 131_072),
      ...(a['proof'] === undefined ? {} : { proof: parseProof(a['proof']) }),
    };
  });
}

function parseProof(value: Json): AnchorProof {
  const p = members(value, ['header', 'account', 'storage', 'genesis']);
  const storage = array(p['storage'], 2);
  if (storage.length !== 2) throw new RangeError('not the nodes of two slots');
  return {
    header: base64(p['header'], 1, MAX_HEADER_BYTES),
    account: trieNodes(p['account']),
    storage: [trieNodes(storage[0]), trieNodes(storage[1])],
    genesis: array(p['genesis'], MAX_PATH).map(hex32),
  };
}

function trieNodes(value: Json | undefined): string[] {
  return array(value, MAX_TRIE_NODES).map((node) => base64(node, 1, MAX_TRIE_NODE_BYTES));
}

/** As evidence carries it. */
export function encodeAnchorProof(state: StateProof, genesis: readonly Hash[]): AnchorProof {
  const [root, size] = state.storage;
  return {
    header: toBase64(state.header),
    account: state.account.map(toBase64),
    storage: [root.map(toBase64), size.map(toBase64)],
    genesis: genesis.map(toHex),
  };
}

/** @param proof  as {@link parseAnchorEvidence} gives it */
export function decodeAnchorProof(proof: AnchorProof): { state: StateProof; genesis: Hash[] } {
  const bytes = (nodes: readonly string[]): Uint8Array[] => nodes.map((node) => fromBase64(node));
  return {
    state: {
      header: fromBase64(proof.header),
      account: bytes(proof.account),
      storage: [bytes(proof.storage[0]), bytes(proof.storage[1])],
    },
    genesis: proof.genesis.map((hash) => fromHex(hash, 32)),
  };
}
