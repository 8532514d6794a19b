import {
  decodeMessage,
  equalBytes,
  fromHex,
  leafHash,
  parseEntry,
  sha256,
  toHex,
} from '@showcause/core';
import type { EntryOf, JsonObject, Message } from '@showcause/core';
import { decodeContainer, openPayload } from '@showcause/core/node';
import type { RecordKeys } from '@showcause/core/node';
import type { SubjectKey } from '../keystore/keystore.ts';

export type SealedEntry =
  EntryOf<'intent'> | EntryOf<'decision'> | EntryOf<'followup'> | EntryOf<'explanation'>;

/** A sealed entry, opened. */
export interface OpenedEntry {
  entry: SealedEntry;
  container: JsonObject;
  payloadHash: string;
  keys: RecordKeys;
}

/** The sealed entry in a message, or null when the message holds another type. */
export function sealedEntryOf(message: Message): SealedEntry | null {
  const parsed = parseEntry(message.entry);
  if (parsed.kind !== 'known') return null;
  const { entry } = parsed;
  const sealed =
    entry.type === 'intent' ||
    entry.type === 'decision' ||
    entry.type === 'followup' ||
    entry.type === 'explanation';
  return sealed ? entry : null;
}

/**
 * Opens the payload of an entry, having checked that it is the one the entry commits to.
 * @throws {ShowcauseError} `PAYLOAD_KEY`, `PAYLOAD_MALFORMED`
 */
export function openEntry(
  entry: SealedEntry,
  sealed: Uint8Array,
  key: Uint8Array,
): OpenedEntry | null {
  if (!equalBytes(sha256(sealed), fromHex(entry.payload, 32))) return null;
  const { container, keys } = openPayload(sealed, key, entry.id);
  return {
    entry,
    container: decodeContainer(container),
    payloadHash: toHex(sha256(container)),
    keys,
  };
}

/** Tries every key: for records whose owner a crash forgot. Newest first, since those are the ones. */
export function openWithAny(
  entry: SealedEntry,
  sealed: Uint8Array,
  candidates: Iterable<SubjectKey>,
): { opened: OpenedEntry; key: SubjectKey } | null {
  for (const key of candidates) {
    try {
      const opened = openEntry(entry, sealed, key.key);
      return opened === null ? null : { opened, key };
    } catch {
      // another person's key
    }
  }
  return null;
}

export function readMessage(bytes: Uint8Array): { message: Message; leaf: Uint8Array } {
  const message = decodeMessage(bytes);
  return { message, leaf: leafHash(message.entry) };
}
