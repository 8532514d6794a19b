import { createHash } from 'node:crypto';
import type { Hash } from '../src/index.ts';

// RFC 6962 section 2.1 word for word, as the oracle.

function split(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

function node(left: Hash, right: Hash): Hash {
  return new Uint8Array(
    createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest(),
  );
}

/** MTH over leaf hashes. */
export function mth(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return new Uint8Array(createHash('sha256').digest());
  if (leaves.length === 1) return leaves[0]!;
  const k = split(leaves.length);
  return node(mth(leaves.slice(0, k)), mth(leaves.slice(k)));
}

/** PATH(m, D[n]). */
export function path(m: number, leaves: readonly Hash[]): Hash[] {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...path(m, leaves.slice(0, k)), mth(leaves.slice(k))]
    : [...path(m - k, leaves.slice(k)), mth(leaves.slice(0, k))];
}

/** PROOF(m, D[n]). */
export function consistencyPath(m: number, leaves: readonly Hash[]): Hash[] {
  return subproof(m, leaves, true);
}

function subproof(m: number, leaves: readonly Hash[], whole: boolean): Hash[] {
  if (m === leaves.length) return whole ? [] : [mth(leaves)];
  const k = split(leaves.length);
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), whole), mth(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), mth(leaves.slice(0, k))];
}
