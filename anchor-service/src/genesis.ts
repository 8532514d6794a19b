import { encodeEntry, formatSignature, formatVkey, registrarMessage, toHex } from '@showcause/core';
import type { EntryOf, KnownEntry, RegistrationEntry } from '@showcause/core';
import type { GenesisContract } from './chain/contract.ts';

export interface GenesisOptions {
  /** schema-less name of the log, also the name of its key: `example.com/log` */
  origin: string;
  /** Ed25519, 32 bytes */
  logPublicKey: Uint8Array;
  /** Ed25519, 32 bytes */
  registrarPublicKey: Uint8Array;
  /** null: a log without a chain */
  contract: GenesisContract | null;
  /** hex, 16 random bytes */
  id: string;
  time: Date;
}

/** Entry 0 of a new log; its leaf hash is the log's identity. */
export function createGenesis(options: GenesisOptions): Uint8Array {
  return encodeEntry({
    v: 1,
    type: 'genesis',
    id: options.id,
    time: wholeSeconds(options.time),
    origin: options.origin,
    log: formatVkey(options.origin, options.logPublicKey),
    registrar: toHex(options.registrarPublicKey),
    contract: options.contract,
  });
}

/** Signs with the registrar's key: Ed25519 over the message, 64 bytes. */
export type RegistrarSign = (message: Uint8Array) => Uint8Array;

/** An entry as its registrar signs it. */
export function signRegistration<T extends RegistrationEntry>(
  logId: Uint8Array,
  unsigned: Omit<T, 'sig'>,
  sign: RegistrarSign,
): Uint8Array {
  const sig = formatSignature(sign(registrarMessage(logId, unsigned)));
  return encodeEntry({ ...unsigned, sig } as unknown as KnownEntry);
}

export interface KeyRegistration {
  logId: Uint8Array;
  /** covers `producer` and `producer/*` */
  producer: string;
  /** P-256 x ‖ y, 64 bytes */
  publicKey: Uint8Array;
  types: readonly string[];
  /** hex, 16 random bytes */
  id: string;
  time: Date;
}

/** The `key` entry that lets a producer write. */
export function registerKey(registration: KeyRegistration, sign: RegistrarSign): Uint8Array {
  const { logId, producer, publicKey, types, id, time } = registration;
  return signRegistration<EntryOf<'key'>>(
    logId,
    {
      v: 1,
      type: 'key',
      id,
      time: wholeSeconds(time),
      action: 'add',
      producer,
      key: toHex(publicKey),
      types: [...types],
    },
    sign,
  );
}

function wholeSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
