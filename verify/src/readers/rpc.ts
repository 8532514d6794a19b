import { fromHex, toHex, u64 } from '@showcause/core';
import type { ChainObservation, ContractHead } from '../anchor.ts';
import { CouldNotCheck } from '../errors.ts';

/** One call may take this long, answer included. */
export const RPC_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** The block that the evidence names may lie some way after the one that brought the head. */
const EVENT_SEARCH_BLOCKS = 5_000;

/** First four bytes of keccak256("head()"). */
export const HEAD_SELECTOR = '0x8f7dcfa3';
/** keccak256("Advanced(uint64,bytes32)"). */
export const ADVANCED_TOPIC = '0x37d64f659c112325a9dd5728ce68962dca1b8d61ab4157fa223a4d920d95b30d';

export interface ObserveOptions {
  /** lower-case 0x hex */
  contract: string;
  /** what the evidence says, to look for the event that brought it */
  anchor?: { size: number; blockNumber: number };
  timeoutMs?: number;
}

/**
 * Asks one node for everything that `verifyReceipt` and `verifyAnchor` judge. Only final blocks are asked about.
 * @throws {CouldNotCheck} `VERIFY_RPC`, `VERIFY_RPC_TIMEOUT`, `VERIFY_RPC_ANSWER`
 */
export async function observeChain(
  url: string,
  options: ObserveOptions,
): Promise<ChainObservation> {
  const { contract, anchor } = options;
  const call = caller(url, options.timeoutMs ?? RPC_TIMEOUT_MS);
  const chainId = quantity(await call('eth_chainId', []), 'chain id');
  const finalBlock = block(await call('eth_getBlockByNumber', ['finalized', false]));
  if (finalBlock === null) throw new CouldNotCheck('VERIFY_RPC_ANSWER', 'no final block');
  const at = hexQuantity(finalBlock.number);
  const head = (await hasCode(call, contract, at)) ? await headAt(call, contract, at) : null;
  const observed = { endpoint: endpointOf(url), chainId, contract, finalBlock, head };
  if (anchor === undefined) return { ...observed, advanced: null, anchorBlockHash: null };
  const named = anchor.blockNumber <= finalBlock.number ? anchor.blockNumber : null;
  const anchorBlock =
    named === null ? null : block(await call('eth_getBlockByNumber', [hexQuantity(named), false]));
  const advanced = named === null ? null : await advancedAt(call, contract, anchor.size, named);
  return { ...observed, advanced, anchorBlockHash: anchorBlock?.hash ?? null };
}

/** Which chain a node is of. @throws as {@link observeChain} */
export async function chainIdOf(url: string, timeoutMs: number = RPC_TIMEOUT_MS): Promise<number> {
  return quantity(await caller(url, timeoutMs)('eth_chainId', []), 'chain id');
}

/** What of an address may be shown: user, path and query often hold a key. */
function endpointOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}

export type Call = (method: string, params: readonly unknown[]) => Promise<unknown>;

export function caller(url: string, timeoutMs: number): Call {
  return async (method, params) => {
    let text: string;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (!response.ok)
        throw new CouldNotCheck('VERIFY_RPC', `status ${response.status} for ${method}`);
      text = await bounded(response, method);
    } catch (error) {
      // The address may hold an API key, and errors of fetch name it: neither is repeated.
      if (error instanceof CouldNotCheck) throw error;
      const name = (error as { name?: unknown } | null)?.name;
      if (name === 'TimeoutError' || name === 'AbortError')
        throw new CouldNotCheck('VERIFY_RPC_TIMEOUT', `${method} after ${timeoutMs} ms`);
      throw new CouldNotCheck('VERIFY_RPC', method);
    }
    return resultOf(text, method);
  };
}

async function bounded(response: Response, method: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES)
      throw new CouldNotCheck('VERIFY_RPC_ANSWER', `over ${MAX_ANSWER_BYTES} bytes for ${method}`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function resultOf(text: string, method: string): unknown {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new CouldNotCheck('VERIFY_RPC_ANSWER', `no JSON for ${method}`);
  }
  if (typeof answer !== 'object' || answer === null)
    throw new CouldNotCheck('VERIFY_RPC_ANSWER', `no object for ${method}`);
  const { result, error, id, jsonrpc } = answer as Record<string, unknown>;
  if (error !== undefined && error !== null)
    throw new CouldNotCheck('VERIFY_RPC_ANSWER', `an error for ${method}`);
  if (id !== 1 || jsonrpc !== '2.0' || result === undefined)
    throw new CouldNotCheck('VERIFY_RPC_ANSWER', `no result for ${method}`);
  return result;
}

function quantity(value: unknown, what: string): number {
  if (typeof value !== 'string' || !/^0x(0|[1-9a-f][0-9a-f]{0,12})$/.test(value))
    throw new CouldNotCheck('VERIFY_RPC_ANSWER', `no quantity for ${what}`);
  return Number(value);
}

export function hexQuantity(value: number): string {
  return `0x${value.toString(16)}`;
}

function bytes(value: unknown, length: number, what: string): Uint8Array {
  if (
    typeof value !== 'string' ||
    value.length !== 2 + 2 * length ||
    !/^0x[0-9a-fA-F]*$/.test(value)
  )
    throw new CouldNotCheck('VERIFY_RPC_ANSWER', `no ${length} bytes for ${what}`);
  return fromHex(value.slice(2).toLowerCase(), length);
}

function block(value: unknown): { number: number; hash: string } | null {
  if (value === null) return null;
  if (typeof value !== 'object') throw new CouldNotCheck('VERIFY_RPC_ANSWER', 'no block');
  const { number, hash } = value as Record<string, unknown>;
  return {
    number: quantity(number, 'block number'),
    hash: `0x${toHex(bytes(hash, 32, 'block hash'))}`,
  };
}

/** By its number, with its time. */
export async function blockAt(
  call: Call,
  number: number,
): Promise<{ hash: string; time: number } | null> {
  const answer = await call('eth_getBlockByNumber', [hexQuantity(number), false]);
  const found = block(answer);
  if (found === null) return null;
  return {
    hash: found.hash,
    time: quantity((answer as { timestamp?: unknown }).timestamp, 'time'),
  };
}

async function hasCode(call: Call, contract: string, at: string): Promise<boolean> {
  const code = await call('eth_getCode', [contract, at]);
  if (typeof code !== 'string' || !/^0x([0-9a-fA-F]{2})*$/.test(code))
    throw new CouldNotCheck('VERIFY_RPC_ANSWER', 'no code');
  return code !== '0x';
}

/** head() returns (uint64 size, bytes32 root, uint64 lastAdvance, uint8 flags). */
async function headAt(call: Call, contract: string, at: string): Promise<ContractHead> {
  const words = bytes(
    await call('eth_call', [{ to: contract, data: HEAD_SELECTOR }, at]),
    128,
    'head()',
  );
  const size = smallUint(words.subarray(0, 32));
  if (size === null || size < 1) throw new CouldNotCheck('VERIFY_RPC_ANSWER', 'no size for head()');
  const advancedAt = smallUint(words.subarray(64, 96));
  if (advancedAt === null) throw new CouldNotCheck('VERIFY_RPC_ANSWER', 'no time for head()');
  return { size, root: words.slice(32, 64), advancedAt };
}

/** A uint256 below 2^48, as the contract's sizes are. */
function smallUint(word: Uint8Array): number | null {
  if (word.subarray(0, 26).some((byte) => byte !== 0)) return null;
  return word.subarray(26).reduce((value, byte) => value * 256 + byte, 0);
}

/** The event that brought a head of this size, in or before the named block. Null where the node finds or offers none. */
async function advancedAt(
  call: Call,
  contract: string,
  size: number,
  to: number,
): Promise<ChainObservation['advanced']> {
  const topic = `0x${'0'.repeat(48)}${toHex(u64(size))}`;
  const filter = {
    address: contract,
    topics: [ADVANCED_TOPIC, topic],
    fromBlock: hexQuantity(Math.max(0, to - EVENT_SEARCH_BLOCKS)),
    toBlock: hexQuantity(to),
  };
  let logs: unknown;
  try {
    logs = await call('eth_getLogs', [filter]);
  } catch (error) {
    // Many nodes bound what they search; the head itself was answered.
    if (error instanceof CouldNotCheck && error.code === 'VERIFY_RPC_ANSWER') return null;
    throw error;
  }
  if (!Array.isArray(logs)) throw new CouldNotCheck('VERIFY_RPC_ANSWER', 'no list of events');
  const found = (logs as unknown[]).find((log) => isEvent(log, contract, topic));
  if (found === undefined) return null;
  const { data, transactionHash } = found as Record<string, unknown>;
  return {
    size,
    root: bytes(data, 32, 'event data'),
    transactionHash: `0x${toHex(bytes(transactionHash, 32, 'transaction hash'))}`,
  };
}

function isEvent(log: unknown, contract: string, topic: string): boolean {
  if (typeof log !== 'object' || log === null) return false;
  const { address, topics } = log as Record<string, unknown>;
  return (
    typeof address === 'string' &&
    address.toLowerCase() === contract &&
    Array.isArray(topics) &&
    topics[0] === ADVANCED_TOPIC &&
    topics[1] === topic
  );
}
