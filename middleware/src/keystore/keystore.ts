import { randomBytes } from 'node:crypto';
import { concatBytes, equalBytes, fromHex, toHex } from '@showcause/core';
import { wrapKey } from '@showcause/core/node';
import { AuditError } from '../errors.ts';
import type { Disk, DiskFile } from '../spool/disk.ts';
import {
  ASSIGNED,
  DESTROYED,
  KEY,
  MAGIC,
  RECORD_BYTES,
  decodeRecord,
  encodeRecord,
  hmacOf,
  openKey,
  pseudonymOf,
} from './records.ts';

/** Keys made ahead under one sync, so that a new subject costs no sync of its own. */
const POOL = 512;
const NOBODY = new Uint8Array(32);

/** One subject key: its place in the file and its 32 bytes. */
export interface SubjectKey {
  ordinal: number;
  key: Uint8Array;
}

/**
 * The subject keys, random, wrapped (RFC 3394) under the store key, in one append-only file.
 * A key is durable before it seals anything. Who owns it is written without a sync: after a power
 * cut an owner is found again by opening the record, since every candidate key is there.
 */
export class KeyStore {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #storeKey: Uint8Array;
  #file: DiskFile;
  #length: number;
  #broken = false;
  #pending: Uint8Array[] = [];
  /** file offset of the KEY record of each ordinal */
  readonly #keyAt: number[] = [];
  readonly #owners = new Map<string, number[]>();
  readonly #ownerOf = new Map<number, string>();
  readonly #destroyed = new Set<number>();
  #free: SubjectKey[] = [];
  readonly #unwrapped = new Map<number, Uint8Array>();

  /**
   * @param storeKey  64 bytes: AES-256 wrapping key ‖ HMAC key of pseudonyms
   * @throws {AuditError} `KEY_STORE` when the file is damaged anywhere but in its torn last record
   */
  constructor(disk: Disk, path: string, storeKey: Uint8Array) {
    this.#disk = disk;
    this.#path = path;
    this.#storeKey = storeKey;
    const bytes = disk.read(path);
    this.#file = bytes === null ? this.#make() : disk.open(path);
    this.#length = MAGIC.length;
    if (bytes !== null) this.#load(bytes);
  }

  /** HMAC-SHA256 of a subject under the store key: hex, 32 bytes. */
  pseudonym(subject: string): string {
    return pseudonymOf(this.#storeKey, subject);
  }

  /** HMAC-SHA256 of a caller's idempotency key: hex, 32 bytes. */
  idempotency(key: string): string {
    return hmacOf(this.#storeKey, 'showcause/idempotency/v1', key);
  }

  /** The newest key of an owner, given one from the pool when it has none. @param owner hex, 32 bytes */
  keyOf(owner: string): SubjectKey {
    const ordinal = this.#owners.get(owner)?.at(-1);
    if (ordinal !== undefined) return { ordinal, key: this.key(ordinal)! };
    if (this.#free.length === 0) this.#fillPool();
    const taken = this.#free.pop()!;
    this.#assign(taken.ordinal, owner);
    this.#remember(taken.ordinal, taken.key);
    this.#pending.push(encodeRecord(ASSIGNED, taken.ordinal, fromHex(owner, 32)));
    return taken;
  }

  /** Whether an owner has a key; not after an erasure. */
  owns(owner: string): boolean {
    return this.#owners.has(owner);
  }

  /** Whether it is known who owns a key. */
  isOwned(ordinal: number): boolean {
    return this.#ownerOf.has(ordinal);
  }

  /** Records who owns a key that a crash left without owner. */
  adopt(ordinal: number, owner: string): void {
    if (this.#ownerOf.has(ordinal)) return;
    this.#free = this.#free.filter((free) => free.ordinal !== ordinal);
    this.#assign(ordinal, owner);
    this.#pending.push(encodeRecord(ASSIGNED, ordinal, fromHex(owner, 32)));
  }

  /** A key by its ordinal, or null once destroyed. */
  key(ordinal: number): Uint8Array | null {
    const known = this.#unwrapped.get(ordinal);
    if (known !== undefined) return known;
    const at = this.#keyAt[ordinal];
    if (at === undefined || this.#destroyed.has(ordinal)) return null;
    const key = openKey(this.#storeKey, this.#disk.readAt(this.#path, at + 37, 40));
    this.#remember(ordinal, key);
    return key;
  }

  /** Every key that may have sealed something, newest first: for records whose owner a crash forgot. */
  *candidates(): Generator<SubjectKey> {
    for (let ordinal = this.#keyAt.length - 1; ordinal >= 0; ordinal--) {
      const key = this.key(ordinal);
      if (key !== null) yield { ordinal, key };
    }
  }

  /** Writes what was assigned since the last call, without a sync. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const bytes = concatBytes(...this.#pending);
    try {
      this.#file.write(bytes, this.#length);
    } catch (cause) {
      throw new AuditError('SPOOL_FULL', { got: 'a key store that takes no more', cause });
    }
    this.#pending = [];
    this.#length += bytes.length;
  }

  /** Destroys all keys of an owner, in place and durably. Returns how many. */
  destroy(owner: string): number {
    this.flush();
    const ordinals = this.#owners.get(owner) ?? [];
    for (const ordinal of ordinals) {
      this.#file.write(encodeRecord(DESTROYED, ordinal, NOBODY), this.#keyAt[ordinal]!);
      this.#destroyed.add(ordinal);
      this.#unwrapped.delete(ordinal);
    }
    this.#file.datasync();
    this.#owners.delete(owner);
    return ordinals.length;
  }

  /** Who owns which key is durable on return: then no recovery has to find it out. */
  sync(): void {
    this.flush();
    this.#file.datasync();
  }

  close(): void {
    try {
      this.sync();
    } finally {
      this.#file.close();
    }
  }

  #make(): DiskFile {
    const file = this.#disk.create(this.#path);
    file.write(MAGIC, 0);
    file.datasync();
    this.#disk.syncDirectory(this.#path.slice(0, this.#path.lastIndexOf('/')) || '/');
    return file;
  }

  #load(bytes: Uint8Array): void {
    if (!equalBytes(bytes.subarray(0, 8), MAGIC))
      throw new AuditError('KEY_STORE', { got: 'another file' });
    for (let at = 8; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
      const record = decodeRecord(bytes.subarray(at, at + RECORD_BYTES));
      const last = at + 2 * RECORD_BYTES > bytes.length;
      if (record === null) {
        if (last) break;
        throw new AuditError('KEY_STORE', { got: `a damaged record at byte ${at}` });
      }
      if (record.kind !== ASSIGNED) this.#keyAt[record.ordinal] = at;
      if (record.kind === DESTROYED) this.#destroyed.add(record.ordinal);
      if (record.kind === ASSIGNED && !this.#destroyed.has(record.ordinal))
        this.#assign(record.ordinal, toHex(record.owner));
      this.#length = at + RECORD_BYTES;
    }
    this.#file.truncate(this.#length);
    for (let ordinal = 0; ordinal < this.#keyAt.length; ordinal++) {
      const at = this.#keyAt[ordinal];
      if (at === undefined) throw new AuditError('KEY_STORE', { got: `no key ${ordinal}` });
      if (this.#ownerOf.has(ordinal) || this.#destroyed.has(ordinal)) continue;
      this.#free.push({ ordinal, key: openKey(this.#storeKey, bytes.subarray(at + 37, at + 77)) });
    }
  }

  #fillPool(): void {
    this.flush();
    const fresh: Uint8Array[] = Array.from({ length: POOL }, () => new Uint8Array(randomBytes(32)));
    const first = this.#keyAt.length;
    const bytes = concatBytes(
      ...fresh.map((key, i) =>
        encodeRecord(KEY, first + i, NOBODY, wrapKey(key, this.#storeKey.subarray(0, 32))),
      ),
    );
    this.#writeDurably(bytes);
    fresh.forEach((key, i) => {
      this.#keyAt.push(this.#length + i * RECORD_BYTES);
      this.#free.push({ ordinal: first + i, key });
    });
    this.#length += bytes.length;
  }

  /** A key that may not be on the disk seals nothing; after a failed sync the file is given up. */
  #writeDurably(bytes: Uint8Array): void {
    if (this.#broken)
      throw new AuditError('SPOOL_POISONED', { got: 'an earlier failure of the key store' });
    try {
      this.#file.write(bytes, this.#length);
    } catch (cause) {
      throw new AuditError('SPOOL_FULL', { got: 'a key store that takes no more', cause });
    }
    try {
      this.#file.datasync();
    } catch (cause) {
      this.#broken = true;
      throw new AuditError('SPOOL_POISONED', { got: 'a failed sync of the key store', cause });
    }
  }

  #assign(ordinal: number, owner: string): void {
    this.#ownerOf.set(ordinal, owner);
    const owned = this.#owners.get(owner);
    if (owned === undefined) this.#owners.set(owner, [ordinal]);
    else owned.push(ordinal);
  }

  #remember(ordinal: number, key: Uint8Array): void {
    if (this.#unwrapped.size >= 4096) this.#unwrapped.clear();
    this.#unwrapped.set(ordinal, key);
  }
}
