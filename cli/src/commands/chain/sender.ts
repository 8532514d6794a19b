import type { NextStep, Rpc } from '@showcause/anchor-service';
import { keyPath, readKeyFile } from '@showcause/core/node';
import type { KeyRole } from '@showcause/core/node';
import type { Command } from 'commander';
import { reading } from '../../files.ts';
import type { Io } from '../../io.ts';
import { passphraseFor } from '../../passphrase.ts';
import { address } from './place.ts';

export interface SenderOptions {
  keys?: string;
  role?: KeyRole;
  passphraseFile?: string;
  from?: string;
}

type Account = Awaited<ReturnType<typeof accountIn>>;

/** Who makes a call: with a key of ours, or somewhere else. */
export interface CallSender {
  address: string;
  /** null: somebody else sends it, such as a Safe */
  account: Account | null;
}

export function keyOptions(command: Command, role: KeyRole): Command {
  return command
    .option('--keys <dir>', `folder with the key that sends it, ${role}.json`)
    .option('--role <role>', 'another key of that folder')
    .option('--passphrase-file <file>', 'file of mode 0600 with its passphrase');
}

export function fromOption(command: Command): Command {
  return command.option('--from <address>', 'print the call for this account, a Safe', address);
}

/** The account of a key file. */
export async function accountIn(io: Io, dir: string, role: KeyRole, passphraseFile?: string) {
  const { ethereumAccount } = await import('@showcause/anchor-service');
  const path = keyPath(dir, role);
  const passphrase = passphraseFor(dir, { file: passphraseFile, io });
  const { secretKey } = reading(path, () => readKeyFile(path, passphrase));
  return ethereumAccount(secretKey);
}

/**
 * Who sends a step: `--from`, the key in `--keys`, else whoever holds the role on the chain, where that is a contract such
 * as a Safe, or where nothing is to be sent.
 * @throws {ChainError} `ROLE_NO_KEY`
 */
export async function senderOf(
  io: Io,
  options: SenderOptions & { dryRun?: true },
  rpc: Rpc,
  step: Extract<NextStep, { kind: 'send' }>,
): Promise<CallSender> {
  const { from, keys, dryRun } = options;
  if (from !== undefined) return { address: from, account: null };
  if (keys !== undefined) {
    const role = options.role ?? (step.role === 'guardian' ? 'guardian' : 'proposer');
    const account = await accountIn(io, keys, role, options.passphraseFile);
    return { address: account.address.toLowerCase(), account };
  }
  const { ChainError, hasCode, holdersOf } = await import('@showcause/anchor-service');
  const holders = await holdersOf(rpc, step);
  for (const holder of holders)
    if (dryRun === true || (await hasCode(rpc, holder))) return { address: holder, account: null };
  throw new ChainError('ROLE_NO_KEY', { got: `no --keys for a ${step.role}` });
}
