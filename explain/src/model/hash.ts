import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { ExplainError } from '../errors.ts';
import { isObject, isRowLike, kindOf, wrongKind } from '../kinds.ts';
import type { BackgroundFacts, FeatureRow } from './tree-model.ts';

/** SHA-256 of the bytes, 64 hexadecimal digits in lower case. */
export function sha256Hex(bytes: Uint8Array): string {
  return bytesToHex(sha256(plainView(bytes)));
}

/** The same bytes as a plain Uint8Array: a Buffer of another realm is none to the hash function. */
function plainView(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Rows that stand for the population. With `id` and `hash` they are recorded under the caller's name for them; without a
 * hash it is SHA-256 of the RFC 8785 JSON `{"band":null,"id":…,"rows":[[…]]}`, a missing value as null.
 */
export interface Background {
  readonly id?: string | null;
  /** 64 hexadecimal digits; computed when it is not given */
  readonly hash?: string;
  readonly rows: readonly FeatureRow[];
}

/** What a record says of background rows. */
export function backgroundFacts(given: Background | readonly FeatureRow[]): BackgroundFacts {
  const { id = null, hash, rows } = asBackground(given);
  return Object.freeze({ id, hash: hash ?? hashRows(id, rows), rows: rows.length });
}

/** @throws ExplainError EXPLAIN_BACKGROUND for what is no list of rows, or has no such id or hash */
export function asBackground(given: Background | readonly FeatureRow[]): Background {
  const background = isList(given) ? { rows: given } : given;
  if (!isObject(background) || !Array.isArray(background.rows))
    throw wrongKind('background', given, 'rows in a list, or { id, hash, rows }', CODE);
  const { id = null, hash, rows } = background;
  if (id !== null && typeof id !== 'string') throw wrongKind('id', id, 'a text', CODE);
  if (hash !== undefined && !(typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash)))
    throw wrongKind('hash', hash, 'SHA-256 in 64 hexadecimal digits, lower case', CODE);
  const stray = rows.findIndex((row) => !isRowLike(row));
  if (stray >= 0)
    throw wrongKind(`row ${stray} of the background`, rows[stray], 'an array of numbers', CODE);
  return background;
}

const CODE = 'EXPLAIN_BACKGROUND';

function isList(given: Background | readonly FeatureRow[]): given is readonly FeatureRow[] {
  return Array.isArray(given);
}

/** Row by row, so that a large background never stands in memory as text. */
function hashRows(id: string | null, rows: readonly FeatureRow[]): string {
  const hash = sha256.create();
  const utf8 = new TextEncoder();
  const add = (text: string): unknown => hash.update(plainView(utf8.encode(text)));
  add(`{"band":null,"id":${JSON.stringify(id)},"rows":[`);
  rows.forEach((row, index) => {
    add(`${index === 0 ? '' : ','}[${Array.from(row, spelled).join(',')}]`);
  });
  add(']}');
  return bytesToHex(hash.digest());
}

/** Infinities, which JSON has no word for, must not look like missing values. */
function spelled(value: number | null | undefined): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value !== 'number')
    throw new ExplainError('FEATURE_TYPE', { got: kindOf(value), want: 'a number' });
  return Math.abs(value) === Infinity ? `"${value}"` : JSON.stringify(value);
}
