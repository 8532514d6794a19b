import { dirname, join } from 'node:path';
import { canonicalBytes, isJsonObject, leafHash, parseJson, sha256, toHex } from '@showcause/core';
import type { EntryOf, Json } from '@showcause/core';
import { createFileDurably, ed25519KeySigner, makeDirectories } from '@showcause/core/node';
import { wrapAt } from '@showcause/verify/command';
import { Command } from 'commander';
import { CliError } from '../errors.ts';
import { readText } from '../files.ts';
import { readers } from '../io.ts';
import type { Io } from '../io.ts';
import { openRegistrar } from './keys.ts';

/** Whoever signs reads all of it; the bounds are for files that nobody would read. */
const MAX_FACT_LINES = 500;
const MAX_FACT_CHARACTERS = 2_000;
const COLUMNS = 96;

interface SignOptions {
  registrar: string;
  out?: string;
  genesis?: string;
  passphraseFile?: string;
}

/** `showcause deployment sign FILE`: the registrar puts a name to model, policy and reasons. */
export function deploymentCommand(io: Io): Command {
  return new Command('deployment')
    .helpGroup(readers.operator)
    .description('Sign what decides: model, policy, reasons, explainer.')
    .addCommand(
      new Command('sign')
        .summary('sign model, policy and reasons, as registrar')
        .description(
          'Shows what the middleware would decide with (model, features, policy, reasons, people), then signs it as a ' +
            '`deployment` entry. Without this signature the middleware does not start.',
        )
        .argument('<file>', 'deployment.unsigned.json, as the middleware wrote it')
        .requiredOption('--registrar <dir>', "the registrar's key folder")
        .option('--out <file>', 'where to write it (default: deployments/HASH.entry beside FILE)')
        .option(
          '--genesis <file>',
          'entry 0 of the log (default: genesis.entry in the registrar folder)',
        )
        .option('--passphrase-file <file>', "the registrar's passphrase")
        .addHelpText(
          'after',
          `
Examples:
  showcause deployment sign ./keys/deployment.unsigned.json \\
    --registrar ./registrar`,
        )
        .action((file: string, options: SignOptions) => sign(io, file, options)),
    );
}

async function sign(io: Io, file: string, options: SignOptions): Promise<void> {
  const { signRegistration } = await import('@showcause/anchor-service');
  const unsigned = parseUnsigned(readText(file));
  const { logId, origin, registrar } = openRegistrar(io, options.registrar, {
    genesis: options.genesis,
    beside: dirname(file),
    passphraseFile: options.passphraseFile,
  });
  const signer = ed25519KeySigner(registrar);
  // Before anything of it is shown: what is no deployment says nothing to a terminal.
  const bytes = signRegistration<EntryOf<'deployment'>>(logId, unsigned, signer);
  io.out(`deployment of ${unsigned.producer} for ${origin} (log ${toHex(logId).slice(0, 16)}…)`);
  if (unsigned.development) io.out('  development: true');
  const facts = factLines(unsigned.facts as Json).flatMap((fact) =>
    wrapAt(COLUMNS - 2, fact, '', '    '),
  );
  for (const line of facts.slice(0, MAX_FACT_LINES)) io.out(`  ${line}`);
  if (facts.length > MAX_FACT_LINES) io.out(`  … and ${facts.length - MAX_FACT_LINES} more lines`);
  const out = options.out ?? defaultPath(file, unsigned.facts as Json);
  makeDirectories(dirname(out), 0o700);
  if (!createFileDurably(out, bytes)) throw new CliError('SETUP_EXISTS', { got: out });
  io.out(`signed; leaf hash ${toHex(leafHash(bytes))}`);
  io.out(`wrote ${out}`);
}

/** `deployments/<SHA-256 of JCS(facts)>.entry`: where the middleware looks at its next start. */
function defaultPath(file: string, facts: Json): string {
  return join(dirname(file), 'deployments', `${toHex(sha256(canonicalBytes(facts)))}.entry`);
}

/** @throws {CliError} `DEPLOYMENT_FILE`; `JSON_*` */
function parseUnsigned(text: string): Omit<EntryOf<'deployment'>, 'sig'> {
  const value = parseJson(text);
  const refuse = (got: string): never => {
    throw new CliError('DEPLOYMENT_FILE', { got });
  };
  if (!isJsonObject(value) || value['type'] !== 'deployment') return refuse('another document');
  if ('sig' in value) return refuse('a deployment with a signature');
  if (!isJsonObject(value['facts'] ?? null)) return refuse('no facts');
  return value as unknown as Omit<EntryOf<'deployment'>, 'sig'>;
}

/** One line a fact, `model.name: credit`, long lists counted; control characters are shown, not obeyed. */
function factLines(value: Json, path = ''): string[] {
  if (isJsonObject(value))
    return Object.entries(value).flatMap(([name, member]) =>
      factLines(member, path === '' ? name : `${path}.${name}`),
    );
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    const plain = items.every((item) => typeof item !== 'object' || item === null);
    const names = items.map((item) =>
      typeof item === 'object' && item !== null && isJsonObject(item)
        ? (item['name'] ?? item['code'])
        : item,
    );
    const shown = plain || names.every((name) => typeof name === 'string') ? names : null;
    return [
      line(path, `${items.length}${shown === null ? '' : `: ${shown.map(String).join(', ')}`}`),
    ];
  }
  return [line(path, typeof value === 'string' ? value : JSON.stringify(value))];
}

function line(path: string, text: string): string {
  // The file is somebody else's and goes to a terminal: names too, which could otherwise begin lines of their own.
  const safe = `${path}: ${text}`.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd');
  return safe.length > MAX_FACT_CHARACTERS ? `${safe.slice(0, MAX_FACT_CHARACTERS)}…` : safe;
}
