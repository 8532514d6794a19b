import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatVkey, parseEntryOf } from '@showcause/core';
import type { EntryOf } from '@showcause/core';
import { keyPath, passphraseOf, readKeyFile } from '@showcause/core/node';
import type { KeyPair, KeyRole } from '@showcause/core/node';
import { ethereumAddress } from '../chain/accounts.ts';
import { readConfigured, readToken } from '../config.ts';
import type { HostedLogConfig } from '../config.ts';
import { openSigner } from '../signers/open.ts';
import type { SigningSecrets } from '../signers/port.ts';
import { fail, failed, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';

/** Public halves of the service's keys, as far as they can be read. */
export type PublicKeys = Partial<Record<KeyRole, Uint8Array>>;

/** Files, permissions and the passphrase: each key is opened, and its secret half is dropped at once. */
export function checkKeys(
  config: HostedLogConfig,
  passphrase: string | undefined,
): { findings: Finding[]; publicKeys: PublicKeys } {
  const findings = [folderOf(config.keys)];
  const publicKeys: PublicKeys = {};
  let secret: string;
  try {
    secret = passphraseOf(config.keys, passphrase);
    findings.push(ok('passphrase', passphrase === undefined ? 'a file of mode 0600' : 'given'));
  } catch (error) {
    return { findings: [...findings, failed('passphrase', error)], publicKeys };
  }
  const roles: KeyRole[] = [
    'log',
    'producer',
    ...(config.anchor?.sends === true && config.anchor.signer.kind === 'file'
      ? ['operator' as const]
      : []),
  ];
  for (const role of roles) {
    try {
      publicKeys[role] = keyOf(config.keys, role, secret).publicKey;
      findings.push(ok(`${role} key`, 'mode 0600, opens'));
    } catch (error) {
      findings.push(failed(`${role} key`, error));
    }
  }
  return { findings, publicKeys };
}

function keyOf(dir: string, role: KeyRole, secret: string): KeyPair {
  return readKeyFile(keyPath(dir, role), secret);
}

function folderOf(path: string): Finding {
  try {
    const mode = statSync(path).mode & 0o777;
    if ((mode & 0o022) !== 0)
      return fail('key folder', `mode ${mode.toString(8)}`, `chmod 700 ${path}`);
    if ((mode & 0o077) !== 0)
      return warn('key folder', `mode ${mode.toString(8)}`, `chmod 700 ${path}`);
    return ok('key folder', `mode ${mode.toString(8)}`);
  } catch (error) {
    return failed('key folder', error);
  }
}

/** Genesis as far as it can be read, and whether it names these keys. */
export function checkGenesis(
  config: HostedLogConfig,
  keys: PublicKeys,
): { findings: Finding[]; genesis: EntryOf<'genesis'> | null; bytes: Uint8Array } {
  let genesis: EntryOf<'genesis'>;
  let bytes: Uint8Array;
  try {
    bytes = readConfigured(config.genesis);
    genesis = parseEntryOf('genesis', bytes);
  } catch (error) {
    return { findings: [failed('genesis', error)], genesis: null, bytes: new Uint8Array(0) };
  }
  const other = strangers(genesis, keys, config.anchor?.signer.address ?? null);
  const finding =
    other.length === 0
      ? ok('genesis', genesis.origin)
      : fail(
          'genesis',
          `names another ${other.join(' and ')} key`,
          `Use the genesis that these keys were made for; it lies in ${dirname(config.genesis)}.`,
        );
  return { findings: [finding], genesis, bytes };
}

function strangers(
  { contract, ...genesis }: EntryOf<'genesis'>,
  { log, operator }: PublicKeys,
  rotated: string | null,
): string[] {
  return [
    ...(log !== undefined && formatVkey(genesis.origin, log) !== genesis.log ? ['log'] : []),
    ...(operator !== undefined &&
    contract !== null &&
    ethereumAddress(operator) !== (rotated ?? contract.operator.toLowerCase())
      ? ['operator']
      : []),
  ];
}

/** A signer that is no file in the key folder: opened as a start would, and closed again. */
export async function checkSigner(
  { anchor, keys }: HostedLogConfig,
  genesis: EntryOf<'genesis'> | null,
  deps: { passphrase?: string; signing?: SigningSecrets },
): Promise<Finding[]> {
  const contract = genesis?.contract ?? null;
  if (anchor?.sends !== true || contract === null || anchor.signer.kind === 'file') return [];
  const name = 'operator signer';
  const said: string[] = [];
  const say = (_fields: object, message: string): void => void said.push(message);
  try {
    const signer = await openSigner({
      role: 'operator',
      config: anchor.signer,
      keys,
      ...(deps.passphrase === undefined ? {} : { passphrase: deps.passphrase }),
      secrets: deps.signing ?? {},
      isDevelopment: false,
      named: contract.operator,
      logger: { info: say, warn: say, error: say },
    });
    await signer.close();
    const [first] = said;
    const seen = `${anchor.signer.kind}, ${signer.account.address.toLowerCase()}`;
    return [first === undefined ? ok(name, seen) : warn(name, first, 'Look at the signer.')];
  } catch (error) {
    return [failed(name, error)];
  }
}

/** Tokens of readers and of the countersigner: there, long enough, readable by their owner alone. */
export function checkTokens({
  public: isPublic,
  readerTokenFile,
  anchor,
}: HostedLogConfig): Finding[] {
  const findings: Finding[] = [];
  if (isPublic) findings.push(ok('reader token', 'none: the log is public'));
  else if (readerTokenFile !== null) findings.push(tokenIn('reader token', readerTokenFile));
  if (anchor !== null)
    findings.push(tokenIn('countersigner token', anchor.countersigner.tokenFile));
  return findings;
}

function tokenIn(name: string, file: string): Finding {
  try {
    readToken(file);
    return ok(name, 'mode 0600');
  } catch (error) {
    return failed(name, error);
  }
}
