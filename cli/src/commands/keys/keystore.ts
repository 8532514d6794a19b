import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  createFileDurably,
  keyAlgorithms,
  keyPath,
  makeDirectories,
  readKeyFile,
  readSecretFile,
  writeKeyFile,
} from '@showcause/core/node';
import type { KeyRole } from '@showcause/core/node';
import { Command, Option } from 'commander';
import { CliError } from '../../errors.ts';
import { reading } from '../../files.ts';
import type { Io } from '../../io.ts';
import { passphraseFor, passphraseForNew } from '../../passphrase.ts';

const roles = Object.entries(keyAlgorithms)
  .filter(([, algorithm]) => algorithm === 'secp256k1')
  .map(([role]) => role);

/** `showcause keys export`: a role's key as other Ethereum tools read it. */
export function exportCommand(io: Io): Command {
  return new Command('export')
    .summary("write a role's key as an Ethereum keystore (web3 secret storage v3)")
    .description(
      'Writes the key of operator, countersigner, guardian or authoriser as a keystore of version 3 (scrypt), which geth, ' +
        'Web3Signer and wallets read. Nothing is ever overwritten.',
    )
    .argument('<file>', 'key file of the role')
    .requiredOption('--out <keystore>', 'where to write it, mode 0600')
    .requiredOption('--password-file <file>', "file of mode 0600 with the keystore's password")
    .option('--passphrase-file <file>', "file of mode 0600 with the key file's passphrase")
    .addHelpText(
      'after',
      `
Examples:
  showcause keys export ./keys/operator.json --out ./operator.keystore \\
    --password-file ./password`,
    )
    .action((file: string, options: ExportOptions) => exportKey(io, file, options));
}

interface ExportOptions {
  out: string;
  passwordFile: string;
  passphraseFile?: string;
}

async function exportKey(io: Io, file: string, options: ExportOptions): Promise<void> {
  const { ethereumAddress, makeKeystore, readPassword } = await import('@showcause/anchor-service');
  const passphrase = passphraseFor(dirname(file), { file: options.passphraseFile, io });
  const key = reading(file, () => readKeyFile(file, passphrase));
  if (!roles.includes(key.role))
    throw new CliError('KEY_ROLE', { got: key.role, want: roles.join(', ') });
  const keystore = await makeKeystore(key.secretKey, readPassword(options.passwordFile));
  if (!createFileDurably(options.out, keystore, 0o600))
    throw new CliError('SETUP_EXISTS', { got: options.out });
  io.out(`address     ${ethereumAddress(key.publicKey)}`);
  io.out(`wrote ${options.out}`);
}

/** `showcause keys import`: a key that another Ethereum tool made, as the key file of a role. */
export function importCommand(io: Io): Command {
  return new Command('import')
    .summary('take the key of an Ethereum keystore (web3 secret storage v3)')
    .description(
      'Reads a keystore of version 3 (scrypt or pbkdf2) and writes its key as DIR/ROLE.json. Not needed to sign with it: ' +
        'the signer of kind keystore reads it where it lies.',
    )
    .argument('<keystore>', 'file of mode 0600')
    .addOption(
      new Option('--role <role>', 'what the key is for').choices(roles).makeOptionMandatory(),
    )
    .requiredOption('--out <dir>', 'key folder; made with mode 0700')
    .requiredOption('--password-file <file>', "file of mode 0600 with the keystore's password")
    .option('--passphrase-file <file>', "file of mode 0600 with the key folder's passphrase")
    .addHelpText(
      'after',
      `
Examples:
  showcause keys import ./UTC--2026-01-01 --role operator --out ./keys \\
    --password-file ./password`,
    )
    .action((keystore: string, options: ImportOptions) => importKey(io, keystore, options));
}

interface ImportOptions {
  role: KeyRole;
  out: string;
  passwordFile: string;
  passphraseFile?: string;
}

async function importKey(io: Io, keystore: string, options: ImportOptions): Promise<void> {
  const { ethereumAddress, ethereumPublicKey, openKeystore, readPassword } =
    await import('@showcause/anchor-service');
  const { role, out } = options;
  const path = keyPath(out, role);
  if (existsSync(path)) throw new CliError('SETUP_EXISTS', { got: path });
  const text = reading(keystore, () => readSecretFile(keystore).toString('utf8'));
  const secretKey = await openKeystore(text, readPassword(options.passwordFile));
  makeDirectories(out, 0o700);
  const { passphrase, made } = passphraseForNew(out, { file: options.passphraseFile, io });
  const publicKey = ethereumPublicKey(secretKey);
  writeKeyFile(path, { role, publicKey, secretKey }, passphrase);
  io.out(`file        ${path}`);
  io.out(`role        ${role}`);
  io.out(`address     ${ethereumAddress(publicKey)}`);
  if (made !== null)
    io.err(`made ${made}: whoever has this folder has the key. Production gives a passphrase.`);
}
