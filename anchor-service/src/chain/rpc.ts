import { createClient, http } from 'viem';
import type { Client, Transport } from 'viem';
import { ChainError } from './errors.ts';

/** One RPC call may take this long, answer included. */
export const DEFAULT_RPC_TIMEOUT_MS = 10_000;
const MAX_RESPONSE_BYTES = 1024 * 1024;

/** JSON-RPC whose answers are still untrusted. */
export interface Rpc {
  /** For viem actions; what they throw is to be passed through `chainErrorOf`. */
  client: Client<Transport>;
  /** @throws {ChainError} `CHAIN_UNREACHABLE`, `CHAIN_TIMEOUT`, `CHAIN_REVERTED`, `CHAIN_FUNDS`, `CHAIN_ANSWER` */
  request(method: string, params: readonly unknown[]): Promise<unknown>;
}

export function createRpc(url: string, timeoutMs: number = DEFAULT_RPC_TIMEOUT_MS): Rpc {
  // No retries inside a call: the loop above decides, and a bound on time stays a bound.
  const client = createClient({
    transport: http(url, {
      timeout: timeoutMs,
      retryCount: 0,
      maxResponseBodySize: MAX_RESPONSE_BYTES,
    }),
    cacheTime: 0,
  });
  return {
    client,
    async request(method, params) {
      try {
        return await (
          client.request as (call: {
            method: string;
            params: readonly unknown[];
          }) => Promise<unknown>
        )({ method, params });
      } catch (error) {
        throw chainErrorOf(error, method);
      }
    },
  };
}

/** Levels of one error that may say something, outermost first. */
function causes(error: unknown): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  for (
    let at = error;
    typeof at === 'object' && at !== null && found.length < 8;
    at = (at as { cause?: unknown }).cause
  )
    found.push(at as Record<string, unknown>);
  return found;
}

/** The bytes that a contract reverted with, when the node told them. */
export function revertData(error: unknown): `0x${string}` | null {
  for (const { data } of causes(error)) {
    const bytes =
      typeof data === 'object' && data !== null ? (data as { data?: unknown }).data : data;
    if (typeof bytes === 'string' && /^0x([0-9a-f]{2})*$/i.test(bytes))
      return bytes as `0x${string}`;
  }
  return null;
}

/**
 * Says in our codes what viem threw. Its messages hold the endpoint's address, which may hold an API key, so that
 * neither they nor the error itself are kept.
 */
export function chainErrorOf(error: unknown, doing: string): ChainError {
  if (error instanceof ChainError) return error;
  const chain = causes(error);
  const named = (pattern: RegExp): boolean =>
    chain.some(({ name }) => typeof name === 'string' && pattern.test(name));
  const said = (pattern: RegExp): boolean =>
    chain.some(({ details, message }) => pattern.test(`${String(details)} ${String(message)}`));
  const status = numberIn(chain, 'status');
  if (named(/^(TimeoutError|AbortError)$/)) return new ChainError('CHAIN_TIMEOUT', { got: doing });
  if (said(/insufficient funds|InsufficientFunds/i))
    return new ChainError('CHAIN_FUNDS', { got: doing });
  if (
    chain.some(({ code }) => code === 3) ||
    said(/execution reverted/i) ||
    (revertData(error) ?? '0x') !== '0x'
  )
    return new ChainError('CHAIN_REVERTED', { got: doing });
  if (status !== undefined)
    return new ChainError('CHAIN_UNREACHABLE', { got: `status ${status} for ${doing}` });
  if (said(/fetch failed|ECONNREFUSED|ECONNRESET|ENOTFOUND/))
    return new ChainError('CHAIN_UNREACHABLE', { got: doing });
  const rpcCode = numberIn(chain, 'code');
  return new ChainError('CHAIN_ANSWER', {
    got: rpcCode === undefined ? doing : `error ${rpcCode} for ${doing}`,
  });
}

function numberIn(chain: readonly Record<string, unknown>[], name: string): number | undefined {
  return chain.map((level) => level[name]).find((value) => typeof value === 'number');
}

/** A hex quantity as JSON-RPC writes it, below 2^53. @throws {ChainError} `CHAIN_ANSWER` */
export function quantity(value: unknown, what: string): number {
  if (typeof value !== 'string' || !/^0x(0|[1-9a-f][0-9a-f]{0,13})$/.test(value))
    throw new ChainError('CHAIN_ANSWER', { got: `no quantity for ${what}` });
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new ChainError('CHAIN_ANSWER', { got: `2^53 or more for ${what}` });
  return number;
}

/** Lower-case 0x hex of exactly `length` bytes. @throws {ChainError} `CHAIN_ANSWER` */
export function fixedHex(value: unknown, length: number, what: string): `0x${string}` {
  if (
    typeof value !== 'string' ||
    value.length !== 2 + 2 * length ||
    !/^0x[0-9a-fA-F]*$/.test(value)
  )
    throw new ChainError('CHAIN_ANSWER', { got: `no ${length} bytes for ${what}` });
  return value.toLowerCase() as `0x${string}`;
}

/** @throws {ChainError} `CHAIN_ID` */
export async function requireChainId(rpc: Rpc, want: number): Promise<void> {
  const got = quantity(await rpc.request('eth_chainId', []), 'chain id');
  if (got !== want)
    throw new ChainError('CHAIN_ID', { got: `chain ${got}`, want: `chain ${want}` });
}
