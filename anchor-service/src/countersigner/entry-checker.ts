import {
  fromHex,
  isJsonObject,
  isRegistration,
  isStreamed,
  leafHash,
  parseEntry,
  toHex,
  verifyRegistration,
  verifyStreamSignature,
} from '@showcause/core';
import type { Hash, Json, KnownEntry, StreamedEntry } from '@showcause/core';
import { ChainError } from '../chain/errors.ts';
import { KeyRegistry, admits } from '../keys.ts';
import type { RegisteredKey } from '../keys.ts';

/**
 * Judges entries in log order, for somebody who must not sign over junk. Its state travels with the countersigner's,
 * so that it goes on after a restart where the last countersigned head ended.
 */
export interface EntryChecker {
  /** Null: before entry 0. */
  load(state: Json | null): void;
  /** @throws when this entry may not be in the log */
  check(entry: Uint8Array, index: number): void;
  state(): Json;
}

/**
 * Genesis is this log's, entries keep their schemas, `key` and `deployment` entries are the registrar's, every
 * producer's entry comes under a key that is registered for it and its type, and signed ones are signed.
 */
export function createEntryChecker(log: { logId: Uint8Array }): EntryChecker {
  let registrar: string | null = null;
  let keys = new KeyRegistry();
  /** leaf hashes of registrations, hex */
  let known = new Set<string>();

  function check(bytes: Uint8Array, index: number): void {
    const parsed = parseEntry(bytes);
    if (index === 0) {
      if (parsed.kind !== 'known' || parsed.entry.type !== 'genesis')
        return refuse(index, 'no genesis entry');
      if (toHex(leafHash(bytes)) !== toHex(log.logId))
        return refuse(index, 'the genesis of another log');
      registrar = parsed.entry.registrar;
      return;
    }
    // What this version does not know, and typed entries, are the log's to hold and nobody's to sign for.
    if (parsed.kind === 'known') checkKnown(parsed.entry, bytes, index);
  }

  function checkKnown(entry: KnownEntry, bytes: Uint8Array, index: number): void {
    if (entry.type === 'genesis') return refuse(index, 'a second genesis');
    if (isRegistration(entry)) {
      verifyRegistration(entry, log.logId, fromHex(registrar ?? '', 32));
      const leaf = toHex(leafHash(bytes));
      // An old registration that is logged again would bring a revoked key back without its registrar.
      if (known.has(leaf)) return refuse(index, `a ${entry.type} entry for the second time`);
      known.add(leaf);
      if (entry.type === 'key') keys.apply(entry);
      return;
    }
    if (isStreamed(entry)) checkStreamed(entry, leafHash(bytes), index);
  }

  function checkStreamed(entry: StreamedEntry, leaf: Hash, index: number): void {
    const candidates = keys
      .coveringProducer(entry.producer)
      .filter((key) => key.types.includes(entry.type) && admits(key, entry, leaf));
    if (candidates.length === 0) return refuse(index, `a ${entry.type} without a registered key`);
    if (!('sig' in entry)) return;
    const signed = entry as StreamedEntry & { sig: string };
    const good = candidates.some(({ key }) => {
      try {
        verifyStreamSignature(signed, log.logId, fromHex(key, 64));
        return true;
      } catch {
        return false;
      }
    });
    if (!good) refuse(index, `a ${entry.type} that its producer did not sign`);
  }

  return {
    load(state) {
      registrar = null;
      keys = new KeyRegistry();
      known = new Set();
      if (state === null || !isJsonObject(state)) return;
      registrar = state['registrar'] as string | null;
      keys = new KeyRegistry(state['keys'] as unknown as RegisteredKey[]);
      known = new Set((state['known'] ?? []) as string[]);
    },
    check,
    state: () => ({ registrar, keys: keys.all(), known: [...known] }) as unknown as Json,
  };
}

function refuse(index: number, got: string): void {
  throw new ChainError('COUNTERSIGN_ENTRY', { got: `${got} at index ${index}` });
}
