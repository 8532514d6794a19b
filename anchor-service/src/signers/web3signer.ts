import { readFileSync } from 'node:fs';
import { fromHex, parseJson, toHex } from '@showcause/core';
import { readSecretFile } from '@showcause/core/node';
import { ethereumAddress } from '../chain/accounts.ts';
import type { Logger } from '../ports.ts';
import type { SignerConfig } from './config.ts';
import { SignerError } from './errors.ts';
import { externalAccount, withoutV } from './external-account.ts';
import { exchange } from './http.ts';
import type { Tls } from './http.ts';
import { heldBy } from './port.ts';
import type { Signer } from './port.ts';

type Config = Extract<SignerConfig, { kind: 'web3signer' }>;

/** 4,096 public keys, and more than any signature. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * A key that Web3Signer, or a service with its `eth1` interface, keeps: `POST /api/v1/eth1/sign/{public key}` with
 * `{"data": "0x…"}` signs keccak256(data). Which of its keys it is follows from the address.
 * @param address  lower-case 0x hex, that of the role
 * A service that does not answer at the start is asked again with the first signature.
 * @throws {SignerError} `SIGNER_KEY`, `SIGNER_ANSWER`, `SIGNER_REFUSED`; with a signature also `SIGNER_UNREACHABLE`
 */
export async function openWeb3signer(
  config: Config,
  address: string,
  logger: Logger,
): Promise<Signer> {
  const ask = asker(config);
  let publicKey: string | null = null;
  try {
    publicKey = await findKey(ask, address);
  } catch (error) {
    if (!(error instanceof SignerError) || error.code !== 'SIGNER_UNREACHABLE') throw error;
    logger.warn({ code: error.code }, 'remote signer does not answer yet');
  }
  const account = externalAccount(address, async (preimage) => {
    publicKey ??= await findKey(ask, address);
    const answer = await ask(`sign/0x${publicKey}`, { data: `0x${toHex(preimage)}` });
    if (!/^0x[0-9a-fA-F]{130}$/.test(answer))
      throw new SignerError('SIGNER_ANSWER', { got: 'no 65 bytes in hex' });
    return withoutV(answer.toLowerCase());
  });
  return heldBy(account);
}

/** Hex, x ‖ y. */
async function findKey(ask: Ask, address: string): Promise<string> {
  const keys = publicKeysIn(await ask('publicKeys', null));
  const found = keys.find((key) => ethereumAddress(fromHex(key, 64)) === address);
  if (found === undefined)
    throw new SignerError('SIGNER_KEY', { got: `${keys.length} other keys`, want: address });
  return found;
}

function publicKeysIn(text: string): string[] {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    value = null;
  }
  const keys = Array.isArray(value)
    ? value.map((key) => /^0x([0-9a-f]{128})$/i.exec(String(key))?.[1])
    : [undefined];
  if (keys.includes(undefined))
    throw new SignerError('SIGNER_ANSWER', { got: 'no list of public keys' });
  return (keys as string[]).map((key) => key.toLowerCase());
}

type Ask = (path: string, body: object | null) => Promise<string>;

function asker(config: Config): Ask {
  const base = `${config.url.replace(/\/+$/, '')}/api/v1/eth1/`;
  const tls = tlsOf(config);
  return async (path, body) => {
    const { status, text } = await exchange(`${base}${path}`, {
      body: body === null ? null : JSON.stringify(body),
      tls,
      timeoutMs: config.timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
    });
    if (status === 200) return text.trim();
    const code = status === 404 ? 'SIGNER_KEY' : 'SIGNER_REFUSED';
    throw new SignerError(code, { got: `status ${status}` });
  };
}

function tlsOf({ caFile, certFile, keyFile }: Config): Tls {
  try {
    return {
      ...(caFile === null ? {} : { ca: readFileSync(caFile) }),
      ...(certFile === null ? {} : { cert: readFileSync(certFile) }),
      ...(keyFile === null ? {} : { key: readSecretFile(keyFile) }),
    };
  } catch (cause) {
    throw new SignerError('SIGNER_UNREACHABLE', {
      got: 'certificate files that cannot be read',
      cause,
    });
  }
}
