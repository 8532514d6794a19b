import { request as plainRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { ChainError } from '../chain/errors.ts';
import { readTlsFiles } from './tls-files.ts';
import type { TlsFiles } from './tls-files.ts';

export interface Exchange {
  /** http or https */
  url: string;
  method: 'GET' | 'POST';
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** for all of it */
  timeoutMs: number;
  /** own certificate and the roots of the other side's; null: none, and the roots that Node knows */
  tls: TlsFiles | null;
}

export interface Answer {
  status: number;
  /** milliseconds since 1970 by the other side's clock; null when it does not say */
  date: number | null;
  body: string;
}

const MAX_ANSWER_BYTES = 64 * 1024;
/** OpenSSL's and Node's names of what can be wrong with the other side's certificate. */
const CERTIFICATE =
  /^(CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_(CA|PURPOSE)|HOSTNAME_MISMATCH|PATH_LENGTH_|ERR_TLS_CERT_)/;

/**
 * One exchange on a connection of its own. Certificates are read each time, so that new ones are in use at once.
 * Redirects are answers like any other: nothing is sent anywhere else.
 * @throws {ChainError} `COUNTERSIGN_UNREACHABLE`, `COUNTERSIGN_SERVER_CERTIFICATE`, `COUNTERSIGN_TLS`, `COUNTERSIGN_TLS_FILE`
 */
export async function exchange(asked: Exchange): Promise<Answer> {
  try {
    const response = await send(asked);
    const date = Date.parse(response.headers.date ?? '');
    return {
      status: response.statusCode ?? 0,
      date: Number.isNaN(date) ? null : date,
      body: await bounded(response),
    };
  } catch (error) {
    throw error instanceof ChainError ? error : named(error, asked.timeoutMs);
  }
}

function send({ url, method, headers, body, timeoutMs, tls }: Exchange): Promise<IncomingMessage> {
  const signal = AbortSignal.timeout(timeoutMs);
  const options = { method, headers: { ...headers }, agent: false, signal } as const;
  const isTls = url.startsWith('https:');
  const material = isTls && tls !== null ? readTlsFiles(tls) : null;
  return new Promise((resolve, reject) => {
    const asking = isTls
      ? tlsRequest(url, {
          ...options,
          minVersion: 'TLSv1.2',
          cert: material?.cert,
          key: material?.key,
          ca: material?.ca,
        })
      : plainRequest(url, options);
    asking.on('response', resolve).on('error', reject).end(body);
  });
}

async function bounded(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES)
      throw new ChainError('COUNTERSIGN_UNREACHABLE', { got: 'an answer that is too long' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function named(error: unknown, timeoutMs: number): ChainError {
  const { name, code, cause } = error as { name?: string; code?: unknown; cause?: Error };
  if (name === 'TimeoutError' || cause?.name === 'TimeoutError')
    return new ChainError('COUNTERSIGN_UNREACHABLE', { got: `nothing in ${timeoutMs} ms` });
  const got = typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'no answer';
  if (CERTIFICATE.test(got)) return new ChainError('COUNTERSIGN_SERVER_CERTIFICATE', { got });
  if (got === 'EPROTO' || got.startsWith('ERR_SSL_'))
    return new ChainError('COUNTERSIGN_TLS', { got });
  return new ChainError('COUNTERSIGN_UNREACHABLE', { got });
}
