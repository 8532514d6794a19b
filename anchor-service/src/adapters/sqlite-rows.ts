import { ServiceError } from '../errors.ts';
import type { Hash } from '@showcause/core';
import type { Leaf } from '../ports.ts';
import type { SqliteValue } from '../sqlite/driver.ts';

/** Columns in the order that `toLeaf` reads. */
export const leafColumns = 'idx, hash, entry, producer, epoch, seq';

/** The drivers are synchronous; the port is not. Messages of a driver may hold values, so that only their code is kept. */
export function attempt<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (cause) {
    if (cause instanceof ServiceError) return Promise.reject(cause);
    const code = (cause as { code?: unknown }).code;
    return Promise.reject(
      new ServiceError('STORE_FAILED', {
        got: typeof code === 'string' ? code : 'an error',
        cause,
      }),
    );
  }
}

export function toLeaf([index, hash, entry, producer, epoch, seq]: SqliteValue[]): Leaf {
  const position =
    typeof producer === 'string' ? { producer, epoch: number(epoch), seq: number(seq) } : null;
  return { index: number(index), hash: bytes(hash), entry: bytes(entry), position };
}

export function splitHashes(joined: Uint8Array): Hash[] {
  return Array.from({ length: joined.length / 32 }, (_, i) => joined.slice(32 * i, 32 * i + 32));
}

export function number(value: SqliteValue | undefined): number {
  if (typeof value !== 'number') throw new ServiceError('STORE_CORRUPT', { got: 'no number' });
  return value;
}

export function bytes(value: SqliteValue | undefined): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new ServiceError('STORE_CORRUPT', { got: 'no blob' });
  return new Uint8Array(value.buffer, value.byteOffset, value.length);
}
