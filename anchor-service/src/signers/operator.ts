import type { LogConfig } from '../config.ts';
import type { Logger } from '../ports.ts';
import { openSigner } from './open.ts';
import type { Signer, SigningSecrets } from './port.ts';

interface OperatorDeps {
  logger: Logger;
  /** of the key folder; without it `<keys>/passphrase` is read */
  passphrase?: string;
  signing?: SigningSecrets;
}

/**
 * The signer of a log's operator, by its configuration.
 * @param named  lower-case 0x hex, as genesis names it
 * @throws {SignerError} `SIGNER_*`
 */
export function openOperator(
  { anchor, keys }: Pick<LogConfig, 'anchor' | 'keys'>,
  named: string | null,
  { logger, passphrase, signing = {} }: OperatorDeps,
): Promise<Signer> {
  return openSigner({
    role: 'operator',
    config: anchor!.signer,
    keys,
    ...(passphrase === undefined ? {} : { passphrase }),
    secrets: signing,
    // Genesis does not say whether its chain is one for development: the configuration has to.
    isDevelopment: false,
    named,
    logger,
  });
}
