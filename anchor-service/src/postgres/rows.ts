import type { Hash } from '@showcause/core';
import { ServiceError } from '../errors.ts';
import type { Leaf } from '../ports.ts';
import type { PostgresValue } from './connections.ts';

/** Columns in the order that `toLeaf` reads. */
export const leafColumns = 'idx, hash, entry, producer, epoch, seq';

export function toLeaf([index, hash, entry, producer, epoch, seq]: PostgresValue[]): Leaf {
  const position =
    typeof producer === 'string' ? { producer, epoch: number(epoch), seq: number(seq) } : null;
  return { index: number(index), hash: bytes(hash), entry: bytes(entry), position };
}

export function splitHashes(joined: Uint8Array): Hash[] {
  return Array.from({ length: joined.length / 32 }, (_, i) => joined.slice(32 * i, 32 * i + 32));
}

export function number(value: PostgresValue | undefined): number {
  if (typeof value !== 'number') throw new ServiceError('STORE_CORRUPT', { got: 'no number' });
  return value;
}

export function bytes(value: PostgresValue | undefined): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new ServiceError('STORE_CORRUPT', { got: 'no bytes' });
  return value;
}
