import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leafHash, parseEntryOf } from '@showcause/core';
import {
  ed25519KeySigner,
  ensurePassphraseFile,
  loadOrCreateKey,
  p256Signer,
} from '@showcause/core/node';
import type { KeyPair } from '@showcause/core/node';
import { generateKey } from '@showcause/core/node';
import type { GenesisContract } from '../../src/chain/contract.ts';
import { createGenesis, registerKey } from '../../src/genesis.ts';
import { ownTypes } from '../../src/own-stream.ts';
import type { OwnProducer } from '../../src/own-stream.ts';
import type { Logger } from '../../src/ports.ts';

export const ORIGIN = 'log.example/test';
export const producerTypes = [
  'stream',
  'heartbeat',
  'intent',
  'decision',
  'explanation',
  'followup',
  'gap',
];

/** Everything that makes a log, in memory. */
export interface TestLog {
  genesis: Uint8Array;
  logId: Uint8Array;
  log: KeyPair;
  vkey: string;
  registrar: KeyPair;
  own: OwnProducer;
  ownKey: KeyPair;
  ownRegistration: Uint8Array;
  register(producer: string, publicKey: Uint8Array, types?: readonly string[]): Uint8Array;
}

export function createTestLog(
  options: { contract?: GenesisContract; log?: KeyPair; own?: KeyPair } = {},
): TestLog {
  const log = options.log ?? generateKey('log');
  const registrar = generateKey('registrar');
  const ownKey = options.own ?? generateKey('producer');
  const time = new Date('2026-01-01T00:00:00Z');
  const genesis = createGenesis({
    origin: ORIGIN,
    logPublicKey: log.publicKey,
    registrarPublicKey: registrar.publicKey,
    contract: options.contract ?? null,
    id: randomBytes(16).toString('hex'),
    time,
  });
  const logId = leafHash(genesis);
  const register = (
    producer: string,
    publicKey: Uint8Array,
    types: readonly string[] = producerTypes,
  ): Uint8Array =>
    registerKey(
      { logId, producer, publicKey, types, id: randomBytes(16).toString('hex'), time },
      ed25519KeySigner(registrar),
    );
  return {
    genesis,
    logId,
    log,
    vkey: parseEntryOf('genesis', genesis).log,
    registrar,
    own: { name: 'anchor-service', publicKey: ownKey.publicKey, sign: p256Signer(ownKey) },
    ownKey,
    ownRegistration: register('anchor-service', ownKey.publicKey, ownTypes),
    register,
  };
}

export const silent: Logger = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export function newId(): string {
  return randomBytes(16).toString('hex');
}

const folders: string[] = [];

/** A folder that `removeFolders` removes. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'showcause-service-'));
  folders.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

let keyTemplate: ReturnType<typeof makeKeys> | null = null;

/** Key files cost a password hash each, so that the folders of one test file share them. */
function makeKeys() {
  const folder = join(newFolder(), 'keys');
  const passphrase = ensurePassphraseFile(folder);
  return {
    folder,
    own: loadOrCreateKey(folder, 'producer', passphrase),
    logKey: loadOrCreateKey(folder, 'log', passphrase),
    operator: loadOrCreateKey(folder, 'operator', passphrase),
  };
}

/** Files of a service as `showcause init` lays them out. @returns the configuration's path */
export function writeServiceFolder(
  dir: string,
  changes: Record<string, unknown> = {},
  makeContract?: (operator: KeyPair) => GenesisContract,
): { config: string; log: TestLog; spool: string } {
  const { folder, own, logKey, operator } = (keyTemplate ??= makeKeys());
  cpSync(folder, join(dir, 'keys'), { recursive: true });
  const log = createTestLog({
    log: logKey,
    own,
    ...(makeContract === undefined ? {} : { contract: makeContract(operator) }),
  });
  const spool = join(dir, 'spool');
  mkdirSync(spool, { recursive: true });
  writeFileSync(join(dir, 'genesis.entry'), log.genesis);
  writeFileSync(join(dir, 'service-key.entry'), log.ownRegistration);
  writeFileSync(join(dir, 'reader-token'), `${'r'.repeat(32)}\n`, { mode: 0o600 });
  writeFileSync(join(dir, 'countersigner-token'), `${'c'.repeat(32)}\n`, { mode: 0o600 });
  const config = join(dir, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({
      v: 1,
      keys: './keys',
      genesis: './genesis.entry',
      registrations: ['./service-key.entry'],
      store: './store/log.sqlite',
      log: './log',
      public: true,
      readerTokenFile: './reader-token',
      http: { host: '127.0.0.1', port: 0 },
      producer: 'anchor-service',
      checkpointIntervalMs: 20,
      transport: { kind: 'embedded', spools: ['./spool'] },
      anchor: null,
      ...changes,
    }),
  );
  return { config, log, spool };
}

/** Polls until `read` gives something. */
export async function eventually<T>(
  read: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  withinMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await read();
    if (value !== null && value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
