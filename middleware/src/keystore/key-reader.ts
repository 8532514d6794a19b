import { AuditError } from '../errors.ts';
import type { Disk } from '../spool/disk.ts';
import { ASSIGNED, DESTROYED, MAGIC, RECORD_BYTES, decodeRecord, openKey } from './records.ts';

/** Keys of another process's store, which may be writing it. Changes nothing and keeps no key. */
export class KeyReader {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #storeKey: Uint8Array;
  /** file offset of each ordinal's record */
  readonly #keyAt: number[] = [];
  #read = MAGIC.length;

  constructor(disk: Disk, path: string, storeKey: Uint8Array) {
    this.#disk = disk;
    this.#path = path;
    this.#storeKey = storeKey;
  }

  /** A key by its ordinal as it stands now, or null once destroyed. @throws {AuditError} `KEY_STORE` */
  key(ordinal: number): Uint8Array | null {
    if (this.#keyAt[ordinal] === undefined) this.#readOn();
    const at = this.#keyAt[ordinal];
    if (at === undefined) return null;
    const record = decodeRecord(this.#disk.readAt(this.#path, at, RECORD_BYTES));
    if (record === null)
      throw new AuditError('KEY_STORE', { got: `a damaged record at byte ${at}` });
    return record.kind === DESTROYED ? null : openKey(this.#storeKey, record.wrapped);
  }

  #readOn(): void {
    if (this.#disk.modified(this.#path) === null) return;
    const bytes = this.#disk.readAt(
      this.#path,
      this.#read,
      this.#disk.size(this.#path) - this.#read,
    );
    for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
      const record = decodeRecord(bytes.subarray(at, at + RECORD_BYTES));
      if (record === null) return; // on its way to the disk
      if (record.kind !== ASSIGNED) this.#keyAt[record.ordinal] = this.#read;
      this.#read += RECORD_BYTES;
    }
  }
}
