import { Buffer } from 'node:buffer';
import { request as requestPlain } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';
import { SignerError } from './errors.ts';

/** PEM. Without `ca` the system's authorities are trusted. */
export interface Tls {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

interface Exchange {
  /** JSON; null: GET */
  body: string | null;
  tls: Tls;
  /** for the whole exchange, the last byte of the answer included */
  timeoutMs: number;
  maxBytes: number;
}

/**
 * One request on a connection of its own; no redirect is followed.
 * @throws {SignerError} `SIGNER_UNREACHABLE`, `SIGNER_ANSWER` when the answer is too long
 */
export async function exchange(
  url: string,
  { body, tls, timeoutMs, maxBytes }: Exchange,
): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(timeoutMs);
  const send = url.startsWith('https:') ? requestTls : requestPlain;
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = send(url, {
        method: body === null ? 'GET' : 'POST',
        headers: {
          accept: '*/*',
          ...(body === null ? {} : { 'content-type': 'application/json' }),
        },
        agent: false,
        signal,
        ...tls,
      });
      sent
        .on('response', resolve)
        .on('error', reject)
        .end(body ?? undefined);
    });
    return { status: response.statusCode ?? 0, text: await bounded(response, maxBytes) };
  } catch (error) {
    if (error instanceof SignerError) throw error;
    // Neither the message nor the cause: both hold the address, which may hold a credential.
    const { code } = error as { code?: unknown };
    throw new SignerError('SIGNER_UNREACHABLE', {
      got: signal.aborted
        ? `nothing in ${timeoutMs} ms`
        : typeof code === 'string'
          ? code
          : 'no answer',
    });
  }
}

async function bounded(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) {
      response.destroy();
      throw new SignerError('SIGNER_ANSWER', { got: `more than ${maxBytes} bytes` });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
