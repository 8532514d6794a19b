import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatVkey, logIdOf, parseEntryOf, producerKeyId, toHex } from '@showcause/core';
import {
  createFileDurably,
  ed25519KeySigner,
  generateKey,
  keyAlgorithms,
  keyPath,
  readKeyFile,
  readPublicKey,
  writeKeyFile,
  makeDirectories,
} from '@showcause/core/node';
import type { KeyRole } from '@showcause/core/node';
import { Argument, Command } from 'commander';
import { CliError } from '../errors.ts';
import { readInput, reading } from '../files.ts';
import { readers } from '../io.ts';
import type { Io } from '../io.ts';
import { passphraseFor, passphraseForNew } from '../passphrase.ts';
import { middlewareTypes, newId } from '../registration.ts';
import { exportCommand, importCommand } from './keys/keystore.ts';

/** `showcause keys generate | show | register | export | import`. */
export function keysCommand(io: Io): Command {
  return new Command('keys')
    .helpGroup(readers.engineer)
    .description('Make, show, register and move keys.')
    .addCommand(generateCommand(io))
    .addCommand(showCommand(io))
    .addCommand(registerCommand(io))
    .addCommand(exportCommand(io))
    .addCommand(importCommand(io));
}

function generateCommand(io: Io): Command {
  const roles = Object.keys(keyAlgorithms);
  return new Command('generate')
    .summary('make a key file, encrypted, readable by its owner alone')
    .description(
      'Makes DIR/ROLE.json with mode 0600, the secret under AES-256-GCM with a key from scrypt(passphrase). ' +
        'Nothing is ever overwritten.',
    )
    .addArgument(new Argument('<role>', 'what the key is for').choices(roles))
    .requiredOption('--out <dir>', 'key folder; made with mode 0700')
    .option('--passphrase-file <file>', 'file of mode 0600 with the passphrase')
    .addHelpText(
      'after',
      `
The passphrase comes from --passphrase-file, else SHOWCAUSE_PASSPHRASE, else
DIR/passphrase. Where there is none, DIR/passphrase is made: fit for
development, not for production.

Examples:
  showcause keys generate producer --out ./keys
  showcause keys generate countersigner --out ./keys \\
    --passphrase-file /run/secrets/phrase`,
    )
    .action(async (role: KeyRole, options: { out: string; passphraseFile?: string }) => {
      const path = keyPath(options.out, role);
      if (existsSync(path)) throw new CliError('SETUP_EXISTS', { got: path });
      makeDirectories(options.out, 0o700);
      const source = { file: options.passphraseFile, io };
      const { passphrase, made } = passphraseForNew(options.out, source);
      writeKeyFile(path, generateKey(role), passphrase);
      for (const line of await describeKey(path)) io.out(line);
      if (made !== null)
        io.err(`made ${made}: whoever has this folder has the key. Production gives a passphrase.`);
    });
}

function showCommand(io: Io): Command {
  return new Command('show')
    .summary('show the public half of a key file')
    .description('Shows role, algorithm and public half of a key file. Needs no passphrase.')
    .argument('<file>', 'key file')
    .option('--name <origin>', 'also print the C2SP verifier key under this name (Ed25519 keys)')
    .addHelpText(
      'after',
      `
Examples:
  showcause keys show ./keys/producer.json
  showcause keys show ./keys/log.json --name log.example.org`,
    )
    .action(async (file: string, options: { name?: string }) => {
      for (const line of await describeKey(file, options.name)) io.out(line);
    });
}

function registerCommand(io: Io): Command {
  return new Command('register')
    .summary("sign a producer's public key into the log, as registrar")
    .description(
      "Writes a `key` entry, signed by the registrar: from its place in the log on, this producer's promises and " +
        'stream entries count.',
    )
    .requiredOption('--producer <name>', 'name; the key covers NAME and NAME/*')
    .requiredOption('--key <file>', "the producer's key file; only its public half is read")
    .requiredOption('--registrar <dir>', "the registrar's key folder")
    .requiredOption('--out <file>', 'where to write the entry: KEYS/key.entry beside the producer')
    .option(
      '--genesis <file>',
      'entry 0 of the log (default: genesis.entry in the registrar folder)',
    )
    .option('--types <list>', "entry types it may write (default: a middleware's)")
    .option('--passphrase-file <file>', "the registrar's passphrase")
    .addHelpText(
      'after',
      `
Examples:
  showcause keys register --producer loan-api --key ./keys/producer.json \\
    --registrar ./registrar --out ./keys/key.entry`,
    )
    .action((options: RegisterOptions) => register(io, options));
}

interface RegisterOptions {
  producer: string;
  key: string;
  registrar: string;
  out: string;
  genesis?: string;
  types?: string;
  passphraseFile?: string;
}

async function register(io: Io, options: RegisterOptions): Promise<void> {
  const { registerKey } = await import('@showcause/anchor-service');
  const { role, publicKey } = reading(options.key, () => readPublicKey(options.key));
  if (role !== 'producer') throw new CliError('KEY_ROLE', { got: role, want: 'producer' });
  const { logId, registrar } = openRegistrar(io, options.registrar, {
    genesis: options.genesis,
    beside: dirname(options.key),
    passphraseFile: options.passphraseFile,
  });
  const types = options.types?.split(',').map((type) => type.trim()) ?? middlewareTypes;
  const bytes = registerKey(
    { logId, producer: options.producer, publicKey, types, id: newId(), time: new Date() },
    ed25519KeySigner(registrar),
  );
  if (!createFileDurably(options.out, bytes))
    throw new CliError('SETUP_EXISTS', { got: options.out });
  io.out(`signed for log ${toHex(logId)}`);
  io.out(`  producer  ${options.producer} and ${options.producer}/*`);
  io.out(`  key id    ${toHex(producerKeyId(publicKey))}`);
  io.out(`  may write ${types.join(', ')}`);
  io.out(`wrote ${options.out}`);
}

/**
 * The registrar's key, with the log it signs for: the genesis entry must name this very key.
 * @throws {CliError} `GENESIS_MISSING`, `KEY_ROLE`
 */
export function openRegistrar(
  io: Io,
  dir: string,
  from: { genesis?: string | undefined; beside: string; passphraseFile?: string | undefined },
): { registrar: ReturnType<typeof readKeyFile>; logId: Uint8Array; origin: string } {
  const candidates = from.genesis === undefined ? [dir, from.beside] : [];
  const found =
    from.genesis ??
    candidates.map((at) => join(at, 'genesis.entry')).find((path) => existsSync(path));
  if (found === undefined)
    throw new CliError('GENESIS_MISSING', { got: `none in ${candidates.join(' or ')}` });
  const bytes = readInput(found);
  const genesis = parseEntryOf('genesis', bytes);
  const path = keyPath(dir, 'registrar');
  const passphrase = passphraseFor(dir, { file: from.passphraseFile, io });
  const registrar = reading(path, () => readKeyFile(path, passphrase));
  if (toHex(registrar.publicKey) !== genesis.registrar)
    throw new CliError('KEY_ROLE', {
      got: `registrar ${toHex(registrar.publicKey).slice(0, 16)}…`,
      want: `${genesis.registrar.slice(0, 16)}…, as ${found} names it`,
    });
  return { registrar, logId: logIdOf(bytes), origin: genesis.origin };
}

/** Lines about the public half of a key file. */
async function describeKey(path: string, name?: string): Promise<string[]> {
  const { role, publicKey } = reading(path, () => readPublicKey(path));
  const algorithm = keyAlgorithms[role];
  const lines = [`file        ${path}`, `role        ${role}`, `algorithm   ${algorithm}`];
  if (publicKey.length > 0) lines.push(`public key  ${toHex(publicKey)}`);
  if (algorithm === 'P-256') lines.push(`key id      ${toHex(producerKeyId(publicKey))}`);
  if (algorithm === 'secp256k1') {
    const { ethereumAddress } = await import('@showcause/anchor-service');
    lines.push(`address     ${ethereumAddress(publicKey)}`);
  }
  if (name !== undefined) {
    if (algorithm !== 'Ed25519')
      throw new CliError('KEY_ROLE', { got: `${algorithm} with --name`, want: 'Ed25519' });
    lines.push(`vkey        ${formatVkey(name, publicKey)}`);
  }
  return lines;
}
