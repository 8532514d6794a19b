import { MAX_RECEIPT_HEADER } from '@showcause/core';
import type { SignedPromise } from '@showcause/core';

/** A claim opened from the tree in memory, in the bytes of the receipt header. */
export interface SealedOpening {
  slot: number;
  salt: Uint8Array;
  /** 32n bytes, leaf to root */
  siblings: Uint8Array;
  /** RFC 8785 text of [path, value] */
  statement: string;
}

let scratch = Buffer.allocUnsafeSlow(4096);

/**
 * The Decision-Receipt header, as core's encodeReceiptHeader writes it; a test compares the two.
 * @returns null when it would be longer than 4,096 characters
 */
export function receiptHeader(
  promise: SignedPromise,
  index: number,
  path: readonly Uint8Array[],
  entry: Uint8Array,
  opening: SealedOpening,
): string | null {
  const most =
    512 + 32 * path.length + entry.length + opening.siblings.length + 3 * opening.statement.length;
  if (most > scratch.length) scratch = Buffer.allocUnsafeSlow(2 * most);
  const bytes = scratch;
  let at = 0;
  const put = (part: Uint8Array): void => {
    bytes.set(part, at);
    at += part.length;
  };
  put(promise.bytes);
  put(promise.signature);
  at = bytes.writeUInt32BE(index, at);
  at = bytes.writeUInt8(path.length, at);
  for (const hash of path) put(hash);
  at = bytes.writeUInt16BE(entry.length, at);
  put(entry);
  at = bytes.writeUInt16BE(opening.slot, at);
  put(opening.salt);
  at = bytes.writeUInt8(opening.siblings.length / 32, at);
  put(opening.siblings);
  const length = bytes.write(opening.statement, at + 2);
  bytes.writeUInt16BE(length, at);
  const text = bytes.toString('base64url', 0, at + 2 + length);
  return text.length > MAX_RECEIPT_HEADER ? null : text;
}
