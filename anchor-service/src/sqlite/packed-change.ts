import type { Hash } from '@showcause/core';
import type { Change, Leaf, Position } from '../ports.ts';

/**
 * A change as few large arrays: a message between threads costs by the object, and a batch of rows is thousands of them.
 */
export interface PackedChange extends Omit<Change, 'leaves' | 'sealed'> {
  /** as many as there are leaves, in a row */
  hashes: Uint8Array;
  entries: Joined;
  /** names that `positions` counts */
  producers: readonly string[];
  /** a leaf: place in `producers` or -1, epoch, seq */
  positions: Float64Array;
  sealed: Joined;
  sealedIndexes: Float64Array;
}

/** Byte strings one after the other. */
export interface Joined {
  bytes: Uint8Array;
  lengths: Uint32Array;
}

const HASH_BYTES = 32;
const NOWHERE = -1;

export function packChange({ leaves, sealed, ...rest }: Change): PackedChange {
  const hashes = new Uint8Array(HASH_BYTES * leaves.length);
  const positions = new Float64Array(3 * leaves.length);
  const producers = new Map<string, number>();
  leaves.forEach(({ hash, position }, i) => {
    hashes.set(hash, HASH_BYTES * i);
    positions[3 * i] = placeOf(position, producers);
    positions[3 * i + 1] = position?.epoch ?? 0;
    positions[3 * i + 2] = position?.seq ?? 0;
  });
  return {
    ...rest,
    hashes,
    entries: joinBytes(leaves.map(({ entry }) => entry)),
    producers: [...producers.keys()],
    positions,
    sealed: joinBytes(sealed.map(({ bytes }) => bytes)),
    sealedIndexes: Float64Array.from(sealed.map(({ index }) => index)),
  };
}

function placeOf(position: Position | null, producers: Map<string, number>): number {
  if (position === null) return NOWHERE;
  let place = producers.get(position.producer);
  if (place === undefined) producers.set(position.producer, (place = producers.size));
  return place;
}

/** Byte strings are views of the packed arrays. */
export function unpackChange(packed: PackedChange): Change {
  const { hashes, entries, producers, positions, sealed, sealedIndexes, ...rest } = packed;
  const leaves = splitBytes(entries).map((entry, i): Leaf => {
    const producer = producers[positions[3 * i]!];
    return {
      index: rest.oldSize + i,
      hash: hashes.subarray(HASH_BYTES * i, HASH_BYTES * (i + 1)) satisfies Hash,
      entry,
      position:
        producer === undefined
          ? null
          : { producer, epoch: positions[3 * i + 1]!, seq: positions[3 * i + 2]! },
    };
  });
  return {
    ...rest,
    leaves,
    sealed: splitBytes(sealed).map((bytes, i) => ({ index: sealedIndexes[i]!, bytes })),
  };
}

/** What a message can hand over instead of copying it. */
export function buffersOf({ hashes, entries, positions, sealed }: PackedChange): ArrayBuffer[] {
  return [hashes, entries.bytes, entries.lengths, positions, sealed.bytes, sealed.lengths].map(
    ({ buffer }) => buffer as ArrayBuffer,
  );
}

export function joinBytes(parts: readonly Uint8Array[]): Joined {
  const lengths = new Uint32Array(parts.length);
  let sum = 0;
  for (let i = 0; i < parts.length; i++) sum += lengths[i] = parts[i]!.length;
  const bytes = new Uint8Array(sum);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, lengths };
}

/** Views, not copies. */
export function splitBytes({ bytes, lengths }: Joined): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let at = 0;
  // By index: what iterates over typed arrays makes an object for each step.
  for (let i = 0; i < lengths.length; i++) parts.push(bytes.subarray(at, (at += lengths[i]!)));
  return parts;
}
