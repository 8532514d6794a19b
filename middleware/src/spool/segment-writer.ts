import { encodeSpoolHeader, spoolFileName } from '@showcause/core';
import type { SpoolHeader } from '@showcause/core';
import { AuditError } from '../errors.ts';
import type { Disk, DiskFile } from './disk.ts';
import { Room, isDiskFull } from './room.ts';
import type { RoomLimits, RoomStatus } from './room.ts';

export interface SegmentLimits extends RoomLimits {
  /** a new segment begins once this many bytes are reached */
  segmentBytes: number;
}

/** Where records of one append lie: the segment is named by its first seq. */
export interface Extent {
  firstSeq: number;
  offset: number;
}

/**
 * Appends to the newest segment of one epoch: write → fdatasync → durable. After a failed sync the
 * descriptor is never synced again (Linux marks the lost pages clean, so a second sync would lie);
 * every later append is refused.
 */
export class SegmentWriter {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #limits: SegmentLimits;
  #file: DiskFile | null = null;
  #firstSeq = 0;
  #length = 0;
  #unsynced = 0;
  #total: number;
  readonly #checkLock: () => void;
  readonly #room: Room;
  #poison: unknown = null;

  /** @param checkLock  throws once the folder is another process's: then nothing written counts as durable */
  constructor(disk: Disk, dir: string, limits: SegmentLimits, checkLock: () => void) {
    this.#checkLock = checkLock;
    this.#disk = disk;
    this.#dir = dir;
    this.#limits = limits;
    this.#total = spoolBytes(disk, dir);
    this.#room = new Room(disk, dir, limits);
  }

  get poisoned(): boolean {
    return this.#poison !== null;
  }
  /** Code of what poisoned it, or null. */
  get poison(): string | null {
    return this.#poison === null ? null : codeOf(this.#poison);
  }
  get totalBytes(): number {
    return this.#total;
  }
  get room(): RoomStatus {
    return this.#room.status();
  }
  /** True when its disk is too full for the next ordinary append. */
  get isLow(): boolean {
    return this.#room.isLow;
  }
  /** True when the next append may begin a new segment. */
  get full(): boolean {
    return this.#length >= this.#limits.segmentBytes;
  }
  /** Where the next append will lie. */
  get position(): Extent {
    return { firstSeq: this.#firstSeq, offset: this.#length };
  }

  /**
   * Header → fdatasync → fsync of the folder.
   * @throws {AuditError} `SPOOL_FULL` when the disk is full: then there is no such segment; `SPOOL_POISONED`
   */
  begin(header: SpoolHeader): void {
    this.#guard();
    const bytes = encodeSpoolHeader(header);
    const path = `${this.#dir}/${spoolFileName(header)}`;
    this.#whileThereIsRoom(
      () => {
        const file = this.#disk.create(path);
        file.write(bytes, 0);
        file.datasync();
        this.#disk.syncDirectory(this.#dir);
        this.#file?.close();
        this.#file = file;
      },
      () => {
        if (this.#disk.modified(path) === null) return;
        this.#disk.remove(path);
        this.#disk.syncDirectory(this.#dir);
      },
    );
    this.#firstSeq = header.firstSeq;
    this.#length = bytes.length;
    this.#total = spoolBytes(this.#disk, this.#dir);
  }

  /** @throws {AuditError} `SPOOL_FULL` before anything is written */
  admit(bytes: number): void {
    this.#guard();
    const { maxSpoolBytes } = this.#limits;
    // Old segments may have gone meanwhile.
    if (this.#total + bytes > maxSpoolBytes) this.#total = spoolBytes(this.#disk, this.#dir);
    this.#room.admit(this.#total, bytes);
  }

  /** From here on only what closes the stream is written: the reserve is for it. */
  beginClosing(): void {
    this.#room.close();
  }

  /**
   * Writes without a sync; {@link sync} or {@link syncLater} has to follow before the next write.
   * @throws {AuditError} `SPOOL_FULL` when the disk is full: nothing of `bytes` stays; `SPOOL_POISONED`
   */
  write(bytes: Uint8Array): void {
    const file = this.#open();
    if (this.#unsynced > 0) throw new TypeError('an earlier write was not synced');
    this.#whileThereIsRoom(
      () => {
        this.#checkLock();
        file.write(bytes, this.#length);
      },
      () => {
        file.truncate(this.#length);
        file.datasync();
      },
    );
    this.#unsynced = bytes.length;
  }

  /** What was written is durable on return. @throws {AuditError} `SPOOL_POISONED` */
  sync(): void {
    try {
      this.#open().datasync();
    } catch (cause) {
      throw cause instanceof AuditError ? cause : this.#fail(cause);
    }
    const refused = this.#settle();
    if (refused !== null) throw refused;
  }

  /** The same without waiting. @param done  called with null once durable, with the refusal otherwise */
  syncLater(done: (refused: AuditError | null) => void): void {
    this.#open().datasyncLater((cause) => {
      done(cause === null ? this.#settle() : this.#fail(cause));
    });
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  /**
   * A write that did not fit leaves nothing behind, and that is made sure of before anything else is
   * written. What closes the stream is tried once more where the reserve was.
   */
  #whileThereIsRoom(write: () => void, undo: () => void): void {
    for (;;) {
      try {
        return write();
      } catch (cause) {
        if (!isDiskFull(cause)) throw this.#fail(cause);
        try {
          undo();
        } catch (again) {
          throw this.#fail(again);
        }
        if (!this.#room.ranOut()) throw new AuditError('SPOOL_FULL', { got: 'a full disk', cause });
      }
    }
  }

  /** Synced while the lock was held: whoever takes the folder over reads what was written. */
  #settle(): AuditError | null {
    try {
      this.#checkLock();
    } catch (cause) {
      return this.#fail(cause);
    }
    this.#length += this.#unsynced;
    this.#total += this.#unsynced;
    this.#unsynced = 0;
    this.#room.worked();
    return null;
  }

  #open(): DiskFile {
    this.#guard();
    if (this.#file === null) throw new TypeError('no segment was begun');
    return this.#file;
  }

  #guard(): void {
    if (this.#poison !== null)
      throw new AuditError('SPOOL_POISONED', { got: this.poison!, cause: this.#poison });
  }

  #fail(cause: unknown): AuditError {
    this.#poison = cause ?? new Error('unknown');
    return new AuditError('SPOOL_POISONED', {
      got: codeOf(this.#poison),
      cause,
    });
  }
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? 'a failed write';
}

function spoolBytes(disk: Disk, dir: string): number {
  return disk
    .list(dir)
    .filter((name) => name.endsWith('.spool'))
    .reduce((sum, name) => sum + sizeOf(disk, `${dir}/${name}`), 0);
}

/** A segment may be removed between the list and the look. */
function sizeOf(disk: Disk, path: string): number {
  return disk.modified(path) === null ? 0 : disk.size(path);
}
