import { randomFillSync } from 'node:crypto';
import { AuditError } from '../errors.ts';
import type { Disk } from './disk.ts';

export const RESERVE = 'reserve';
const CHUNK_BYTES = 256 * 1024;
/** How long an answer about free space is believed, and how soon a reserve that failed is tried again. */
const LOOK_EVERY_MS = 1000;
/** A reserve costs its bytes in writes: no more of them in that time on a disk that takes nothing. */
const TRIES_A_LOOK = 8;

export interface RoomLimits {
  /** all segments of the folder together */
  maxSpoolBytes: number;
  /** the file system keeps at least so many bytes free */
  minFreeBytes: number;
  /** held back for the end of the stream; 0 for none */
  reserveBytes: number;
}

/** What is left to write to. */
export interface RoomStatus {
  freeBytes: number;
  /** bytes that the end of the stream may still use on a full disk */
  reserved: number;
}

/**
 * How much a spool may still take. It refuses before the disk is full, and a file of real blocks is
 * held back for that moment: it goes when the disk takes no more, and what then closes the stream (a
 * gap, its end) fits where it was. Until the reserve is held again nothing else is taken.
 */
export class Room {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #limits: RoomLimits;
  #closing = false;
  #isHeld: boolean;
  #free: number;
  /** bytes that may be written before free space is looked at again */
  #credit = 0;
  #lookedAt = -Infinity;
  #refusals = 0;
  #refusedAt = -Infinity;

  constructor(disk: Disk, dir: string, limits: RoomLimits) {
    this.#disk = disk;
    this.#dir = dir;
    this.#limits = limits;
    this.#free = disk.freeBytes(dir);
    this.#isHeld = this.#hold();
  }

  /** @param spoolBytes  of all segments @throws {AuditError} `SPOOL_FULL` */
  admit(spoolBytes: number, bytes: number): void {
    const { maxSpoolBytes, minFreeBytes, reserveBytes } = this.#limits;
    const most = maxSpoolBytes + (this.#closing ? reserveBytes : 0);
    if (spoolBytes + bytes > most)
      throw new AuditError('SPOOL_FULL', {
        got: `${spoolBytes} bytes and ${bytes} more`,
        want: `at most ${maxSpoolBytes}`,
      });
    if (this.#closing) return;
    if (!this.#isHeld && !this.#holdAgain())
      throw new AuditError('SPOOL_FULL', {
        got: 'a disk without room for the reserve',
        want: `${reserveBytes} bytes beside ${minFreeBytes} free ones`,
      });
    this.#look(bytes);
    if (this.#free - bytes < minFreeBytes)
      throw new AuditError('SPOOL_FULL', {
        got: `${this.#free} free bytes on its disk`,
        want: `at least ${minFreeBytes}`,
      });
    this.#credit -= bytes;
  }

  /** Something was written: the disk takes bytes. */
  worked(): void {
    this.#refusals = 0;
  }

  /** The disk took no more. @returns whether what closes the stream may be tried again */
  ranOut(): boolean {
    this.#refusals++;
    this.#refusedAt = performance.now();
    this.#lookedAt = -Infinity;
    const wasHeld = this.#isHeld && this.#limits.reserveBytes > 0;
    this.#release();
    return this.#closing && wasHeld;
  }

  /** From here on only what closes the stream is written, and the reserve is for it. */
  close(): void {
    this.#closing = true;
  }

  status(): RoomStatus {
    if (performance.now() - this.#lookedAt > LOOK_EVERY_MS) this.#look(Infinity);
    const { reserveBytes } = this.#limits;
    return { freeBytes: this.#free, reserved: this.#isHeld ? reserveBytes : 0 };
  }

  /** Whether the next ordinary record would be refused for want of disk. */
  get isLow(): boolean {
    return this.status().freeBytes < this.#limits.minFreeBytes;
  }

  #look(bytes: number): void {
    const isFresh = performance.now() - this.#lookedAt < LOOK_EVERY_MS;
    if (isFresh && bytes <= this.#credit) return;
    this.#free = this.#disk.freeBytes(this.#dir);
    this.#lookedAt = performance.now();
    // Others write to this disk too: half of what is above the mark, and then another look.
    this.#credit = Math.max(0, (this.#free - this.#limits.minFreeBytes) / 2);
  }

  /** A disk that says it has room and takes nothing is asked again after a while only. */
  #holdAgain(): boolean {
    const isSoon = performance.now() - this.#refusedAt < LOOK_EVERY_MS;
    if (this.#refusals > TRIES_A_LOOK && isSoon) return false;
    this.#isHeld = this.#hold();
    if (!this.#isHeld) {
      this.#refusals++;
      this.#refusedAt = performance.now();
    }
    return this.#isHeld;
  }

  /** Real blocks, not a hole, and nothing that a file system could make smaller. */
  #hold(): boolean {
    const { reserveBytes, minFreeBytes } = this.#limits;
    if (!(reserveBytes > 0)) return true;
    const path = `${this.#dir}/${RESERVE}`;
    const there = this.#disk.modified(path) === null ? 0 : this.#disk.size(path);
    if (there === reserveBytes) return true;
    if (this.#disk.freeBytes(this.#dir) < minFreeBytes + reserveBytes - there) return false;
    try {
      this.#release();
      const file = this.#disk.create(path);
      try {
        const chunk = randomFillSync(new Uint8Array(Math.min(CHUNK_BYTES, reserveBytes)));
        for (let at = 0; at < reserveBytes; at += chunk.length)
          file.write(chunk.subarray(0, Math.min(chunk.length, reserveBytes - at)), at);
        file.datasync();
      } finally {
        file.close();
      }
      this.#disk.syncDirectory(this.#dir);
      return true;
    } catch (error) {
      this.#release();
      if (isDiskFull(error)) return false;
      throw error;
    }
  }

  #release(): void {
    this.#isHeld = !(this.#limits.reserveBytes > 0);
    const path = `${this.#dir}/${RESERVE}`;
    if (this.#disk.modified(path) === null) return;
    try {
      this.#disk.remove(path);
      this.#disk.syncDirectory(this.#dir);
    } catch {
      // Then nothing is gained, and the next write says so.
    }
  }
}

export function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
