import { fromHex, isJsonObject, parseJson, toHex } from '@showcause/core';
import type { Json } from '@showcause/core';
import { ChainError } from '../chain/errors.ts';
import type { Countersign } from '../chain/port.ts';

/** The countersigner follows the log before it answers, which takes a while the first time. */
const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 16 * 1024;

/**
 * A countersigner behind HTTP (`serveCountersigner`).
 * @throws {ChainError} `COUNTERSIGN_REFUSED` with the code it gave; `COUNTERSIGN_UNREACHABLE`
 */
export function httpCountersign(
  url: string,
  token: string,
  options: { timeoutMs?: number } = {},
): Countersign {
  const address = `${url.replace(/\/+$/, '')}/countersign`;
  return async ({ oldSize, size, root }) => {
    const { status, body } = await post(
      address,
      token,
      { oldSize, size, root: toHex(root) },
      options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    );
    const value = parsed(body);
    const member = (name: string): Json | undefined =>
      value !== null && isJsonObject(value) ? value[name] : undefined;
    if (status !== 200) {
      const code = member('code');
      throw new ChainError('COUNTERSIGN_REFUSED', {
        got: typeof code === 'string' && /^[A-Z_]{1,64}$/.test(code) ? code : `status ${status}`,
      });
    }
    const signature = member('signature');
    if (typeof signature !== 'string' || !/^0x[0-9a-f]{130}$/.test(signature))
      throw new ChainError('COUNTERSIGN_UNREACHABLE', { got: 'an answer without a signature' });
    return fromHex(signature.slice(2), 65);
  };
}

async function post(
  address: string,
  token: string,
  body: object,
  timeoutMs: number,
): Promise<{ status: number; body: string }> {
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, body: await bounded(response) };
  } catch (cause) {
    if (cause instanceof ChainError) throw cause;
    throw new ChainError('COUNTERSIGN_UNREACHABLE', {
      got: (cause as Error).name === 'TimeoutError' ? `nothing in ${timeoutMs} ms` : 'no answer',
    });
  }
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (response.body === null) return '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES)
      throw new ChainError('COUNTERSIGN_UNREACHABLE', { got: 'an answer that is too long' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): Json | null {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
