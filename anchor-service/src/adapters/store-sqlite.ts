import { closeSync, existsSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  concatBytes,
  equalBytes,
  isJsonObject,
  parseAnchorEvidence,
  parseJson,
} from '@showcause/core';
import type { AnchorEvidence, Hash } from '@showcause/core';
import { makeDirectories, syncDirectory } from '@showcause/core/node';
import { ServiceError } from '../errors.ts';
import type { QuarantineReason } from '../errors.ts';
import type {
  Change,
  EpochState,
  Head,
  Leaf,
  Position,
  SignedCheckpoint,
  Store,
  StoreReader,
  StoredPromise,
} from '../ports.ts';
import { holdLock } from '../sqlite/lock.ts';
import type { Lock } from '../sqlite/lock.ts';
import { attempt, bytes, leafColumns, number, splitHashes, toLeaf } from './sqlite-rows.ts';
import { indexOfHash, prepareDatabase } from './sqlite-schema.ts';
import { openSqlite } from '../sqlite/driver.ts';
import type { SqliteDatabase, SqliteDriver, SqliteValue } from '../sqlite/driver.ts';
import { insertRows } from '../sqlite/many-rows.ts';

export interface SqliteStoreOptions {
  driver?: SqliteDriver;
  /** false: no lock file, so that only the lease guards the store */
  lock?: boolean;
}

/**
 * The store as one SQLite file: WAL, `synchronous=FULL`, so that a commit that returned survives a power cut, and one
 * lock file beside it, so that a second process is refused at once. The lease guards even where locks do not work.
 * @throws {ServiceError} `STORE_LOCKED`, `STORE_CORRUPT`, `STORE_SCHEMA`, `STORE_FAILED`
 */
export function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  makeDirectories(dirname(path), 0o700);
  const lock = options.lock === false ? null : holdLock(`${path}.lock`);
  try {
    const isNew = !existsSync(path);
    // Entries, sealed payloads and what was refused are for its owner, whatever folder it lies in; SQLite gives the
    // journals beside it the same mode.
    if (isNew) closeSync(openSync(path, 'a', 0o600));
    const database = (options.driver ?? openSqlite)(path);
    prepareDatabase(database, path);
    if (isNew) syncDirectory(dirname(path));
    return new SqliteStore(database, lock);
  } catch (error) {
    lock?.release();
    throw error;
  }
}

/** The same file for readers alone, beside the one that writes it. @throws {ServiceError} `NOT_PUBLISHED` before there is one */
export function openSqliteReader(path: string): StoreReader {
  if (!existsSync(path)) throw new ServiceError('NOT_PUBLISHED', { got: 'no store yet' });
  const database = openSqlite(path);
  database.exec('PRAGMA busy_timeout = 2000');
  database.exec('PRAGMA query_only = ON');
  return new SqliteStore(database, null);
}

const insertLeaves = insertRows<Leaf>(
  `INSERT INTO leaves (${leafColumns})`,
  ({ index, hash, entry, position }) => [
    index,
    hash,
    entry,
    position?.producer ?? null,
    position?.epoch ?? null,
    position?.seq ?? null,
  ],
);
const insertSealed = insertRows<Change['sealed'][number]>(
  'INSERT INTO sealed (idx, bytes)',
  ({ index, bytes: sealed }) => [index, sealed],
);

class SqliteStore implements Store {
  readonly #database: SqliteDatabase;
  readonly #lock: Lock | null;
  #isOpen = true;
  #lease = 0;

  constructor(database: SqliteDatabase, lock: Lock | null) {
    this.#database = database;
    this.#lock = lock;
  }

  takeLease(): Promise<number> {
    return this.#transaction(() => {
      this.#database.run('UPDATE head SET lease = lease + 1, clean = 0');
      this.#lease = number(this.#database.rows('SELECT lease FROM head')[0]?.[0]);
      return this.#lease;
    });
  }

  head(): Promise<Head> {
    return this.#read(() => {
      const [size, peaks] = this.#database.rows('SELECT size, peaks FROM head')[0]!;
      return { size: number(size), peaks: splitHashes(bytes(peaks)) };
    });
  }

  commit(change: Change): Promise<void> {
    return this.#transaction(() => {
      const changed = this.#database.run(
        'UPDATE head SET size = ?, peaks = ? WHERE lease = ? AND size = ?',
        change.head.size,
        concatBytes(...change.head.peaks),
        change.lease,
        change.oldSize,
      );
      if (changed !== 1)
        throw new ServiceError('STORE_FENCED', {
          got: `lease ${change.lease} at size ${change.oldSize}`,
        });
      this.#write(change);
    });
  }

  #write(change: Change): void {
    const db = this.#database;
    insertLeaves(db, change.leaves);
    insertSealed(db, change.sealed);
    for (const { producer, epoch, firstSeq, count, bytes: promise } of change.promises)
      db.run(
        'INSERT OR IGNORE INTO promises VALUES (?, ?, ?, ?, ?)',
        producer,
        epoch,
        firstSeq,
        firstSeq + count - 1,
        promise,
      );
    for (const { producer, epoch, seq, leaf, closedAt } of change.epochs)
      db.run(
        'INSERT OR REPLACE INTO epochs VALUES (?, ?, ?, ?, ?)',
        producer,
        epoch,
        seq,
        leaf,
        closedAt,
      );
    for (const [stream, position] of change.cursors)
      db.run('INSERT OR REPLACE INTO cursors VALUES (?, ?)', stream, position);
    for (const { stream, from, to, reason, hash, bytes: raw } of change.quarantine)
      db.run(
        'INSERT OR IGNORE INTO quarantine VALUES (?, ?, ?, ?, ?, ?)',
        stream,
        from,
        to,
        reason,
        raw,
        hash,
      );
  }

  leaves(from: number, count: number): Promise<readonly Leaf[]> {
    return this.#leaves('WHERE idx >= ? AND idx < ? ORDER BY idx', from, from + count);
  }

  async leafAt({ producer, epoch, seq }: Position): Promise<Leaf | null> {
    const [leaf] = await this.#leaves(
      'WHERE producer = ? AND epoch = ? AND seq = ?',
      producer,
      epoch,
      seq,
    );
    return leaf ?? null;
  }

  hashesAt(positions: readonly Position[]): Promise<readonly (Hash | null)[]> {
    return this.#read(() =>
      positions.map(({ producer, epoch, seq }) => {
        const [row] = this.#database.rows(
          'SELECT hash FROM leaves WHERE producer = ? AND epoch = ? AND seq = ?',
          producer,
          epoch,
          seq,
        );
        return row === undefined ? null : bytes(row[0]);
      }),
    );
  }

  indexOf(leaf: Hash): Promise<number | null> {
    return this.#read(() => {
      const row = this.#database.rows(indexOfHash, leaf)[0];
      return row?.[0] === null || row === undefined ? null : number(row[0]);
    });
  }

  registrations(): Promise<readonly Leaf[]> {
    return this.#leaves('WHERE producer IS NULL AND idx > 0 ORDER BY idx');
  }

  #leaves(where: string, ...values: SqliteValue[]): Promise<readonly Leaf[]> {
    return this.#read(() =>
      this.#database.rows(`SELECT ${leafColumns} FROM leaves ${where}`, ...values).map(toLeaf),
    );
  }

  epochs(producer: string): Promise<readonly EpochState[]> {
    return this.#read(() =>
      this.#database
        .rows(
          'SELECT epoch, seq, leaf, closed FROM epochs WHERE producer = ? ORDER BY epoch',
          producer,
        )
        .map(([epoch, seq, leaf, closed]) => ({
          producer,
          epoch: number(epoch),
          seq: number(seq),
          leaf: leaf === null ? null : bytes(leaf),
          closedAt: closed === null ? null : number(closed),
        })),
    );
  }

  promiseOf({ producer, epoch, seq }: Position): Promise<StoredPromise | null> {
    return this.#read(() => {
      const row = this.#database.rows(
        `SELECT first, last, bytes FROM promises WHERE producer = ? AND epoch = ? AND first <= ? AND last >= ?
         ORDER BY first DESC, bytes LIMIT 1`,
        producer,
        epoch,
        seq,
        seq,
      )[0];
      if (row === undefined) return null;
      const firstSeq = number(row[0]);
      return {
        producer,
        epoch,
        firstSeq,
        count: number(row[1]) - firstSeq + 1,
        bytes: bytes(row[2]),
      };
    });
  }

  sealed(index: number): Promise<Uint8Array | null> {
    return this.#read(() => {
      const row = this.#database.rows('SELECT bytes FROM sealed WHERE idx = ?', index)[0];
      return row === undefined ? null : bytes(row[0]);
    });
  }

  cursor(stream: string): Promise<number> {
    return this.#read(() => {
      const row = this.#database.rows('SELECT position FROM cursors WHERE stream = ?', stream)[0];
      return row === undefined ? 0 : number(row[0]);
    });
  }

  isQuarantined(stream: string, from: number): Promise<boolean> {
    return this.#read(
      () =>
        this.#database.rows('SELECT 1 FROM quarantine WHERE stream = ? AND start = ?', stream, from)
          .length > 0,
    );
  }

  quarantinedBytes(): Promise<number> {
    return this.#read(() =>
      number(this.#database.rows('SELECT coalesce(sum(length(bytes)), 0) FROM quarantine')[0]?.[0]),
    );
  }

  quarantineCounts(): Promise<Partial<Record<QuarantineReason, number>>> {
    return this.#read(
      () =>
        Object.fromEntries(
          this.#database.rows('SELECT reason, count(*) FROM quarantine GROUP BY reason'),
        ) as Partial<Record<QuarantineReason, number>>,
    );
  }

  addCheckpoint(lease: number, { size, root, note }: SignedCheckpoint): Promise<void> {
    return this.#transaction(() => {
      const db = this.#database;
      const holds = db.rows('SELECT 1 FROM head WHERE lease = ? AND size >= ?', lease, size).length;
      const newest = db.rows('SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1')[0];
      if (newest?.[0] === size && equalBytes(bytes(newest[1]), note) && holds === 1) return;
      if (holds !== 1 || (newest !== undefined && number(newest[0]) >= size))
        throw new ServiceError('STORE_FENCED', { got: `lease ${lease}, checkpoint ${size}` });
      db.run('INSERT INTO checkpoints VALUES (?, ?, ?)', size, root, note);
    });
  }

  newestCheckpoint(): Promise<SignedCheckpoint | null> {
    return this.#checkpoint('ORDER BY size DESC LIMIT 1');
  }

  checkpointOf(size: number): Promise<SignedCheckpoint | null> {
    return this.#checkpoint('WHERE size = ?', size);
  }

  #checkpoint(where: string, ...values: SqliteValue[]): Promise<SignedCheckpoint | null> {
    return this.#read(() => {
      const row = this.#database.rows(
        `SELECT size, root, note FROM checkpoints ${where}`,
        ...values,
      )[0];
      if (row === undefined) return null;
      return { size: number(row[0]), root: bytes(row[1]), note: bytes(row[2]) };
    });
  }

  addAnchor(evidence: AnchorEvidence): Promise<void> {
    return this.#transaction(() => {
      this.#database.run(
        'INSERT OR REPLACE INTO anchors VALUES (?, ?)',
        evidence.size,
        JSON.stringify(evidence),
      );
    });
  }

  newestAnchor(): Promise<AnchorEvidence | null> {
    return this.#read(() => {
      const row = this.#database.rows('SELECT evidence FROM anchors ORDER BY size DESC LIMIT 1')[0];
      if (row === undefined) return null;
      const value = parseJson(String(row[0]));
      return isJsonObject(value) ? parseAnchorEvidence(value) : null;
    });
  }

  anchoredSizes(): Promise<readonly number[]> {
    return this.#read(() =>
      this.#database.rows('SELECT size FROM anchors ORDER BY size').map(([size]) => number(size)),
    );
  }

  close(): Promise<void> {
    if (!this.#isOpen) return Promise.resolve();
    this.#isOpen = false;
    return attempt(() => {
      if (this.#lease > 0) {
        // Whoever was fenced leaves the mark to the one that took over.
        this.#database.run('UPDATE head SET clean = 1 WHERE lease = ?', this.#lease);
        this.#database.rows('PRAGMA wal_checkpoint(TRUNCATE)');
      }
      this.#database.close();
      this.#lock?.release();
    });
  }

  #read<T>(work: () => T): Promise<T> {
    return attempt(work);
  }

  #transaction<T>(work: () => T): Promise<T> {
    return attempt(() => {
      this.#database.exec('BEGIN IMMEDIATE');
      let result: T;
      try {
        result = work();
      } catch (error) {
        this.#database.exec('ROLLBACK');
        throw error;
      }
      this.#database.exec('COMMIT');
      return result;
    });
  }
}
