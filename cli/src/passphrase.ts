import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePassphraseFile, readSecretFile } from '@showcause/core/node';
import { CliError } from './errors.ts';
import { reading } from './files.ts';
import type { Io } from './io.ts';

export interface PassphraseSource {
  /** `--passphrase-file` */
  file?: string | undefined;
  io: Pick<Io, 'env'>;
}

/** What the environment says, or nothing: for a process that reads its own key folders. */
export function givenPassphrase(io: Pick<Io, 'env'>): string | undefined {
  const value = io.env['SHOWCAUSE_PASSPHRASE'];
  return value === undefined || value === '' ? undefined : value;
}

/** Of the login at the broker; an empty variable counts as not set. */
export function givenKafkaPassword({ env }: Pick<Io, 'env'>): { kafkaPassword?: string } {
  const { SHOWCAUSE_KAFKA_PASSWORD: kafkaPassword = '' } = env;
  return kafkaPassword === '' ? {} : { kafkaPassword };
}

/**
 * The passphrase of a key folder: the named file, else SHOWCAUSE_PASSPHRASE, else `<dir>/passphrase`.
 * @throws {CliError} `FILE_UNREADABLE`; `FILE_UNSAFE` when others may read the file
 */
export function passphraseFor(dir: string, source: PassphraseSource): string {
  const given = source.file === undefined ? givenPassphrase(source.io) : undefined;
  if (given !== undefined) return given;
  const path = source.file ?? join(dir, 'passphrase');
  const text = reading(path, () => readSecretFile(path).toString('utf8').trimEnd());
  if (text === '') throw new CliError('FILE_UNREADABLE', { got: `an empty passphrase in ${path}` });
  return text;
}

/** The same for a new key; where nobody gave one, `<dir>/passphrase` is made, and `made` says so. */
export function passphraseForNew(
  dir: string,
  source: PassphraseSource,
): { passphrase: string; made: string | null } {
  const path = join(dir, 'passphrase');
  const given = source.file !== undefined || givenPassphrase(source.io) !== undefined;
  if (given || existsSync(path)) return { passphrase: passphraseFor(dir, source), made: null };
  return { passphrase: ensurePassphraseFile(dir), made: path };
}
