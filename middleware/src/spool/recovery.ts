import {
  SPOOL_PROMISE,
  decodeSpoolHeader,
  equalBytes,
  encodeSignedPromise,
  encodeSpoolRecord,
  spoolFileName,
  toHex,
} from '@showcause/core';
import type { SignedPromise, SpoolHeader } from '@showcause/core';
import { AuditError } from '../errors.ts';
import type { Disk } from './disk.ts';
import { applyMending, planMending, planSettingAside } from './mend.ts';
import { scanSegment } from './scan.ts';
import type { ScannedMessage, ScannedSegment } from './scan.ts';
import type { StreamEnd } from './state.ts';

/** magic, ids, numbers and a name of at most 64 characters */
export const LARGEST_HEADER = 256;

/** Something an operator must look at. Never holds personal data. */
export interface SpoolAlarm {
  code: 'SPOOL_CORRUPT';
  segment: string;
  detail: string;
}

/** A message of an earlier epoch with the segment it lies in. */
export interface FoundMessage extends ScannedMessage {
  epoch: number;
  firstSeq: number;
}

/** What the earlier epochs left behind, after their tails were cut and everything was promised. */
export interface Recovered {
  messages: readonly FoundMessage[];
  /** newest epoch that has an entry */
  end: StreamEnd | null;
  newestEpoch: number;
  alarms: readonly SpoolAlarm[];
}

export interface RecoveryOwner {
  producer: string;
  logId: Uint8Array;
}

/** Signs a promise over leaf hashes (hex) of consecutive seqs of an earlier epoch. */
export type PromiseSigner = (
  epoch: number,
  firstSeq: number,
  leaves: readonly string[],
) => SignedPromise;

/**
 * Reads every segment of unsettled epochs: cuts torn tails, quarantines corruption with an alarm,
 * rewrites the tail so that a failed sync of the earlier process cannot hide in the page cache, and
 * signs what no promise covers.
 * @throws {AuditError} `SPOOL_FOREIGN` when a segment is another producer's or log's
 */
export function recoverSpool(
  disk: Disk,
  dir: string,
  owner: RecoveryOwner,
  settled: number,
  sign: PromiseSigner,
): Recovered {
  checkNewest(disk, dir, owner);
  const alarms: SpoolAlarm[] = [];
  const segments = unsettledSegments(disk, dir, owner, settled, alarms);
  const messages: FoundMessage[] = [];
  segments.forEach((segment, i) => {
    const last = segments[i + 1]?.header.epoch !== segment.header.epoch;
    const { damage, acts, parts } = planMending(segment, last);
    if (damage !== null)
      alarms.push({ code: 'SPOOL_CORRUPT', segment: segment.name, detail: damage });
    for (const act of acts) applyMending(disk, dir, act);
    for (const part of parts) {
      if (last || part.uncovered.length > 0) settleTail(disk, dir, part, sign);
      for (const message of part.messages)
        messages.push({ ...message, epoch: part.header.epoch, firstSeq: part.header.firstSeq });
    }
  });
  const newest = messages.at(-1);
  return {
    messages,
    end:
      newest === undefined
        ? null
        : { epoch: newest.epoch, seq: newest.seq, leaf: toHex(newest.leaf) },
    newestEpoch: segments.at(-1)?.header.epoch ?? 0,
    alarms,
  };
}

/** Also of a spool that was left in order: its newest segment says whose it is. */
function checkNewest(disk: Disk, dir: string, owner: RecoveryOwner): void {
  const newest = disk.list(dir).findLast((name) => name.endsWith('.spool'));
  if (newest === undefined) return;
  let header: SpoolHeader;
  try {
    ({ header } = decodeSpoolHeader(disk.readAt(`${dir}/${newest}`, 0, LARGEST_HEADER)));
  } catch {
    return; // being begun when the crash came
  }
  checkOwner(header, newest, owner);
}

function checkOwner(header: SpoolHeader, name: string, owner: RecoveryOwner): void {
  const own =
    header.producer === owner.producer &&
    equalBytes(header.logId, owner.logId) &&
    spoolFileName(header) === name;
  if (!own)
    throw new AuditError('SPOOL_FOREIGN', { got: name, want: `segments of ${owner.producer}` });
}

function unsettledSegments(
  disk: Disk,
  dir: string,
  owner: RecoveryOwner,
  settled: number,
  alarms: SpoolAlarm[],
): ScannedSegment[] {
  const segments: ScannedSegment[] = [];
  for (const name of disk.list(dir)) {
    if (!name.endsWith('.spool')) continue;
    const path = `${dir}/${name}`;
    if (epochInName(name) < settled) continue;
    const bytes = disk.read(path)!;
    let segment: ScannedSegment;
    try {
      segment = scanSegment(name, bytes);
    } catch {
      // Begun, but the crash came before its header was durable: nothing in it was ever promised.
      if (bytes.length > LARGEST_HEADER)
        alarms.push({ code: 'SPOOL_CORRUPT', segment: name, detail: 'header is not whole' });
      for (const act of planSettingAside(name, bytes)) applyMending(disk, dir, act);
      continue;
    }
    checkOwner(segment.header, name, owner);
    segments.push(segment);
  }
  return segments;
}

export function epochInName(name: string): number {
  return Number(name.split('-').at(-2));
}

/** Makes the last segment of an epoch durable again, byte for byte, and promises its uncovered tail. */
function settleTail(disk: Disk, dir: string, segment: ScannedSegment, sign: PromiseSigner): void {
  const file = disk.open(`${dir}/${segment.name}`);
  try {
    file.write(segment.bytes.subarray(0, segment.goodBytes), 0);
    const [first] = segment.uncovered;
    if (first !== undefined) {
      const signed = sign(
        segment.header.epoch,
        first.seq,
        segment.uncovered.map(({ leaf }) => toHex(leaf)),
      );
      const record = encodeSpoolRecord({
        type: SPOOL_PROMISE,
        seq: segment.uncovered.at(-1)!.seq,
        bytes: encodeSignedPromise(signed),
      });
      file.write(record, segment.goodBytes);
    }
    file.datasync();
  } finally {
    file.close();
  }
}
