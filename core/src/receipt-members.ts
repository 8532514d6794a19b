import { fromBase64, fromHex, toBase64, toHex } from './bytes.ts';
import { ShowcauseError } from './errors.ts';
import { isJsonObject } from './json.ts';
import type { Json, JsonObject } from './json.ts';

// How the members of a receipt and of anchor evidence are read: strictly, each with a bound.

/** @throws {ShowcauseError} `RECEIPT_MALFORMED` for whatever `read` refuses */
export function malformed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ShowcauseError && cause.code === 'RECEIPT_MALFORMED') throw cause;
    // Our own RangeErrors and codes say what is wrong; what others say could quote the receipt.
    const got =
      cause instanceof ShowcauseError
        ? cause.code
        : cause instanceof RangeError
          ? cause.message
          : 'nonsense';
    throw new ShowcauseError('RECEIPT_MALFORMED', { got, cause });
  }
}

export function bounded(value: number, most: number): number {
  if (value > most) throw new RangeError(`${value}, want at most ${most}`);
  return value;
}

export function members(
  value: Json | undefined,
  names: readonly string[],
  optional: readonly string[] = [],
): JsonObject {
  if (value === undefined || !isJsonObject(value)) throw new RangeError('not an object');
  const given = Object.keys(value);
  if (
    !given.every((name) => names.includes(name) || optional.includes(name)) ||
    !names.every((name) => Object.hasOwn(value, name))
  )
    throw new RangeError(`members other than ${names.join(', ')}`);
  return value;
}

export function array(value: Json | undefined, most: number): readonly Json[] {
  if (!Array.isArray(value) || value.length > most)
    throw new RangeError(`not a list of at most ${most}`);
  return value as readonly Json[];
}

export function string(value: Json | undefined): string {
  if (typeof value !== 'string') throw new RangeError('not a string');
  return value;
}

export function strings(value: Json): string[] {
  return array(value, 8).map(string);
}

export function count(value: Json | undefined): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new RangeError('not a count');
  return value;
}

export function matching(value: Json | undefined, pattern: RegExp): string {
  const text = string(value);
  if (!pattern.test(text)) throw new RangeError(`not ${String(pattern)}`);
  return text;
}

export function hex32(value: Json | undefined): string {
  return toHex(fromHex(string(value), 32));
}

export function base64(value: Json | undefined, least: number, most: number): string {
  const bytes = fromBase64(string(value));
  if (bytes.length < least || bytes.length > most)
    throw new RangeError(`${bytes.length} bytes, want ${least} to ${most}`);
  return toBase64(bytes);
}
