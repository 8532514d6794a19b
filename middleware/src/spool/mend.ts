import {
  encodeSpoolHeader,
  findSpoolRecord,
  isStreamed,
  leafHash,
  parseEntry,
  spoolFileName,
  toHex,
} from '@showcause/core';
import type { SpoolHeader } from '@showcause/core';
import type { Disk } from './disk.ts';
import { scanRecords, scanSegment } from './scan.ts';
import type { ScannedMessage, ScannedSegment } from './scan.ts';

export const QUARANTINE = 'quarantine';
/** how far a transport has taken the spool */
export const CURSOR = 'published.json';

/** One step of mending a spool. What a step takes away lies whole in quarantine, or was never released. */
export type MendAct =
  /** a copy of the segment as it was found goes to quarantine */
  | { kind: 'copy'; segment: string; to: string; bytes: Uint8Array }
  /** good records behind damage become a segment of their own, or follow those before it in the same one */
  | {
      kind: 'salvage';
      segment: string;
      to: string;
      firstSeq: number;
      lastSeq: number;
      bytes: Uint8Array;
    }
  /** the segment ends at its last good record */
  | { kind: 'cut'; segment: string; from: number; to: number }
  /** the file is a segment no more; its copy stays */
  | { kind: 'set-aside'; segment: string; bytes: number };

/** What is wrong with one segment, what has to be done in this order, and what is there afterwards. */
export interface Mending {
  /** null for a clean segment or a torn tail, which is no damage */
  damage: string | null;
  acts: readonly MendAct[];
  parts: readonly ScannedSegment[];
}

/**
 * How to mend a segment: a torn tail of an epoch's last one is cut; anything else that is wrong is
 * damage, and the good records before and behind it stay.
 */
export function planMending(segment: ScannedSegment, lastOfEpoch: boolean): Mending {
  const { bytes, name, goodBytes } = segment;
  const cut: MendAct = { kind: 'cut', segment: name, from: bytes.length, to: goodBytes };
  if (segment.end === 'clean') return { damage: null, acts: [], parts: [segment] };
  if (segment.end === 'torn' && lastOfEpoch) return { damage: null, acts: [cut], parts: [segment] };
  const damage = `wrong record at byte ${goodBytes} of ${bytes.length}`;
  const acts: MendAct[] = [copyOf(name, bytes)];
  const parts: ScannedSegment[] = [];
  // What is given up after too long a search lies whole in quarantine.
  for (let at = findSpoolRecord(bytes, goodBytes + 1); typeof at === 'number';) {
    const rest = scanRecords(name, segment.header, bytes, at);
    const salvaged = salvage(segment, rest, at);
    if (salvaged !== null) {
      parts.push(salvaged.part);
      acts.push(salvaged.act);
    }
    at = rest.end === 'corrupt' ? findSpoolRecord(bytes, rest.goodBytes + 1) : 'none';
  }
  // Without a message lost before it, the rest keeps the segment's name and is the segment.
  if (parts[0]?.name === name) return { damage, acts, parts };
  return { damage, acts: [...acts, cut], parts: [segment, ...parts] };
}

/** For a file whose header is not whole: nothing in it can be placed. */
export function planSettingAside(name: string, bytes: Uint8Array): MendAct[] {
  return [copyOf(name, bytes), { kind: 'set-aside', segment: name, bytes: bytes.length }];
}

/** Durable on return. */
export function applyMending(disk: Disk, dir: string, act: MendAct): void {
  const path = `${dir}/${act.segment}`;
  if (act.kind === 'copy') {
    disk.makeDirectory(`${dir}/${QUARANTINE}`);
    disk.replace(`${dir}/${act.to}`, act.bytes);
  } else if (act.kind === 'salvage') {
    disk.replace(`${dir}/${act.to}`, act.bytes);
    if (act.to === act.segment) forgetCursor(disk, dir, act.segment);
  } else if (act.kind === 'cut') cut(disk, path, act.to);
  else {
    disk.remove(path);
    disk.syncDirectory(dir);
  }
}

function copyOf(name: string, bytes: Uint8Array): MendAct {
  const to = `${QUARANTINE}/${name}.${toHex(leafHash(bytes)).slice(0, 16)}`;
  return { kind: 'copy', segment: name, to, bytes };
}

function salvage(
  { name, header, bytes, goodBytes, messages }: ScannedSegment,
  rest: ScannedSegment,
  start: number,
): { act: MendAct; part: ScannedSegment } | null {
  const [first] = rest.messages;
  if (first === undefined) return null;
  const own: SpoolHeader = { ...header, firstSeq: first.seq, prev: prevOf(first) };
  const to = spoolFileName(own);
  const isWhole = to === name;
  if (isWhole && messages.length > 0) return null;
  const head = isWhole ? bytes.subarray(0, goodBytes) : encodeSpoolHeader(own);
  const joined = new Uint8Array(head.length + rest.goodBytes - start);
  joined.set(head);
  joined.set(bytes.subarray(start, rest.goodBytes), head.length);
  return {
    act: {
      kind: 'salvage',
      segment: name,
      to,
      firstSeq: first.seq,
      lastSeq: rest.messages.at(-1)!.seq,
      bytes: joined,
    },
    part: scanSegment(to, joined),
  };
}

function prevOf(message: ScannedMessage): Uint8Array {
  const parsed = parseEntry(message.message.entry);
  return parsed.kind === 'known' && isStreamed(parsed.entry)
    ? Buffer.from(parsed.entry.prev, 'hex')
    : new Uint8Array(32);
}

/** Bytes of this segment lie elsewhere now: what was published of it is published again. */
function forgetCursor(disk: Disk, dir: string, segment: string): void {
  const path = `${dir}/${CURSOR}`;
  const cursor = disk.read(path);
  if (cursor !== null && Buffer.from(cursor).includes(JSON.stringify(segment))) disk.remove(path);
}

function cut(disk: Disk, path: string, length: number): void {
  const file = disk.open(path);
  try {
    file.truncate(length);
    file.datasync();
  } finally {
    file.close();
  }
}
