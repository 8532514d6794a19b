import { fromUtf8 } from './bytes.ts';
import { ShowcauseError } from './errors.ts';
import { readExactForm } from './exact-form.ts';
import { entryValidators } from './generated/entry-validators.ts';
import { canonicalBytes, isJsonObject, parseCanonicalText } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { entrySchemas } from './schema/entries.ts';
import type { TypeOf } from './schema/types.ts';

/** An entry is at most this many bytes: the length prefix of a C2SP entry bundle is a u16. */
export const MAX_ENTRY_BYTES = 65_535;
/** An `equivocation` holds the second entry verbatim up to this size; above it, base64 would not fit an entry. */
export const MAX_VERBATIM_BYTES = 45_000;
/** A typed entry begins with its tag, ASCII, padded to this width with zeros. */
export const TYPED_TAG_BYTES = 16;

export type EntryType = keyof typeof entrySchemas;
export type EntryOf<T extends EntryType> = TypeOf<(typeof entrySchemas)[T]> & { type: T };
export type KnownEntry = { [T in EntryType]: EntryOf<T> }[EntryType];
/** The entries that carry `producer`, `epoch`, `seq` and `prev`. */
export type StreamedEntry = Extract<KnownEntry, { seq: number }>;

export type ParsedEntry =
  | { kind: 'known'; entry: KnownEntry }
  /** A JSON object whose `type` this version does not know: kept verbatim, judged "could not check". */
  | { kind: 'unknown'; type: string; value: JsonObject }
  /** Fixed-width bytes for contracts: they do not begin with `{` but with a tag of 16 bytes. */
  | { kind: 'typed'; tag: string };

/** What a type may be called, here and in a key's `types`: a name that is safe to print. */
const TYPE_NAME = /^[A-Za-z][A-Za-z0-9.-]{0,63}$/;

/**
 * Reads the exact bytes of one leaf.
 *
 * @param bytes  1 to 65,535 bytes
 * @throws {ShowcauseError} `ENTRY_SIZE`; `JSON_*` when it begins with `{` and is not canonical JSON;
 *   `ENTRY_SCHEMA` when `type` is no type name or a known type breaks its schema; `ENTRY_TAG` when a typed
 *   entry has no tag
 */
export function parseEntry(bytes: Uint8Array): ParsedEntry {
  if (bytes.length < 1 || bytes.length > MAX_ENTRY_BYTES)
    throw new ShowcauseError('ENTRY_SIZE', {
      got: `${bytes.length} bytes`,
      want: `1 to ${MAX_ENTRY_BYTES}`,
    });
  if (bytes[0] !== 0x7b) return { kind: 'typed', tag: typedTag(bytes) };
  const text = fromUtf8(bytes);
  const exact = readExactForm(text);
  if (exact !== null) return { kind: 'known', entry: exact };
  const value = parseCanonicalText(text);
  const type = isJsonObject(value) ? value['type'] : undefined;
  if (!isJsonObject(value) || typeof type !== 'string' || !TYPE_NAME.test(type))
    throw new ShowcauseError('ENTRY_SCHEMA', { got: 'no `type`', want: 'a type name' });
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
    throw new ShowcauseError('ENTRY_SIZE', {
      got: `${bytes.length} bytes`,
      want: `at most ${MAX_ENTRY_BYTES}`,
    });
  return bytes;
}

/** The entries that the registrar signs: they hold from their own index on, and each is logged once. */
export type RegistrationEntry = EntryOf<'key'> | EntryOf<'deployment'> | EntryOf<'anchorage'>;

export function isRegistration(entry: KnownEntry): entry is RegistrationEntry {
  return entry.type === 'key' || entry.type === 'deployment' || entry.type === 'anchorage';
}

/** Registrations and genesis have no place in a stream, even where a stray member is called `seq`. */
export function isStreamed(entry: KnownEntry): entry is StreamedEntry {
  return entry.type !== 'genesis' && !isRegistration(entry);
}

/** An entry's place in its producer's stream: unique in a log. */
export interface StreamPosition {
  producer: string;
  epoch: number;
  seq: number;
  /** leaf hash of the producer's previous entry, hex; 64 zeros before the first */
  prev: string;
}

/**
 * The place in a stream, also of a type that this version does not know: such an entry still fills its seq.
 * @returns null for genesis, registrations, typed entries, and unknown ones without a well-formed place
 */
export function streamPosition(parsed: ParsedEntry): StreamPosition | null {
  if (parsed.kind === 'typed') return null;
  if (parsed.kind === 'known') {
    if (!isStreamed(parsed.entry)) return null;
    const { producer, epoch, seq, prev } = parsed.entry;
    return { producer, epoch, seq, prev };
  }
  const { producer, epoch, seq, prev } = parsed.value;
  const placed =
    isProducerName(producer) &&
    isCount(epoch) &&
    isCount(seq) &&
    typeof prev === 'string' &&
    /^[0-9a-f]{64}$/.test(prev);
  return placed ? { producer, epoch, seq, prev } : null;
}

const PRODUCER_NAME = new RegExp(entrySchemas.key.properties.producer.pattern);

/** Lower-case words of letters, digits and `-`, joined by `/`: 1 to 64 characters. */
export function isProducerName(value: unknown): value is string {
  return typeof value === 'string' && PRODUCER_NAME.test(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
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
  for (const byte of bytes.subarray(0, TYPED_TAG_BYTES)) tag += String.fromCharCode(byte);
  const name = tag.replace(/\0+$/, '');
  // Padded to a fixed width: the byte after a bare name could be a letter too, and two tags would be one entry.
  if (tag.length !== TYPED_TAG_BYTES || name.length < 3 || !TYPE_NAME.test(name))
    throw new ShowcauseError('ENTRY_TAG', {
      got: `${bytes.length} bytes without a tag`,
      want: `3 to ${TYPED_TAG_BYTES} ASCII characters, zero-padded to ${TYPED_TAG_BYTES} bytes`,
    });
  return name;
}
