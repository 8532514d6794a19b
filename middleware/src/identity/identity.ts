import {
  coversProducer,
  equalBytes,
  fromHex,
  leafHash,
  parseEntryOf,
  parseGenesis,
  toHex,
  verifyRegistration,
} from '@showcause/core';
import type { EntryOf } from '@showcause/core';
import { keyPath, passphraseOf, readKeyFile } from '@showcause/core/node';
import type { KeyPair } from '@showcause/core/node';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditError } from '../errors.ts';

/** Who this producer is, and in which log it is known. */
export interface ProducerIdentity {
  /** exact bytes of entry 0 */
  genesis: Uint8Array;
  genesisEntry: EntryOf<'genesis'>;
  logId: Uint8Array;
  producerKey: KeyPair;
  /** 64 bytes */
  storeKey: Uint8Array;
  /** exact bytes of the registrar-signed key entry */
  keyEntry: Uint8Array;
}

/**
 * Reads a producer's key folder: `genesis.entry`, `key.entry`, `producer.json`, `store.json`.
 * @throws {AuditError} `KEYS_FOLDER`, `KEYS_ENTRY`; what core throws for the files themselves
 */
export function loadIdentity(
  dir: string,
  producer: string,
  passphrase: string | undefined,
): ProducerIdentity {
  for (const name of ['genesis.entry', 'key.entry', 'producer.json', 'store.json'])
    if (!existsSync(join(dir, name)))
      throw new AuditError('KEYS_FOLDER', { got: `${dir} without ${name}` });
  const secret = passphraseOf(dir, passphrase);
  return checkIdentity(
    {
      genesis: readBytes(join(dir, 'genesis.entry')),
      keyEntry: readBytes(join(dir, 'key.entry')),
      producerKey: readKeyFile(keyPath(dir, 'producer'), secret),
      storeKey: readKeyFile(keyPath(dir, 'store'), secret).secretKey,
    },
    producer,
  );
}

/** @throws {AuditError} `KEYS_ENTRY` unless the registrar of this genesis gave this key to this producer */
export function checkIdentity(
  parts: Pick<ProducerIdentity, 'genesis' | 'keyEntry' | 'producerKey' | 'storeKey'>,
  producer: string,
): ProducerIdentity {
  const genesisEntry = parseGenesis(parts.genesis);
  const logId = leafHash(parts.genesis);
  const entry = parseEntryOf('key', parts.keyEntry);
  verifyRegistration(entry, logId, fromHex(genesisEntry.registrar, 32));
  const refuse = (got: string, want: string): never => {
    throw new AuditError('KEYS_ENTRY', { got, want });
  };
  if (entry.action !== 'add') refuse(`action ${entry.action}`, 'add');
  if (!equalBytes(fromHex(entry.key, 64), parts.producerKey.publicKey))
    refuse('an entry for another public key', toHex(parts.producerKey.publicKey));
  if (!coversProducer(entry.producer, producer)) refuse(`an entry for ${entry.producer}`, producer);
  for (const type of ['stream', 'heartbeat', 'intent', 'decision', 'followup', 'gap'])
    if (!entry.types.includes(type)) refuse(`types without ${type}`, type);
  return { ...parts, genesisEntry, logId };
}

/** @throws {AuditError} `KEYS_ENTRY` when the registrar did not list a type of entry for this key */
export function requireType({ keyEntry }: Pick<ProducerIdentity, 'keyEntry'>, type: string): void {
  if (!parseEntryOf('key', keyEntry).types.includes(type))
    throw new AuditError('KEYS_ENTRY', { got: `types without ${type}`, want: type });
}

export function readBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}
