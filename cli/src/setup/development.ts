import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  ethereumAddress,
  formatTimelockPlan,
  ownTypes,
  registerKey,
} from '@showcause/anchor-service';
import type { TimelockPlan } from '@showcause/anchor-service';
import { formatPolicy } from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import {
  ed25519KeySigner,
  ensurePassphraseFile,
  generateKey,
  keyPath,
  writeFileDurably,
  writeKeyFile,
  makeDirectories,
} from '@showcause/core/node';
import type { KeyPair, KeyRole } from '@showcause/core/node';
import { CliError } from '../errors.ts';
import { middlewareTypes, newId } from '../registration.ts';
import { makeGenesis } from './genesis.ts';

export interface DevelopmentSetup {
  dir: string;
  origin: string;
  /** name of the middleware's producer */
  producer: string;
  chain: {
    chainId: number;
    rpcUrl: string;
    factory?: string;
    /** lower-case 0x address of one that somebody else runs; left out: one is made here */
    countersigner?: string;
    /** an address, or how it is to be made; without proposers a key of its own proposes */
    timelock?: string | TimelockPlan;
  } | null;
  /** the published log needs no reader token */
  publicLog: boolean;
  /** 0: a free one, which only a person who reads the output can find */
  servicePort: number;
  countersignerPort: number;
}

const SERVICE_PRODUCER = 'anchor-service';
const SECRET = 0o600;

/**
 * Makes every role's folder below one folder, with keys, tokens, configurations, genesis and policy.
 * Development alone: whoever has the folder is everybody.
 * @throws {CliError} `SETUP_EXISTS` unless the folder is missing or empty
 */
export function createDevelopmentSetup(setup: DevelopmentSetup): TrustPolicy {
  const { dir } = setup;
  if (existsSync(dir) && readdirSync(dir).length > 0)
    throw new CliError('SETUP_EXISTS', { got: dir });
  const at = (...parts: string[]): string => join(dir, ...parts);
  const elsewhere = setup.chain?.countersigner;
  const parties = elsewhere === undefined ? ['service', 'countersigner'] : ['service'];
  for (const folder of folders)
    if (elsewhere === undefined || !folder.startsWith('countersigner'))
      makeDirectories(at(folder), 0o700);
  const key = (folder: string, role: KeyRole): KeyPair => {
    const made = generateKey(role);
    writeKeyFile(keyPath(at(folder), role), made, ensurePassphraseFile(at(folder)));
    return made;
  };

  const registrar = key('registrar', 'registrar');
  const log = key('service/keys', 'log');
  const operator = key('service/keys', 'operator');
  const serviceProducer = key('service/keys', 'producer');
  const countersigner =
    elsewhere ?? ethereumAddress(key('countersigner/keys', 'countersigner').publicKey);
  const guardian = key('guardian', 'guardian');
  const timelock = timelockOf(setup, () => key('proposer', 'proposer'));
  const producer = key('producer/keys', 'producer');
  key('producer/keys', 'store');

  const genesis = makeGenesis({
    origin: setup.origin,
    log,
    registrar,
    chain:
      setup.chain === null ? null : { ...setup.chain, timelock, operator, countersigner, guardian },
  });
  if (typeof timelock === 'object')
    writeFileDurably(at('timelock.json'), formatTimelockPlan(timelock));
  for (const folder of ['.', 'registrar', 'producer/keys'])
    writeFileDurably(at(folder, 'genesis.entry'), genesis.entry);
  writeFileDurably(at('policy.json'), formatPolicy(genesis.policy));
  const register = (name: string, pair: KeyPair, types: readonly string[]): Uint8Array =>
    registerKey(
      {
        logId: genesis.logId,
        producer: name,
        publicKey: pair.publicKey,
        types,
        id: newId(),
        time: new Date(),
      },
      ed25519KeySigner(registrar),
    );
  writeFileDurably(
    at('producer/keys/key.entry'),
    register(setup.producer, producer, middlewareTypes),
  );
  writeFileDurably(
    at('service/service-key.entry'),
    register(SERVICE_PRODUCER, serviceProducer, ownTypes),
  );
  writeTokens(at, parties);
  writeFileDurably(at('service/config.json'), json(serviceConfig(setup)));
  if (setup.chain !== null && elsewhere === undefined)
    writeFileDurably(at('countersigner/config.json'), json(countersignerConfig(setup)));
  return genesis.policy;
}

/** Where nobody proposes yet, a new key does. */
function timelockOf(
  { chain }: DevelopmentSetup,
  newProposer: () => KeyPair,
): string | TimelockPlan | undefined {
  const timelock = chain?.timelock;
  if (typeof timelock !== 'object' || timelock.proposers.length > 0) return timelock;
  return { ...timelock, proposers: [ethereumAddress(newProposer().publicKey)] };
}

const folders = [
  'registrar',
  'producer/keys',
  'producer/spool',
  'service/keys',
  'service/store',
  'service/log',
  'countersigner/keys',
  'countersigner/state',
  'guardian',
] as const;

/** One secret for readers of the log, one for whoever asks for countersignatures; each side has its copy. */
function writeTokens(at: (...parts: string[]) => string, parties: readonly string[]): void {
  for (const name of ['reader-token', 'countersigner-token']) {
    const token = `${randomBytes(32).toString('base64url')}\n`;
    for (const folder of parties) writeFileDurably(at(folder, name), token, SECRET);
  }
}

function serviceConfig(setup: DevelopmentSetup): object {
  return {
    v: 1,
    keys: './keys',
    genesis: '../genesis.entry',
    registrations: ['./service-key.entry'],
    store: './store/log.sqlite',
    log: './log',
    public: setup.publicLog,
    readerTokenFile: './reader-token',
    http: { host: '127.0.0.1', port: setup.servicePort },
    producer: SERVICE_PRODUCER,
    checkpointIntervalMs: 200,
    transport: { kind: 'embedded', spools: ['../producer/spool'] },
    anchor:
      setup.chain === null
        ? null
        : {
            rpcUrl: setup.chain.rpcUrl,
            countersigner: {
              url: `http://127.0.0.1:${setup.countersignerPort}`,
              tokenFile: './countersigner-token',
            },
            pollMs: 500,
            minAdvanceIntervalMs: 0,
          },
  };
}

function countersignerConfig(setup: DevelopmentSetup): object {
  return {
    v: 1,
    keys: './keys',
    policy: '../policy.json',
    genesis: '../genesis.entry',
    log: `http://127.0.0.1:${setup.servicePort}`,
    readerTokenFile: './reader-token',
    tokenFile: './countersigner-token',
    state: './state',
    http: { host: '127.0.0.1', port: setup.countersignerPort },
  };
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
