import { isJsonObject, parseJson } from '@showcause/core';
import { AuditError } from '../errors.ts';
import type { Disk } from './disk.ts';
import type { StreamEnd } from './state.ts';

const NAME = 'removed.json';

/** What housekeeping took from the old end of a spool: everything up to `end` is in the log. */
export interface RemovedSegments {
  end: StreamEnd;
  segments: number;
  bytes: number;
}

/** @throws {AuditError} `SPOOL_CORRUPT` */
export function readRemoved(disk: Disk, dir: string): RemovedSegments | null {
  const bytes = disk.read(`${dir}/${NAME}`);
  if (bytes === null) return null;
  try {
    const value = parseJson(new TextDecoder().decode(bytes));
    if (isJsonObject(value) && isJsonObject(value['end'] ?? null)) {
      const { segments, bytes: size } = value;
      const { epoch, seq, leaf } = value['end'] as Record<string, unknown>;
      const isNumbered = [epoch, seq, segments, size].every(
        (part) => typeof part === 'number' && Number.isSafeInteger(part),
      );
      if (isNumbered && typeof leaf === 'string' && /^[0-9a-f]{64}$/.test(leaf))
        return {
          end: { epoch: epoch as number, seq: seq as number, leaf },
          segments: segments as number,
          bytes: size as number,
        };
    }
  } catch {
    // told below
  }
  throw new AuditError('SPOOL_CORRUPT', { got: `${dir}/${NAME}`, want: 'end, segments and bytes' });
}

/** Durable on return. */
export function writeRemoved(disk: Disk, dir: string, removed: RemovedSegments): void {
  disk.replace(`${dir}/${NAME}`, `${JSON.stringify(removed)}\n`);
}
