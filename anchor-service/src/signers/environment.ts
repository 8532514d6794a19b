import { fromHex } from '@showcause/core';
import { ethereumAccount } from '../chain/accounts.ts';
import type { Logger } from '../ports.ts';
import { SignerError } from './errors.ts';
import { heldBy } from './port.ts';
import type { Signer } from './port.ts';

/**
 * The key that an environment variable holds. Whoever may look at the process, or at what starts it, has the key.
 * @param key  0x and 64 hex digits
 * @param isDevelopment  whether the chain is marked as one for development, or the configuration insists
 * @throws {SignerError} `SIGNER_DEVELOPMENT`, `SIGNER_ENVIRONMENT`
 */
export function environmentSigner(
  key: string | undefined,
  isDevelopment: boolean,
  logger: Logger,
): Signer {
  if (!isDevelopment)
    throw new SignerError('SIGNER_DEVELOPMENT', { got: 'signer.kind environment' });
  const [, hex] = /^0x([0-9a-fA-F]{64})$/.exec(key ?? '') ?? [];
  if (hex === undefined)
    throw new SignerError('SIGNER_ENVIRONMENT', {
      got: key === undefined || key === '' ? 'nothing' : 'another form',
    });
  const account = accountOf(hex);
  logger.warn(
    { address: account.address.toLowerCase() },
    'SIGNING WITH A KEY FROM THE ENVIRONMENT: anybody who can look at this process has it. For development alone',
  );
  return heldBy(account);
}

function accountOf(hex: string) {
  try {
    return ethereumAccount(fromHex(hex.toLowerCase(), 32));
  } catch {
    // What was thrown may hold the key.
    throw new SignerError('SIGNER_ENVIRONMENT', { got: 'no scalar of secp256k1' });
  }
}
