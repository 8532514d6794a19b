import { ExplainError } from '../../errors.ts';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** One field of a message: a number (varint, as BigInt's low 64 bits in a number where it fits) or bytes. */
export interface Field {
  readonly number: number;
  readonly wire: number;
  /** varint fields as a signed 64-bit integer; others 0 */
  readonly integer: number;
  /** length-delimited and fixed fields */
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/**
 * The fields of a protocol-buffers message in their order (protobuf.dev/programming-guides/encoding). Groups are refused.
 *
 * @throws ExplainError MODEL_TRUNCATED, MODEL_SYNTAX
 */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const cursor = { bytes: message, at: 0 };
  while (cursor.at < message.length) {
    const tag = readVarint(cursor);
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (number < 1) throw syntax('field number 0');
    if (wire === VARINT) yield { number, wire, integer: readVarint(cursor), bytes: NOTHING };
    else yield { number, wire, integer: 0, bytes: take(cursor, lengthOf(cursor, wire)) };
  }
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function lengthOf(cursor: Cursor, wire: number): number {
  if (wire === BYTES) return readVarint(cursor);
  if (wire === FIXED64) return 8;
  if (wire === FIXED32) return 4;
  throw syntax(`wire type ${wire}`);
}

function take(cursor: Cursor, length: number): Uint8Array {
  const end = cursor.at + length;
  if (length < 0 || end > cursor.bytes.length)
    throw new ExplainError('MODEL_TRUNCATED', { got: 'a field that ends behind its message' });
  const part = cursor.bytes.subarray(cursor.at, end);
  cursor.at = end;
  return part;
}

/** A signed 64-bit integer; what does not fit 53 bits is refused. */
function readVarint(cursor: Cursor): number {
  // Nearly all are of one byte, and models hold millions of them.
  const only = cursor.bytes[cursor.at] ?? 0x80;
  if (only < 0x80) {
    cursor.at++;
    return only;
  }
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined)
      throw new ExplainError('MODEL_TRUNCATED', { got: 'the end inside a number' });
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) {
      const integer = Number(BigInt.asIntN(64, value));
      if (!Number.isSafeInteger(integer)) throw syntax('an integer beyond 53 bits');
      return integer;
    }
  }
  throw syntax('an integer of more than ten bytes');
}

/** Packed or single varints. */
export function integersOf(fields: readonly Field[]): number[] {
  return fields.flatMap(({ wire, integer, bytes }) => {
    if (wire === VARINT) return [integer];
    const cursor = { bytes, at: 0 };
    const integers: number[] = [];
    while (cursor.at < bytes.length) integers.push(readVarint(cursor));
    return integers;
  });
}

/** Packed or single little-endian numbers of 4 or 8 bytes. */
export function floatsOf(fields: readonly Field[], width: 4 | 8): number[] {
  return fields.flatMap(({ bytes }) => {
    if (bytes.length % width !== 0) throw syntax('a part of a number');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: bytes.length / width }, (_, i) =>
      width === 4 ? view.getFloat32(i * 4, true) : view.getFloat64(i * 8, true),
    );
  });
}

export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ExplainError('MODEL_SYNTAX', { got: 'bytes that are not UTF-8', cause });
  }
}

/** Fields of a message by number. */
export function messageOf(bytes: Uint8Array): ReadonlyMap<number, readonly Field[]> {
  const fields = new Map<number, Field[]>();
  for (const field of fieldsOf(bytes)) {
    const known = fields.get(field.number);
    if (known === undefined) fields.set(field.number, [field]);
    else known.push(field);
  }
  return fields;
}

function syntax(got: string): ExplainError {
  return new ExplainError('MODEL_SYNTAX', { got, want: 'a protocol-buffers message' });
}
