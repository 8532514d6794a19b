import { fromHex, isJsonObject, parseJson, toHex } from '@showcause/core';
import type { Json } from '@showcause/core';
import { ChainError } from '../chain/errors.ts';
import type { Countersign } from '../chain/port.ts';
import type { TlsFiles } from './tls-files.ts';
import { exchange } from './transport.ts';

/** The countersigner follows the log before it answers, and asks to come again when that takes longer than this. */
const DEFAULT_TIMEOUT_MS = 60_000;

export interface HttpCountersignOptions {
  timeoutMs?: number;
  /** own certificate and the roots of the countersigner's; null or left out: none */
  tls?: TlsFiles | null;
}

/**
 * A countersigner behind HTTP (`serveCountersigner`).
 * @param token  as it is, or how to read it: then a new one is in use at once
 * @throws {ChainError} `COUNTERSIGN_REFUSED` with the code it gave; `COUNTERSIGN_UNREACHABLE`, `COUNTERSIGN_SERVER_CERTIFICATE`,
 * `COUNTERSIGN_TLS`, `COUNTERSIGN_TLS_FILE`
 */
export function httpCountersign(
  url: string,
  token: string | (() => string),
  { timeoutMs = DEFAULT_TIMEOUT_MS, tls = null }: HttpCountersignOptions = {},
): Countersign {
  const address = `${url.replace(/\/+$/, '')}/countersign`;
  return async ({ oldSize, size, root }) => {
    const secret = typeof token === 'string' ? token : token();
    const { status, body } = await exchange({
      url: address,
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ oldSize, size, root: toHex(root) }),
      timeoutMs,
      tls,
    });
    return signatureIn(status, parsed(body));
  };
}

function signatureIn(status: number, value: Json | null): Uint8Array {
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
}

function parsed(text: string): Json | null {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
