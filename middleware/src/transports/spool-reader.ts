import {
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  SPOOL_REGISTRATION,
  decodeMessage,
  decodeSpoolHeader,
  parseEntry,
  readSpoolRecord,
} from '@showcause/core';
import type { SpoolRecord } from '@showcause/core';
import { AuditError } from '../errors.ts';
import { epochInName } from '../spool/recovery.ts';
import type { Disk } from '../spool/disk.ts';
import type { OutgoingMessage } from './port.ts';

/** How far everything before has been taken: a segment's file name and a byte in it. */
export interface SpoolCursor {
  segment: string;
  offset: number;
}

/** A place in a producer's stream. */
export interface StreamPlace {
  epoch: number;
  seq: number;
}

/** Messages of one step, and where the next step begins. */
export interface SpoolStep {
  messages: OutgoingMessage[];
  next: SpoolCursor;
  /** the newest promised entry among them; null for registrations alone */
  last: StreamPlace | null;
}

/** Every streamed entry has it, a registration never. */
export const PROMISE_HEADER = 'showcause-promise';
const WINDOW = 4 * 1024 * 1024;

/**
 * Reads what a promise covers, in order, from the cursor on. Messages without a promise wait: they
 * are on this disk, but nobody was told.
 * @returns null when nothing new is covered
 * @throws {AuditError} `SPOOL_CORRUPT` when bytes behind the cursor are not records
 */
export function readCovered(disk: Disk, dir: string, cursor: SpoolCursor | null): SpoolStep | null {
  const names = disk.list(dir).filter((name) => name.endsWith('.spool'));
  const from = cursor === null ? 0 : names.findIndex((name) => name >= cursor.segment);
  if (from < 0) return null;
  for (const name of names.slice(from)) {
    const start = name === cursor?.segment ? cursor.offset : headerLength(disk, `${dir}/${name}`);
    if (start === null) return null;
    const step = readSegment(disk, dir, name, start);
    if (step !== null) return step;
  }
  return null;
}

function headerLength(disk: Disk, path: string): number | null {
  try {
    return decodeSpoolHeader(disk.readAt(path, 0, 256)).length;
  } catch {
    return null; // being begun
  }
}

function readSegment(disk: Disk, dir: string, segment: string, start: number): SpoolStep | null {
  const path = `${dir}/${segment}`;
  let bytes = disk.readAt(path, start, WINDOW);
  const messages: OutgoingMessage[] = [];
  let waiting: SpoolRecord[] = [];
  let next = start;
  let last: StreamPlace | null = null;
  for (let at = 0; ;) {
    const read = readSpoolRecord(bytes, at);
    if (read.kind === 'corrupt')
      throw new AuditError('SPOOL_CORRUPT', { got: `${segment} at byte ${start + at}` });
    if (read.kind === 'end') {
      // A batch larger than the window is read whole; a tail without promise waits.
      if (messages.length > 0 || bytes.length < WINDOW) break;
      const more = disk.readAt(path, start, bytes.length + WINDOW);
      if (more.length === bytes.length) break;
      bytes = more;
      continue;
    }
    const { record } = read;
    if (record.type === SPOOL_MESSAGE) waiting.push(record);
    if (record.type === SPOOL_REGISTRATION) messages.push(outgoing(record, {}));
    if (record.type === SPOOL_PROMISE) {
      messages.push(
        ...waiting.map((covered) => outgoing(covered, { [PROMISE_HEADER]: record.bytes })),
      );
      waiting = [];
      last = { epoch: epochInName(segment), seq: record.seq };
    }
    at = read.next;
    if (waiting.length === 0) next = start + at;
  }
  return messages.length === 0 ? null : { messages, next: { segment, offset: next }, last };
}

/** CloudEvents 1.0.2 attributes as Kafka headers; nothing in them is about a person. */
function outgoing(record: SpoolRecord, more: Record<string, Uint8Array>): OutgoingMessage {
  const parsed = parseEntry(decodeMessage(record.bytes).entry);
  if (parsed.kind !== 'known')
    throw new AuditError('SPOOL_CORRUPT', { got: `an entry of kind ${parsed.kind}` });
  const { id, type, time } = parsed.entry;
  // Genesis and anchorage entries are of the log, not of a producer.
  const { entry } = parsed;
  const producer = entry.type === 'genesis' || entry.type === 'anchorage' ? '' : entry.producer;
  return {
    value: record.bytes,
    producer,
    headers: {
      ce_id: id,
      ce_source: producer,
      ce_type: `org.showcause.entry.${type}`,
      ce_specversion: '1.0',
      ce_time: time,
      'content-type': 'application/octet-stream',
      ...more,
    },
  };
}
