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

export function textArray(values: readonly (string | null)[]): Buffer {
  return encode(
    oids.text,
    values.map((value) => (value === null ? null : Buffer.from(value, 'utf8'))),
  );
}

/** Integers of at most 2^53 - 1. */
export function int8Array(values: readonly (number | null)[]): Buffer {
  return encode(
    oids.int8,
    values.map((value) => {
      if (value === null) return null;
      const bytes = Buffer.allocUnsafe(8);
      bytes.writeBigInt64BE(BigInt(value));
      return bytes;
    }),
  );
}

function encode(elementType: number, values: readonly (Uint8Array | null)[]): Buffer {
  const isEmpty = values.length === 0;
  const size = values.reduce((sum, value) => sum + LENGTH_BYTES + (value?.length ?? 0), 0);
  const array = Buffer.alloc((isEmpty ? HEADER_BYTES_OF_NONE : HEADER_BYTES) + size);
  array.writeInt32BE(isEmpty ? 0 : 1, 0);
  array.writeInt32BE(values.includes(null) ? 1 : 0, 4);
  array.writeInt32BE(elementType, 8);
  if (isEmpty) return array;
  array.writeInt32BE(values.length, 12);
  array.writeInt32BE(1, 16);
  let at = HEADER_BYTES;
  for (const value of values) {
    at = array.writeInt32BE(value?.length ?? NULL_LENGTH, at);
    if (value !== null) array.set(value, at);
    at += value?.length ?? 0;
  }
  return array;
}
