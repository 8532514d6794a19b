import { keccak_256 } from '@noble/hashes/sha3.js';
import { encodeRlp } from '@showcause/core';
import type { RlpInput } from '@showcause/core';

/** A Merkle Patricia trie made whole from its pairs, by the recursive definition of the yellow paper's appendix D. */
export class ReferenceTrie {
  readonly #pairs: readonly Pair[];

  /** @param pairs  keys of 32 bytes, no two the same, and values that are not empty */
  constructor(pairs: readonly (readonly [Uint8Array, Uint8Array])[]) {
    this.#pairs = pairs.map(([key, value]) => ({ path: nibbles(key), value }));
  }

  root(): Uint8Array {
    return keccak_256(
      this.#pairs.length === 0 ? encodeRlp(new Uint8Array(0)) : encodeRlp(node(this.#pairs, 0)),
    );
  }

  /** Nodes of 32 bytes or more, and the root, on the way to a key that need not be there. */
  prove(key: Uint8Array): Uint8Array[] {
    if (this.#pairs.length === 0) return [];
    const path = nibbles(key);
    const proof: Uint8Array[] = [];
    let pairs = this.#pairs;
    for (let at = 0; pairs.length > 0;) {
      const encoded = encodeRlp(node(pairs, at));
      if (at === 0 || encoded.length >= 32) proof.push(encoded);
      if (pairs.length === 1) break;
      const shared = sharedFrom(pairs, at);
      if (shared > 0) {
        if (pairs[0]!.path.slice(at, at + shared).some((nibble, i) => nibble !== path[at + i]))
          break;
        at += shared;
        const branch = encodeRlp(node(pairs, at));
        if (branch.length >= 32) proof.push(branch);
      }
      pairs = pairs.filter((pair) => pair.path[at] === path[at]);
      at++;
    }
    return proof;
  }
}

interface Pair {
  path: number[];
  value: Uint8Array;
}

function node(pairs: readonly Pair[], at: number): RlpInput {
  const [first] = pairs as [Pair];
  if (pairs.length === 1) return [hexPrefix(first.path.slice(at), true), first.value];
  const shared = sharedFrom(pairs, at);
  if (shared > 0)
    return [hexPrefix(first.path.slice(at, at + shared), false), child(pairs, at + shared)];
  const children = Array.from({ length: 16 }, (_, nibble): RlpInput => {
    const below = pairs.filter(({ path }) => path[at] === nibble);
    return below.length === 0 ? new Uint8Array(0) : child(below, at + 1);
  });
  return [...children, new Uint8Array(0)];
}

function child(pairs: readonly Pair[], at: number): RlpInput {
  const made = node(pairs, at);
  const encoded = encodeRlp(made);
  return encoded.length < 32 ? made : keccak_256(encoded);
}

function sharedFrom(pairs: readonly Pair[], at: number): number {
  const [first] = pairs as [Pair];
  let length = 0;
  while (pairs.every(({ path }) => path[at + length] === first.path[at + length])) length++;
  return length;
}

function nibbles(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
}

export function hexPrefix(path: readonly number[], isLeaf: boolean): Uint8Array {
  const flags = (isLeaf ? 2 : 0) + (path.length % 2);
  const padded = path.length % 2 === 1 ? [flags, ...path] : [flags, 0, ...path];
  return Uint8Array.from(
    { length: padded.length / 2 },
    (_, i) => 16 * padded[2 * i]! + padded[2 * i + 1]!,
  );
}
