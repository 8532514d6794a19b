import { MAX_SPOOL_RECORD_BYTES, SPOOL_MESSAGE, crc32c } from '@showcause/core';
import { hashHex } from './hashing.ts';

/** len u32 ‖ crc32c u32 ‖ seq u64 ‖ type u8, then entry length u32 */
const HEAD = 17;
const ENTRY_AT = HEAD + 4;
const FIRST_BYTES = 256 * 1024;

/** Where an entry lies in the group. */
export interface GroupPlace {
  at: number;
  length: number;
  entryLength: number;
  /** hex */
  leaf: string;
}

/**
 * The bytes of one group commit, written once where they are sent from: spool records of messages,
 * then the promise. The memory stays for the next group.
 */
export class GroupBuffer {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Appends the record of a message. @param entry  ASCII text, or the entry's bytes */
  message(seq: number, entry: string | Uint8Array, sealed: Uint8Array): GroupPlace {
    const entryLength = entry.length;
    const body = 4 + entryLength + sealed.length;
    const at = this.#grow(HEAD + body);
    const bytes = this.#bytes;
    const start = at + ENTRY_AT;
    if (typeof entry === 'string') bytes.write(entry, start, 'latin1');
    else bytes.set(entry, start);
    bytes.set(sealed, start + entryLength);
    // RFC 6962 hashes 0x00 ‖ entry: the byte before the entry is zero until the length is written there.
    bytes[start - 1] = 0;
    const leaf = hashHex(bytes.subarray(start - 1, start + entryLength));
    bytes.writeUInt32BE(entryLength, at + HEAD);
    this.#frame(at, body, seq, SPOOL_MESSAGE);
    return { at, length: HEAD + body, entryLength, leaf };
  }

  /** Appends bytes that are a spool record already. */
  append(record: Uint8Array): void {
    const at = this.#grow(record.length);
    this.#bytes.set(record, at);
  }

  /** The bytes so far; valid until the next change. */
  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The entry at a place; valid until the next change. */
  entry({ at, entryLength }: GroupPlace): Buffer {
    return this.#bytes.subarray(at + ENTRY_AT, at + ENTRY_AT + entryLength);
  }

  clear(): void {
    this.#length = 0;
  }

  #frame(at: number, body: number, seq: number, type: number): void {
    const bytes = this.#bytes;
    bytes.writeUInt32BE(body, at);
    bytes.writeUInt32BE(Math.floor(seq / 2 ** 32), at + 8);
    bytes.writeUInt32BE(seq % 2 ** 32, at + 12);
    bytes[at + 16] = type;
    bytes.writeUInt32BE(crc32c(bytes, at + 8, at + HEAD + body), at + 4);
  }

  #grow(by: number): number {
    if (by > MAX_SPOOL_RECORD_BYTES + HEAD) throw new RangeError(`got a record of ${by} bytes`);
    const at = this.#length;
    if (at + by > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(at + by, 2 * this.#bytes.length));
      larger.set(this.bytes());
      this.#bytes = larger;
    }
    this.#length = at + by;
    return at;
  }
}
