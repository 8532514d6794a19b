import { isJsonObject, parseJson } from '@showcause/core';
import { AuditError } from '../errors.ts';
import type { Disk } from './disk.ts';

export const STATE_NAME = 'epoch.json';

/** The last entry of an epoch: how the next epoch says what it follows. `leaf` is hex. */
export interface StreamEnd {
  epoch: number;
  seq: number;
  leaf: string;
}

/** What must be durable before an epoch is used. */
export interface EpochState {
  /** newest epoch ever begun */
  last: number;
  /** epochs below this one are closed: every entry promised, every intent decided */
  settled: number;
  previous: StreamEnd | null;
}

/** @throws {AuditError} `SPOOL_CORRUPT` */
export function readEpochState(disk: Disk, dir: string): EpochState {
  const bytes = disk.read(`${dir}/${STATE_NAME}`);
  if (bytes === null) return { last: 0, settled: 0, previous: null };
  const bad = (): never => {
    throw new AuditError('SPOOL_CORRUPT', {
      got: `${dir}/${STATE_NAME}`,
      want: 'last, settled and previous',
    });
  };
  let value;
  try {
    value = parseJson(new TextDecoder().decode(bytes));
  } catch {
    return bad();
  }
  if (!isJsonObject(value)) return bad();
  const { last, settled, previous } = value;
  if (typeof last !== 'number' || typeof settled !== 'number' || previous === undefined)
    return bad();
  if (previous === null) return { last, settled, previous };
  if (!isJsonObject(previous)) return bad();
  const { epoch, seq, leaf } = previous;
  if (typeof epoch !== 'number' || typeof seq !== 'number' || typeof leaf !== 'string')
    return bad();
  return { last, settled, previous: { epoch, seq, leaf } };
}

/** Whether an epoch there has no end: promises, decisions, or who owns which key may be missing. */
export function needsRecovery(disk: Disk, dir: string): boolean {
  const { last, settled } = readEpochState(disk, dir);
  return settled <= last;
}

/** Durable on return. */
export function writeEpochState(disk: Disk, dir: string, state: EpochState): void {
  disk.replace(`${dir}/${STATE_NAME}`, `${JSON.stringify(state)}\n`);
}

/** max(last + 1, Unix ms): a clock set back cannot bring an epoch back. */
export function nextEpoch(last: number, now: number): number {
  const epoch = Math.max(last + 1, now);
  if (!Number.isSafeInteger(epoch)) throw new RangeError(`got epoch ${epoch}, want less than 2^53`);
  return epoch;
}
