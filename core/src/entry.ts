import { ShowcauseError } from './errors.ts';
import { entryValidators } from './generated/entry-validators.ts';
import { canonicalBytes, isJsonObject, parseCanonicalJson } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import type { entrySchemas } from './schema/entries.ts';
import type { TypeOf } from './schema/types.ts';

/** An entry is at most this many bytes: the length prefix of a C2SP entry bundle is a u16. */
export const MAX_ENTRY_BYTES = 65_535;

export type EntryType = keyof typeof entrySchemas;
export type EntryOf<T extends EntryType> = TypeOf<(typeof entrySchemas)[T]> & { type: T };
export type KnownEntry = { [T in EntryType]: EntryOf<T> }[EntryType];
/** The entries that carry `producer`, `epoch`, `seq` and `prev`. */
export type StreamedEntry = Extract<KnownEntry, { seq: number }>;

export type ParsedEntry =
  | { kind: 'known'; entry: KnownEntry }
  /** A JSON object whose `type` this version does not know: kept verbatim, judged "could not check". */
  | { kind: 'unknown'; type: string; value: JsonObject }
  /** Fixed-width bytes for contracts: they do not begin with `{`; the tag is its leading ASCII letters. */
  | { kind: 'typed'; tag: string };

/**
 * Reads the exact bytes of one leaf.
 *
 * @param bytes  1 to 65,535 bytes
 * @throws {ShowcauseError} `ENTRY_SIZE`; `JSON_*` when it begins with `{` and is not canonical JSON;
 *   `ENTRY_SCHEMA` when a known type breaks its schema; `ENTRY_TAG` when a typed entry has no tag
 */
export function parseEntry(bytes: Uint8Array): ParsedEntry {
  if (bytes.length < 1 || bytes.length > MAX_ENTRY_BYTES)
    throw new ShowcauseError('ENTRY_SIZE', { got: `${bytes.length} bytes`, want: `1 to ${MAX_ENTRY_BYTES}` });
  if (bytes[0] !== 0x7b) return { kind: 'typed', tag: typedTag(bytes) };
  const value = parseCanonicalJson(bytes);
  const type = isJsonObject(value) ? value['type'] : undefined;
  if (!isJsonObject(value) || typeof type !== 'string')
    throw new ShowcauseError('ENTRY_SCHEMA', { got: 'no `type`', want: 'a string' });
  if (!Object.hasOwn(entryValidators, type)) return { kind: 'unknown', type, value };
  return { kind: 'known', entry: validate(type as EntryType, value) };
}

/**
 * The bytes of an entry we make: canonical JSON, checked against its schema.
 * @throws {ShowcauseError} `ENTRY_SCHEMA`, `ENTRY_SIZE`
 */
export function encodeEntry(entry: KnownEntry): Uint8Array {
  validate(entry.type, entry as unknown as Json);
  const bytes = canonicalBytes(entry as unknown as Json);
  if (bytes.length > MAX_ENTRY_BYTES)
    throw new ShowcauseError('ENTRY_SIZE', { got: `${bytes.length} bytes`, want: `at most ${MAX_ENTRY_BYTES}` });
  return bytes;
}

export function isStreamed(entry: KnownEntry): entry is StreamedEntry {
  return 'seq' in entry;
}

/** @throws {ShowcauseError} `ENTRY_SCHEMA` unless `bytes` is a known entry of `type` */
export function parseEntryOf<T extends EntryType>(type: T, bytes: Uint8Array): EntryOf<T> {
  const parsed = parseEntry(bytes);
  if (parsed.kind !== 'known' || parsed.entry.type !== type)
    throw new ShowcauseError('ENTRY_SCHEMA', {
      got: parsed.kind === 'known' ? parsed.entry.type : parsed.kind,
      want: type,
    });
  return parsed.entry as EntryOf<T>;
}

interface Validator {
  (value: unknown): boolean;
  errors?: { instancePath: string; message?: string }[] | null;
}

function validate(type: EntryType, value: Json): KnownEntry {
  const validator = entryValidators[type] as Validator;
  if (!validator(value)) {
    const first = validator.errors?.[0];
    throw new ShowcauseError('ENTRY_SCHEMA', {
      got: `${type}${first?.instancePath ?? ''}`,
      want: first?.message ?? 'the schema of its type',
    });
  }
  return value as unknown as KnownEntry;
}

function typedTag(bytes: Uint8Array): string {
  let tag = '';
  for (const byte of bytes.subarray(0, 32)) {
    const letter = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
    if (!letter) break;
    tag += String.fromCharCode(byte);
  }
  if (tag.length < 3) throw new ShowcauseError('ENTRY_TAG', { got: `${tag.length} letters`, want: 'at least 3' });
  return tag;
}
