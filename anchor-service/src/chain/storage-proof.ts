import {
  CodedError,
  MAX_HEADER_BYTES,
  MAX_TRIE_NODES,
  MAX_TRIE_NODE_BYTES,
  decodeBlockHeader,
  encodeRlp,
  equalBytes,
  fromHex,
  provenContractState,
} from '@showcause/core';
import type { StateProof } from '@showcause/core';
import { pause } from '../pause.ts';
import { ChainError } from './errors.ts';
import type { ChainHead } from './port.ts';
import { createRpc } from './rpc.ts';
import type { Rpc } from './rpc.ts';

export interface StateProverOptions {
  /** asked one after the other: what any of them gives is judged by the block's hash */
  rpcUrls: readonly string[];
  /** lower-case 0x hex */
  contract: string;
  /** for each RPC call */
  timeoutMs?: number;
}

/** Gives what proves a head without a node, or rejects with a `ChainError`. */
export type ProveState = (head: ChainHead) => Promise<StateProof>;

/** Proofs are served for the newest blocks only (128 by default): another try must come soon. */
const ROUNDS = 2;
const RETRY_MS = 250;
const SLOTS = [0, 1].map((slot) => `0x${slot.toString(16).padStart(64, '0')}`);

/** Block header and storage proof of a head that is final, from the first endpoint that gives some that hold. */
export function stateProver({ rpcUrls, contract, timeoutMs }: StateProverOptions): ProveState {
  const nodes = rpcUrls.map((url) => createRpc(url, timeoutMs));
  const tries = Array.from({ length: ROUNDS }, () => nodes).flat();
  return async (head) => {
    for (let at = 0; ; at++) {
      try {
        return await fetchStateProof(tries[at]!, contract, head);
      } catch (error) {
        if (at === tries.length - 1) throw error;
        if ((at + 1) % nodes.length === 0) await pause(RETRY_MS);
      }
    }
  };
}

/**
 * @param head  of a final block, by whose hash the proof is judged
 * @throws {ChainError} `CHAIN_PROOF` when the node's bytes do not prove this head in this block; what `rpc` throws
 */
export async function fetchStateProof(
  rpc: Pick<Rpc, 'request'>,
  contract: string,
  head: ChainHead,
): Promise<StateProof> {
  const header = await fetchHeader(rpc, head);
  const number = `0x${head.blockNumber.toString(16)}`;
  // Of the answer only the nodes are read: what else it says is nobody's proof.
  const answer = object(await rpc.request('eth_getProof', [contract, SLOTS, number]), 'proof');
  const slots = list(answer['storageProof'], SLOTS.length).map((slot) =>
    nodes(object(slot, 'slot')['proof']),
  );
  if (slots.length !== SLOTS.length) throw refused(`${slots.length} slots`, `${SLOTS.length}`);
  const proof: StateProof = {
    header,
    account: nodes(answer['accountProof']),
    storage: [slots[0]!, slots[1]!],
  };
  requireHead(contract, proof, head);
  return proof;
}

function requireHead(contract: string, proof: StateProof, head: ChainHead): void {
  try {
    const { size, root } = provenContractState(contract, proof);
    if (size !== head.size || !equalBytes(root, head.root))
      throw refused(`size ${size}`, `size ${head.size} and its root`);
  } catch (error) {
    if (error instanceof ChainError || !(error instanceof CodedError)) throw error;
    throw refused(`${error.code} (${error.got})`, 'a proof of the head');
  }
}

/** Fields of a header as blocks name them, in the order of its RLP: those of Frontier, then one row a fork. */
const frontier = [
  'parentHash',
  'sha3Uncles',
  'miner',
  'stateRoot',
  'transactionsRoot',
  'receiptsRoot',
  'logsBloom',
];
const scalars = ['difficulty', 'number', 'gasLimit', 'gasUsed', 'timestamp'];
const seal = ['extraData', 'mixHash', 'nonce'];
const appended = [
  'baseFeePerGas',
  'withdrawalsRoot',
  'blobGasUsed',
  'excessBlobGas',
  'parentBeaconBlockRoot',
  'requestsHash',
  'blockAccessListHash',
];
const isScalar = new Set([...scalars, 'baseFeePerGas', 'blobGasUsed', 'excessBlobGas']);

/**
 * The header's RLP, made from the block that every node serves. A fork that appends a field unknown here gives another
 * hash; then a node is asked for the bytes themselves, which many do not offer.
 */
async function fetchHeader(rpc: Pick<Rpc, 'request'>, head: ChainHead): Promise<Uint8Array> {
  const block = object(await rpc.request('eth_getBlockByHash', [head.blockHash, false]), 'block');
  const made = encodeHeader(block);
  if (hashOf(made) === head.blockHash) return made;
  const raw = await rpc.request('debug_getRawHeader', [head.blockHash]).catch(() => null);
  const header = raw === null ? made : bytes(raw, MAX_HEADER_BYTES);
  if (hashOf(header) !== head.blockHash) throw refused('a header of another hash', head.blockHash);
  return header;
}

function encodeHeader(block: Record<string, unknown>): Uint8Array {
  const names = [
    ...frontier,
    ...scalars,
    ...seal,
    ...appended.filter((name) => (block[name] ?? null) !== null),
  ];
  return encodeRlp(
    names.map((name) =>
      isScalar.has(name) ? scalar(block[name]) : bytes(block[name], MAX_HEADER_BYTES),
    ),
  );
}

function hashOf(header: Uint8Array): string | null {
  try {
    return decodeBlockHeader(header).hash;
  } catch (error) {
    if (error instanceof CodedError) return null;
    throw error;
  }
}

/** A quantity as RLP has it: big-endian, zero is empty. */
function scalar(value: unknown): Uint8Array {
  if (typeof value !== 'string' || !/^0x(0|[1-9a-f][0-9a-f]{0,63})$/.test(value))
    throw refused('no quantity', 'one');
  const digits = value === '0x0' ? '' : value.slice(2);
  return fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
}

function nodes(value: unknown): Uint8Array[] {
  return list(value, MAX_TRIE_NODES).map((node) => bytes(node, MAX_TRIE_NODE_BYTES));
}

function bytes(value: unknown, most: number): Uint8Array {
  if (
    typeof value !== 'string' ||
    value.length > 2 + 2 * most ||
    !/^0x([0-9a-f]{2})*$/i.test(value)
  )
    throw refused('no bytes', `at most ${most}`);
  return fromHex(value.slice(2).toLowerCase());
}

function list(value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw refused('no list', `at most ${most}`);
  return value as readonly unknown[];
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw refused(`no ${what}`, `a ${what}`);
  return value as Record<string, unknown>;
}

function refused(got: string, want: string): ChainError {
  return new ChainError('CHAIN_PROOF', { got, want });
}
