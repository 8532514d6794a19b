import {
  ByteReader,
  concatBytes,
  fromBase64Url,
  fromHex,
  toBase64Url,
  toHex,
  u16,
  u32,
} from './bytes.ts';
import { parseAnchorEvidence } from './anchor-evidence.ts';
import type { AnchorEvidence } from './anchor-evidence.ts';
import { MAX_CLAIM_DEPTH } from './claims.ts';
import type { Opening } from './claims.ts';
import { MAX_ENTRY_BYTES } from './entry.ts';
import { canonicalBytes, parseCanonicalJson, parseJson } from './json.ts';
import type { Json } from './json.ts';
import type { Hash } from './merkle.ts';
import { SIGNED_PROMISE_BYTES, decodeSignedPromise, encodeSignedPromise } from './promise.ts';
import type { SignedPromise } from './promise.ts';
import {
  array,
  base64,
  bounded,
  count,
  hex32,
  malformed,
  members,
  string,
  strings,
} from './receipt-members.ts';

/** The response header's value is at most this many characters. */
export const MAX_RECEIPT_HEADER = 4096;
const MAX_BATCH_PATH = 32;

/** What the `Decision-Receipt` header says: this answer was promised. */
export interface ReceiptHeader {
  promise: SignedPromise;
  /** position in the promise's batch, from 0 */
  index: number;
  /** inclusion path in the batch, leaf to root */
  path: readonly Hash[];
  /** exact leaf bytes of the decision entry */
  entry: Uint8Array;
  /** the opening of `responseHash` */
  opening: Opening;
}

/**
 * base64url of promise 148 ‖ signature 64 ‖ index u32 ‖ n u8 ‖ path 32n ‖ entry length u16 ‖ entry ‖ opening.
 * With entries of this version's members it always fits; an entry with large members of its own may not.
 * @throws {RangeError} above 4,096 characters
 */
export function encodeReceiptHeader(receipt: ReceiptHeader): string {
  if (receipt.path.length > MAX_BATCH_PATH)
    throw new RangeError(`got ${receipt.path.length} hashes, want at most ${MAX_BATCH_PATH}`);
  const text = toBase64Url(
    concatBytes(
      encodeSignedPromise(receipt.promise),
      u32(receipt.index),
      new Uint8Array([receipt.path.length]),
      ...receipt.path,
      u16(receipt.entry.length),
      receipt.entry,
      encodeOpening(receipt.opening),
    ),
  );
  if (text.length > MAX_RECEIPT_HEADER)
    throw new RangeError(`got ${text.length} characters, want at most ${MAX_RECEIPT_HEADER}`);
  return text;
}

/** @throws {ShowcauseError} `RECEIPT_MALFORMED` */
export function decodeReceiptHeader(text: string): ReceiptHeader {
  return malformed(() => {
    if (text.length > MAX_RECEIPT_HEADER) throw new RangeError('too long');
    const reader = new ByteReader(fromBase64Url(text));
    const promise = decodeSignedPromise(reader.take(SIGNED_PROMISE_BYTES));
    const index = reader.uint(4);
    const path = hashes(reader, bounded(reader.uint(1), MAX_BATCH_PATH));
    const entry = reader.take(bounded(reader.uint(2), MAX_ENTRY_BYTES));
    if (entry.length === 0) throw new RangeError('an empty entry');
    const opening = decodeOpening(reader);
    reader.end();
    return { promise, index, path, entry, opening };
  });
}

/** slot u16 ‖ salt 32 ‖ n u8 ‖ siblings 32n ‖ length u16 ‖ JCS([path, value]). */
function encodeOpening(opening: Opening): Uint8Array {
  const statement = canonicalBytes([opening.path, opening.value]);
  return concatBytes(
    u16(opening.slot),
    fromHex(opening.salt, 32),
    new Uint8Array([opening.siblings.length]),
    ...opening.siblings.map((sibling) => fromHex(sibling, 32)),
    u16(statement.length),
    statement,
  );
}

function decodeOpening(reader: ByteReader): Opening {
  const slot = reader.uint(2);
  const salt = toHex(reader.take(32));
  const siblings = hashes(reader, bounded(reader.uint(1), MAX_CLAIM_DEPTH)).map(toHex);
  const statement = parseCanonicalJson(reader.take(reader.uint(2)));
  if (!Array.isArray(statement) || statement.length !== 2) throw new RangeError('statement');
  return { slot, salt, siblings, path: strings(statement[0] as Json), value: statement[1] as Json };
}

/** The receipt file: everything `showcause verify receipt` needs offline, beside the policy. */
export interface Receipt {
  v: 1;
  type: 'showcause/receipt';
  /** hex */
  logId: string;
  /** base64, exact leaf bytes of the decision entry */
  entry: string;
  /** base64, promise ‖ signature, 212 bytes */
  promise: string;
  batch: { index: number; path: readonly string[] };
  /** claims of the decision, each with its path; at most one a path */
  openings: readonly Opening[];
  /** base64, the registrar-signed `key` entry of the producer */
  key: string;
  /** base64, entry 0: its leaf hash is the logId, and the contract's address is computed from it */
  genesis: string;
  /** text of a c2sp.org/tlog-proof@v1, once logged */
  proof: string | null;
  /** once the head is final on a chain; `proof`'s checkpoint then has exactly the anchored size */
  anchor: AnchorEvidence | null;
}

/**
 * Reads a receipt file strictly: exactly these members, one opening a path.
 * @throws {ShowcauseError} `RECEIPT_MALFORMED`; its `cause` says more
 */
export function parseReceipt(text: string): Receipt {
  return malformed(() => {
    if (text.length > 4 * 1024 * 1024) throw new RangeError('too long');
    const r = members(parseJson(text), [
      'v',
      'type',
      'logId',
      'entry',
      'promise',
      'batch',
      'openings',
      'key',
      'genesis',
      'proof',
      'anchor',
    ]);
    if (r['v'] !== 1 || r['type'] !== 'showcause/receipt') throw new RangeError('version or type');
    const batch = members(r['batch'], ['index', 'path']);
    return {
      v: 1,
      type: 'showcause/receipt',
      logId: hex32(r['logId']),
      entry: base64(r['entry'], 1, MAX_ENTRY_BYTES),
      promise: base64(r['promise'], SIGNED_PROMISE_BYTES, SIGNED_PROMISE_BYTES),
      batch: {
        index: bounded(count(batch['index']), 0xffff_ffff),
        path: array(batch['path'], MAX_BATCH_PATH).map(hex32),
      },
      openings: distinct(array(r['openings'], 256).map(parseOpening)),
      key: base64(r['key'], 1, MAX_ENTRY_BYTES),
      genesis: base64(r['genesis'], 1, MAX_ENTRY_BYTES),
      proof: r['proof'] === null ? null : string(r['proof']),
      anchor: r['anchor'] === null ? null : parseAnchorEvidence(r['anchor']),
    };
  });
}

export function formatReceipt(receipt: Receipt): string {
  return `${JSON.stringify(receipt, null, 2)}\n`;
}

function parseOpening(value: Json): Opening {
  const o = members(value, ['slot', 'path', 'value', 'salt', 'siblings']);
  const slot = count(o['slot']);
  if (slot >= 2 ** MAX_CLAIM_DEPTH) throw new RangeError('slot');
  return {
    slot,
    path: strings(o['path'] ?? null),
    value: o['value'] ?? null,
    salt: hex32(o['salt']),
    siblings: array(o['siblings'], MAX_CLAIM_DEPTH).map(hex32),
  };
}

function hashes(reader: ByteReader, n: number): Hash[] {
  return Array.from({ length: n }, () => reader.take(32));
}
function distinct(openings: readonly Opening[]): readonly Opening[] {
  if (new Set(openings.map(({ path }) => JSON.stringify(path))).size !== openings.length)
    throw new RangeError('two openings of one path');
  return openings;
}
