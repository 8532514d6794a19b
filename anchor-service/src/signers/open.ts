import { keyPath, passphraseOf, readKeyFile, readSecretFile } from '@showcause/core/node';
import { ethereumAccount } from '../chain/accounts.ts';
import type { Logger } from '../ports.ts';
import type { SignerConfig } from './config.ts';
import { environmentSigner } from './environment.ts';
import { SignerError } from './errors.ts';
import { openKeystore } from './keystore.ts';
import { openPkcs11 } from './pkcs11.ts';
import { heldBy } from './port.ts';
import type { Signer, SigningSecrets } from './port.ts';
import { openWeb3signer } from './web3signer.ts';

export interface SignerOptions {
  role: 'operator' | 'countersigner';
  config: SignerConfig;
  /** key folder of the process */
  keys: string;
  /** of the key folder; without it `<keys>/passphrase` is read */
  passphrase?: string;
  secrets?: SigningSecrets;
  /** whether what names the chain marks it as one for development */
  isDevelopment: boolean;
  /** lower-case 0x hex that genesis names for the role; null: it is not known here */
  named: string | null;
  logger: Logger;
}

/**
 * The signer of a role, opened and known to be the right one.
 * @throws {SignerError} `SIGNER_ADDRESS` for another key than the role's; `SIGNER_*`
 * @throws {ShowcauseError} `KEY_*`, `FILE_UNSAFE`
 */
export async function openSigner(options: SignerOptions): Promise<Signer> {
  const want = options.config.address ?? options.named;
  const signer = await open(options, want);
  const got = signer.account.address.toLowerCase();
  if (want === null || got === want) return signer;
  await signer.close();
  throw new SignerError('SIGNER_ADDRESS', { got, want });
}

async function open(options: SignerOptions, want: string | null): Promise<Signer> {
  const { config, keys, role, secrets = {} } = options;
  switch (config.kind) {
    case 'file':
      return heldBy(
        ethereumAccount(
          readKeyFile(keyPath(keys, role), passphraseOf(keys, options.passphrase)).secretKey,
        ),
      );
    case 'keystore':
      return heldBy(
        ethereumAccount(
          await openKeystore(
            read(config.file),
            config.passwordFile === null
              ? passphraseOf(keys, options.passphrase)
              : readPassword(config.passwordFile),
          ),
        ),
      );
    case 'environment':
      return environmentSigner(
        secrets.key,
        config.development || options.isDevelopment,
        options.logger,
      );
    case 'pkcs11':
      return await openPkcs11(config, pinOf(config.pinFile, secrets.pin));
    case 'web3signer':
      if (want === null)
        throw new SignerError('SIGNER_ADDRESS', {
          got: 'no address',
          want: '"address" in the signer, or a genesis',
        });
      return await openWeb3signer(config, want, options.logger);
  }
}

/** A keystore is encrypted, and still nobody else's to read. */
function read(file: string): string {
  try {
    return readSecretFile(file).toString('utf8');
  } catch (cause) {
    throw new SignerError('SIGNER_KEYSTORE', { got: file, want: 'a file of mode 0600', cause });
  }
}

/**
 * The password of a keystore in a 0600 file, as geth reads it: to the end of its line.
 * @throws {SignerError} `SIGNER_PASSWORD`
 */
export function readPassword(file: string): string {
  try {
    return readSecretFile(file)
      .toString('utf8')
      .replace(/[\r\n]+$/, '');
  } catch (cause) {
    throw new SignerError('SIGNER_PASSWORD', { got: file, want: 'a file of mode 0600', cause });
  }
}

function pinOf(file: string | null, given: string | undefined): string {
  let pin = given ?? '';
  try {
    if (file !== null) pin = readSecretFile(file).toString('utf8').trim();
  } catch (cause) {
    throw new SignerError('SIGNER_PIN', { got: file ?? '', want: 'a file of mode 0600', cause });
  }
  if (pin === '') throw new SignerError('SIGNER_PIN', { got: 'no PIN' });
  return pin;
}
