import {
  canonicalBytes,
  encodeEntry,
  formatSignature,
  fromHex,
  leafHash,
  parseEntryOf,
  registrarMessage,
  sha256,
  toHex,
  verifyRegistration,
} from '@showcause/core';
import type { EntryOf, JsonObject } from '@showcause/core';
import {
  createFileDurably,
  ed25519KeySigner,
  keyPath,
  passphraseOf,
  readKeyFile,
  writeFileDurably,
  makeDirectories,
} from '@showcause/core/node';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AuditError } from '../errors.ts';
import { wholeSeconds } from '../record/values.ts';
import { randomId } from '../sealing/random.ts';
import { readBytes } from './identity.ts';
import type { ProducerIdentity } from './identity.ts';

/** A registrar-signed deployment: exact leaf bytes, and the leaf hash that every entry names. */
export interface Deployment {
  entry: Uint8Array;
  /** hex */
  hash: string;
}

/** hex SHA-256 of JCS(facts): names the file that holds the signed entry. */
export function factsHash(facts: JsonObject): string {
  return toHex(sha256(canonicalBytes(facts)));
}

/** The entry that the registrar signs, without its signature. */
export function unsignedDeployment(
  producer: string,
  facts: JsonObject,
  development: boolean,
  now: number,
): JsonObject {
  return {
    v: 1,
    type: 'deployment',
    id: randomId(),
    time: wholeSeconds(now),
    producer,
    development,
    facts,
  };
}

/** @throws {AuditError} `DEPLOYMENT_FACTS` when the facts make no entry */
export function signDeployment(
  unsigned: JsonObject,
  logId: Uint8Array,
  sign: (message: Uint8Array) => Uint8Array,
): Deployment {
  const sig = formatSignature(sign(registrarMessage(logId, unsigned)));
  try {
    const entry = encodeEntry({ ...unsigned, sig } as unknown as EntryOf<'deployment'>);
    return { entry, hash: toHex(leafHash(entry)) };
  } catch (cause) {
    throw new AuditError('DEPLOYMENT_FACTS', { got: 'facts that do not fit', cause });
  }
}

/** Where development finds the registrar's key to sign by itself. */
export interface DevelopmentRegistrar {
  dir: string;
  passphrase?: string | undefined;
}

/**
 * The signed entry of exactly these facts: from `<keys>/deployments/<hash>.entry`, or signed here
 * in development; otherwise the unsigned entry is written out and the start refused.
 * @throws {AuditError} `DEPLOYMENT_UNSIGNED`
 */
export function findDeployment(
  keysDir: string,
  producer: string,
  facts: JsonObject,
  identity: ProducerIdentity,
  registrar: DevelopmentRegistrar | null,
  now: number,
): Deployment {
  const dir = join(keysDir, 'deployments');
  const path = join(dir, `${factsHash(facts)}.entry`);
  if (existsSync(path))
    return checkDeployment(readBytes(path), producer, facts, identity, registrar !== null);
  if (registrar !== null) {
    const key = readKeyFile(
      keyPath(registrar.dir, 'registrar'),
      passphraseOf(registrar.dir, registrar.passphrase),
    );
    const deployment = signDeployment(
      unsignedDeployment(producer, facts, true, now),
      identity.logId,
      ed25519KeySigner(key),
    );
    checkDeployment(deployment.entry, producer, facts, identity, true);
    makeDirectories(dir, 0o700);
    if (createFileDurably(path, deployment.entry)) return deployment;
    // Another process signed the same facts meanwhile: one deployment, one entry.
    return checkDeployment(readBytes(path), producer, facts, identity, true);
  }
  const unsigned = join(keysDir, 'deployment.unsigned.json');
  writeFileDurably(
    unsigned,
    `${JSON.stringify(unsignedDeployment(producer, facts, false, now), null, 2)}\n`,
  );
  throw new AuditError('DEPLOYMENT_UNSIGNED', {
    got: `no ${path}`,
    want: `showcause deployment sign ${unsigned} --registrar DIR --out ${path}`,
  });
}

/** @throws {AuditError} `DEPLOYMENT_UNSIGNED` when the file holds other facts; `REGISTRAR_SIGNATURE` */
function checkDeployment(
  bytes: Uint8Array,
  producer: string,
  facts: JsonObject,
  identity: ProducerIdentity,
  development: boolean,
): Deployment {
  const entry = parseEntryOf('deployment', bytes);
  verifyRegistration(entry, identity.logId, fromHex(identity.genesisEntry.registrar, 32));
  if (entry.producer !== producer || factsHash(entry.facts as JsonObject) !== factsHash(facts))
    throw new AuditError('DEPLOYMENT_UNSIGNED', {
      got: 'an entry for another producer or other facts',
    });
  if (entry.development && !development)
    throw new AuditError('DEPLOYMENT_UNSIGNED', {
      got: 'an entry that was signed for development',
      want: 'one that the registrar signed for production, in its place',
    });
  return { entry: bytes, hash: toHex(leafHash(bytes)) };
}
