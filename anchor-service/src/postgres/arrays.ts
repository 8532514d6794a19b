/**
 * Arrays in PostgreSQL's binary form, so that a batch of rows travels as a few parameters without being spelt as text:
 * number of dimensions, whether there may be nulls, element type, then length and lower bound of the one dimension, then
 * each element behind its length. Source: `array_recv` of PostgreSQL.
 */

const oids = { bytea: 17, int8: 20, text: 25 } as const;
const HEADER_BYTES = 20;
const HEADER_BYTES_OF_NONE = 12;
const LENGTH_BYTES = 4;
const NULL_LENGTH = -1;

export function byteaArray(values: readonly (Uint8Array | null)[]): Buffer {
  return encode(oids.bytea, values);
}

/** Many rows hold one name: each is encoded once. */
export function textArray(values: readonly (string | null)[]): Buffer {
  const encoded = new Map<string | null, Uint8Array | null>([[null, null]]);
  for (const value of values)
    if (value !== null && !encoded.has(value)) encoded.set(value, Buffer.from(value, 'utf8'));
  return encode(
    oids.text,
    values.map((value) => encoded.get(value)!),
  );
}

/** Integers of 0 to 2^53 - 1. */
export function int8Array(values: readonly (number | null)[]): Buffer {
  const array = withHeader(oids.int8, values, 8);
  let at = HEADER_BYTES;
  for (const value of values) {
    at = array.writeInt32BE(value === null ? NULL_LENGTH : 8, at);
    if (value === null) continue;
    at = array.writeUInt32BE(Math.floor(value / 2 ** 32), at);
    at = array.writeUInt32BE(value % 2 ** 32, at);
  }
  return array.subarray(0, values.length === 0 ? HEADER_BYTES_OF_NONE : at);
}

function encode(elementType: number, values: readonly (Uint8Array | null)[]): Buffer {
  const size = values.reduce((sum, value) => sum + (value?.length ?? 0), 0);
  const array = withHeader(elementType, values, size / (values.length || 1));
  if (values.length === 0) return array;
  let at = HEADER_BYTES;
  for (const value of values) {
    at = array.writeInt32BE(value?.length ?? NULL_LENGTH, at);
    if (value !== null) array.set(value, at);
    at += value?.length ?? 0;
  }
  return array;
}

/** @param width  bytes of an element, on average */
function withHeader(elementType: number, values: readonly unknown[], width: number): Buffer {
  const isEmpty = values.length === 0;
  const size = Math.round(values.length * (LENGTH_BYTES + width));
  const array = Buffer.allocUnsafe((isEmpty ? HEADER_BYTES_OF_NONE : HEADER_BYTES) + size);
  array.writeInt32BE(isEmpty ? 0 : 1, 0);
  array.writeInt32BE(values.includes(null) ? 1 : 0, 4);
  array.writeInt32BE(elementType, 8);
  if (isEmpty) return array;
  array.writeInt32BE(values.length, 12);
  array.writeInt32BE(1, 16);
  return array;
}
