import { leafHash } from '@showcause/core';
import type { Hash } from '@showcause/core';

/** 256 entries of 65,535 bytes with their length prefixes. */
export const MAX_BUNDLE_BYTES = 256 * 65_537;

/** What a bundle holds, whole or not. */
export interface BundleParts {
  /** whole entries, at most as many as asked for */
  hashes: Hash[];
  /** where the last of them ends */
  end: number;
}

/** The leading entries of a bundle: c2sp.org/tlog-tiles, each behind its length as a big-endian u16. */
export function splitBundle(bytes: Uint8Array, width: number): BundleParts {
  const hashes: Hash[] = [];
  let end = 0;
  while (hashes.length < width && end + 2 <= bytes.length) {
    const next = end + 2 + bytes[end]! * 256 + bytes[end + 1]!;
    if (next > bytes.length) break;
    hashes.push(leafHash(bytes.subarray(end + 2, next)));
    end = next;
  }
  return { hashes, end };
}

/** Why these are not exactly `width` entries, or null. */
export function bundleFault(
  bytes: Uint8Array,
  { hashes, end }: BundleParts,
  width: number,
): { got: string; want: string } | null {
  const rest = bytes.length - end;
  if (hashes.length === width && rest === 0) return null;
  return {
    got: `${hashes.length} whole entries and ${rest} bytes after them`,
    want: `exactly ${width} entries`,
  };
}
