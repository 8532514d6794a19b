import { ChainError } from './errors.ts';
import { NodeError, jsonRpc } from './json-rpc.ts';

/** One RPC call may take this long, answer included. */
export const DEFAULT_RPC_TIMEOUT_MS = 10_000;

/** JSON-RPC whose answers are still untrusted. */
export interface Rpc {
  /**
   * @throws {ChainError} `CHAIN_UNREACHABLE`, `CHAIN_TIMEOUT`, `CHAIN_RATE_LIMITED`, `CHAIN_REVERTED`, `CHAIN_FUNDS`,
   * `CHAIN_ANSWER`
   */
  request(method: string, params: readonly unknown[]): Promise<unknown>;
  /** The same, but what the node itself refuses with is a {@link NodeError}: for whoever reads its words. */
  ask(method: string, params: readonly unknown[]): Promise<unknown>;
}

export function createRpc(url: string, timeoutMs: number = DEFAULT_RPC_TIMEOUT_MS): Rpc {
  // No repetition inside a call: the loop above decides, and a bound on time stays a bound.
  const ask = jsonRpc(url, timeoutMs);
  return {
    ask,
    async request(method, params) {
      try {
        return await ask(method, params);
      } catch (error) {
        throw chainErrorOf(error, method);
      }
    },
  };
}

/** The bytes that a contract reverted with, when the node told them. */
export function revertData(error: unknown): `0x${string}` | null {
  if (!(error instanceof NodeError)) return null;
  const { data } = error;
  const bytes =
    typeof data === 'object' && data !== null ? (data as { data?: unknown }).data : data;
  return typeof bytes === 'string' && /^0x([0-9a-f]{2})*$/i.test(bytes)
    ? (bytes as `0x${string}`)
    : null;
}

/** JSON-RPC's code of a call that the EVM reverted (EIP-1474's successor in the execution API). */
const REVERTED = 3;

/** Says in our codes what a call failed with. A node's words are not kept: they may hold the address and its key. */
export function chainErrorOf(error: unknown, doing: string): ChainError {
  if (error instanceof ChainError) return error;
  if (!(error instanceof NodeError)) return new ChainError('CHAIN_ANSWER', { got: doing });
  if (/insufficient funds|InsufficientFunds/i.test(error.message))
    return new ChainError('CHAIN_FUNDS', { got: doing });
  if (
    error.code === REVERTED ||
    /execution reverted/i.test(error.message) ||
    (revertData(error) ?? '0x') !== '0x'
  )
    return new ChainError('CHAIN_REVERTED', { got: doing });
  return new ChainError('CHAIN_ANSWER', { got: `error ${error.code ?? ''} for ${doing}` });
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

/** The same of an amount of coin or a price of gas, below 2^256. @throws {ChainError} `CHAIN_ANSWER` */
export function wei(value: unknown, what: string): bigint {
  if (typeof value !== 'string' || !/^0x[0-9a-f]{1,64}$/i.test(value))
    throw new ChainError('CHAIN_ANSWER', { got: `no quantity for ${what}` });
  return BigInt(value);
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
