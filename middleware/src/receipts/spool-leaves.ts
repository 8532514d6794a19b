import {
  MAX_SPOOL_RECORD_BYTES,
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  decodeMessage,
  decodeSpoolHeader,
  equalBytes,
  leafHash,
  readSpoolRecord,
  toHex,
} from '@showcause/core';
import type { Hash, SpoolRecord } from '@showcause/core';
import { AuditError } from '../errors.ts';
import type { Disk } from '../spool/disk.ts';
import { endAt, segmentNames } from '../spool/inspect.ts';
import { LARGEST_HEADER } from '../spool/recovery.ts';
import type { StreamEnd } from '../spool/state.ts';

/** So much is read in one turn of the event loop: a spool is large, and others wait. */
const WINDOW_BYTES = 256 * 1024;
const RECORD_HEAD_BYTES = 17;

/** One segment, as far as it was read. */
export interface ReadSegment {
  name: string;
  epoch: number;
  /** bytes read */
  at: number;
  /** leaves that nobody has taken yet */
  missing: number;
  /** messages behind the last promise */
  unpromised: number;
  /** its last message */
  end: StreamEnd | null;
  /** first damaged byte; what lies behind it was not read */
  damage: number | null;
}

export interface LeafOptions {
  /** segments of another log are refused */
  logId: Hash;
  /** which records' leaves are wanted of which segment */
  wants: (type: SpoolRecord['type'], segment: string) => boolean;
}

/** The leaf hashes of a spool as it grows; each byte is read once, each leaf is there until it is taken. */
export class SpoolLeaves {
  readonly segments = new Map<string, ReadSegment>();
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #options: LeafOptions;
  readonly #missing = new Map<string, ReadSegment>();
  /** each epoch sends its registrations again; a log has them once */
  readonly #seen = new Set<string>();
  #count = 0;

  constructor(disk: Disk, dir: string, options: LeafOptions) {
    this.#disk = disk;
    this.#dir = dir;
    this.#options = options;
  }

  /** leaves so far, taken ones too */
  get count(): number {
    return this.#count;
  }
  get missing(): number {
    return this.#missing.size;
  }

  /**
   * Reads what the spool has got since, oldest first, while fewer than `most` leaves are missing.
   * @returns whether everything was read
   * @throws {AuditError} `SPOOL_FOREIGN`; `SPOOL_CORRUPT` for a segment without a header
   */
  async read(most = Infinity): Promise<boolean> {
    const names = segmentNames(this.#disk, this.#dir);
    for (const name of this.segments.keys()) if (!names.includes(name)) this.segments.delete(name);
    for (const name of names) {
      const segment = this.segments.get(name) ?? this.#open(name, name === names.at(-1));
      if (segment === null || segment.damage !== null) continue;
      while (this.#readOn(segment)) {
        if (this.#missing.size >= most) return false;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    return true;
  }

  /** A leaf that was found elsewhere is missing no more. @returns its segment, or null for one that is not missed */
  take(leaf: Hash): ReadSegment | null {
    const key = keyOf(leaf);
    const segment = this.#missing.get(key);
    if (segment === undefined) return null;
    this.#missing.delete(key);
    segment.missing--;
    return segment;
  }

  has(leaf: Hash): boolean {
    return this.#missing.has(keyOf(leaf));
  }

  /** @returns null while the newest segment is being begun, or for one that was removed meanwhile */
  #open(name: string, isNewest: boolean): ReadSegment | null {
    const path = `${this.#dir}/${name}`;
    if (this.#disk.modified(path) === null) return null;
    const bytes = this.#disk.readAt(path, 0, LARGEST_HEADER);
    let opened: ReturnType<typeof decodeSpoolHeader>;
    try {
      opened = decodeSpoolHeader(bytes);
    } catch (cause) {
      if (isNewest && bytes.length < LARGEST_HEADER) return null;
      throw new AuditError('SPOOL_CORRUPT', { got: `no whole header in ${name}`, cause });
    }
    const { header, length } = opened;
    if (!equalBytes(header.logId, this.#options.logId))
      throw new AuditError('SPOOL_FOREIGN', { got: name, want: 'segments of this log' });
    const { epoch } = header;
    const none = { missing: 0, unpromised: 0, end: null, damage: null };
    const segment: ReadSegment = { name, epoch, at: length, ...none };
    this.segments.set(name, segment);
    return segment;
  }

  /** @returns whether there may be more */
  #readOn(segment: ReadSegment): boolean {
    const path = `${this.#dir}/${segment.name}`;
    if (this.#disk.modified(path) === null) return false;
    const size = this.#disk.size(path);
    if (size <= segment.at) return false;
    const window = this.#disk.readAt(path, segment.at, WINDOW_BYTES);
    if (this.#take(segment, window) > 0) return true;
    // A record larger than the window, an unfinished one, or damage: all that is left decides.
    const most = RECORD_HEAD_BYTES + MAX_SPOOL_RECORD_BYTES;
    if (this.#take(segment, this.#disk.readAt(path, segment.at, most)) > 0) return true;
    const rest = this.#disk.readAt(path, segment.at, size - segment.at);
    if (endAt(rest, 0) === 'corrupt') segment.damage = segment.at;
    return false;
  }

  /** @returns how many bytes were whole records */
  #take(segment: ReadSegment, bytes: Uint8Array): number {
    let at = 0;
    for (;;) {
      const read = readSpoolRecord(bytes, at);
      if (read.kind !== 'record') break;
      this.#add(segment, read.record);
      at = read.next;
    }
    segment.at += at;
    return at;
  }

  #add(segment: ReadSegment, { type, seq, bytes }: SpoolRecord): void {
    if (type === SPOOL_PROMISE) {
      segment.unpromised = 0;
      return;
    }
    const leaf = leafHash(decodeMessage(bytes).entry);
    if (type === SPOOL_MESSAGE) {
      segment.unpromised++;
      segment.end = { epoch: segment.epoch, seq, leaf: toHex(leaf) };
    }
    if (!this.#options.wants(type, segment.name)) return;
    const key = keyOf(leaf);
    if (type !== SPOOL_MESSAGE) {
      if (this.#seen.has(key)) return;
      this.#seen.add(key);
    }
    this.#count++;
    if (this.#missing.has(key)) return;
    segment.missing++;
    this.#missing.set(key, segment);
  }
}

function keyOf(leaf: Uint8Array): string {
  return Buffer.from(leaf.buffer, leaf.byteOffset, leaf.length).toString('latin1');
}
