import { ByteReader, concatBytes, equalBytes, utf8 } from '../bytes.ts';
import { TYPED_TAG_BYTES } from '../entry.ts';
import { ShowcauseError } from '../errors.ts';

/** The 16 bytes that a typed entry begins with: its name, zero-padded, all of which contracts compare. */
export function tagBytes(tag: string): Uint8Array {
  return concatBytes(utf8(tag), new Uint8Array(TYPED_TAG_BYTES)).slice(0, TYPED_TAG_BYTES);
}

/**
 * Reads an entry of one tag and one width, past its tag.
 * @throws {ShowcauseError} `TYPED_MALFORMED`
 */
export function readTyped<T>(
  bytes: Uint8Array,
  { tag, width }: { tag: string; width: number },
  read: (reader: ByteReader) => T,
): T {
  if (bytes.length !== width)
    throw new ShowcauseError('TYPED_MALFORMED', {
      got: `${bytes.length} bytes`,
      want: `${width} of \`${tag}\``,
    });
  const reader = new ByteReader(bytes);
  if (!equalBytes(reader.take(TYPED_TAG_BYTES), tagBytes(tag)))
    throw new ShowcauseError('TYPED_MALFORMED', { got: 'another tag', want: `\`${tag}\`` });
  try {
    const value = read(reader);
    reader.end();
    return value;
  } catch (cause) {
    if (!(cause instanceof ShowcauseError) || cause.code !== 'BYTES_LENGTH') throw cause;
    throw new ShowcauseError('TYPED_MALFORMED', { got: 'a number of 2^53 or more', cause });
  }
}

/** @throws {RangeError} unless `bytes` is `length` long */
export function requireLength(name: string, bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length)
    throw new RangeError(`got ${name} of ${bytes.length} bytes, want ${length}`);
  return bytes;
}
