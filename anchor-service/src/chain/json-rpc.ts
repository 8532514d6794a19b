import { ChainError } from './errors.ts';

/** One call of one node. */
export type JsonRpcCall = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** What the node itself said (JSON-RPC 2.0, section 5.1); its words stay here, because they may hold anything. */
export class NodeError extends Error {
  override readonly name = 'NodeError';
  readonly code: number | undefined;
  readonly data: unknown;

  constructor({ code, message, data }: { code?: unknown; message?: unknown; data?: unknown }) {
    super(typeof message === 'string' ? message.slice(0, MAX_MESSAGE) : 'no message');
    this.code = typeof code === 'number' ? code : undefined;
    this.data = data;
  }
}

const MAX_RESPONSE_BYTES = 1024 * 1024;
const MAX_MESSAGE = 2_048;
/** A node that refuses for its rate and does not say for how long. */
const REST_MS = 1_000;
/** However long a node asks for, it is tried again after this. */
const LONGEST_REST_MS = 600_000;

/**
 * JSON-RPC 2.0 over HTTP: one call a request, bounded in time and bytes, no repetition. A node that asks to be left alone
 * (429, or 503 with Retry-After: RFC 9110, section 10.2.3) is not called before that, and callers are told at once.
 * @throws {ChainError} `CHAIN_UNREACHABLE`, `CHAIN_TIMEOUT`, `CHAIN_RATE_LIMITED`, `CHAIN_ANSWER`; {@link NodeError}
 */
export function jsonRpc(url: string, timeoutMs: number): JsonRpcCall {
  const { address, authorization } = addressOf(url);
  let lastId = 0;
  let restsUntil = -Infinity;
  return async (method, params) => {
    const restMs = restsUntil - performance.now();
    if (restMs > 0) throw rateLimited(restMs);
    const id = ++lastId;
    const { response, text } = await post(address, authorization, timeoutMs, method, {
      jsonrpc: '2.0',
      id,
      method,
      params,
    });
    const rest = restOf(response);
    if (rest !== null) {
      restsUntil = performance.now() + rest;
      throw rateLimited(rest);
    }
    return resultOf(response, text, id, method);
  };
}

async function post(
  address: string,
  authorization: Record<string, string>,
  timeoutMs: number,
  method: string,
  body: object,
): Promise<{ response: Response; text: string }> {
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { response, text: await bounded(response) };
  } catch (error) {
    // What fetch says holds the address, which may hold a key.
    if (error instanceof ChainError) throw error;
    const isLate = (error as { name?: unknown }).name === 'TimeoutError';
    throw new ChainError(isLate ? 'CHAIN_TIMEOUT' : 'CHAIN_UNREACHABLE', { got: method });
  }
}

async function bounded(response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_RESPONSE_BYTES)
      throw new ChainError('CHAIN_ANSWER', {
        got: `more than ${MAX_RESPONSE_BYTES} bytes`,
        want: 'an answer',
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function resultOf(response: Response, text: string, id: number, method: string): unknown {
  const answer = parsed(text);
  // Some nodes give their errors an HTTP status of their own.
  if (answer?.['id'] === id && typeof answer['error'] === 'object' && answer['error'] !== null)
    throw new NodeError(answer['error']);
  if (!response.ok)
    throw new ChainError('CHAIN_UNREACHABLE', { got: `status ${response.status} for ${method}` });
  if (answer === null) throw new ChainError('CHAIN_ANSWER', { got: `no JSON-RPC for ${method}` });
  if (answer['id'] !== id)
    throw new ChainError('CHAIN_ANSWER', { got: `the answer to another call than ${method}` });
  if (answer['result'] === undefined)
    throw new ChainError('CHAIN_ANSWER', { got: `neither result nor error for ${method}` });
  return answer['result'];
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** How long the node wants to be left alone, ms; null: it answered. */
function restOf({ status, headers }: Response): number | null {
  const after = headers.get('retry-after');
  if (status !== 429 && !(status === 503 && after !== null)) return null;
  const ms = /^\d{1,9}$/.test(after ?? '')
    ? Number(after) * 1_000
    : Date.parse(after ?? '') - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LONGEST_REST_MS) : REST_MS;
}

function rateLimited(ms: number): ChainError {
  return new ChainError('CHAIN_RATE_LIMITED', { got: `again in ${Math.ceil(ms / 1_000)} s` });
}

/** `fetch` takes no user in an address. */
function addressOf(url: string): { address: string; authorization: Record<string, string> } {
  const parts = new URL(url);
  const { username, password } = parts;
  if (username + password === '') return { address: url, authorization: {} };
  parts.username = parts.password = '';
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = `Basic ${Buffer.from(user).toString('base64')}`;
  return { address: parts.href, authorization: { authorization } };
}
