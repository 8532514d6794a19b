import type { Hash } from '@showcause/core';

/** Independent Merkle code, given from outside because it is optional: `@showcause/verify/second-opinion`. */
export interface SecondOpinion {
  /** RFC 6962 leaf hash of an entry's exact bytes. */
  leaf(entry: Uint8Array): Hash;
  /** RFC 6962 root of leaf hashes; at least one leaf. */
  root(leaves: readonly Hash[]): Hash;
  /** Whether an RFC 6962 inclusion path leads from the leaf to the root. */
  includes(leaf: Hash, index: number, size: number, root: Hash, path: readonly Hash[]): boolean;
}
