/**
 * The formats once more, from the prose of `spec/` and with other parts: node:crypto and WebCrypto directly, npm's
 * canonicalize, textbook recursion. Nothing here imports core.
 */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

export function sha256(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export function jcs(value: unknown): Buffer {
  return Buffer.from((canonicalize as unknown as (value: unknown) => string)(value));
}

export function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

/** RFC 6962 section 2.1, by its own recursion. */
export function treeHash(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return Buffer.from(leaves[0]!);
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return sha256(Buffer.of(1), treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)));
}

/** RFC 6962 section 2.1.1. */
export function auditPath(index: number, leaves: readonly Uint8Array[]): Buffer[] {
  if (leaves.length === 1) return [];
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return index < k
    ? [...auditPath(index, leaves.slice(0, k)), treeHash(leaves.slice(k))]
    : [...auditPath(index - k, leaves.slice(k)), treeHash(leaves.slice(0, k))];
}

export function leafHash(entry: string | Uint8Array): Buffer {
  return sha256(Buffer.of(0), entry);
}

/** CRC-32C bit by bit, reflected polynomial 0x82f63b78. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
