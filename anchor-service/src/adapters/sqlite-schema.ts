import { ServiceError } from '../errors.ts';
import type { SqliteDatabase } from '../sqlite/driver.ts';

export const SCHEMA_VERSION = 2;

const schema = `
CREATE TABLE head (
  one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, peaks BLOB NOT NULL,
  lease INTEGER NOT NULL, clean INTEGER NOT NULL
) STRICT;
INSERT INTO head VALUES (1, 0, x'', 0, 1);
CREATE TABLE leaves (
  idx INTEGER PRIMARY KEY, hash BLOB NOT NULL, entry BLOB NOT NULL,
  producer TEXT, epoch INTEGER, seq INTEGER, UNIQUE (producer, epoch, seq)
) STRICT;
CREATE INDEX leaves_hash ON leaves (hash);
CREATE INDEX leaves_registrations ON leaves (idx) WHERE producer IS NULL;
CREATE TABLE sealed (idx INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE promises (
  producer TEXT NOT NULL, epoch INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (producer, epoch, first, bytes)
) STRICT, WITHOUT ROWID;
CREATE TABLE epochs (
  producer TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, leaf BLOB, closed INTEGER,
  PRIMARY KEY (producer, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE cursors (stream TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE quarantine (
  stream TEXT NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL, reason TEXT NOT NULL, bytes BLOB NOT NULL,
  hash BLOB, PRIMARY KEY (stream, start)
) STRICT;
CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, root BLOB NOT NULL, note BLOB NOT NULL) STRICT;
CREATE TABLE anchors (size INTEGER PRIMARY KEY, evidence TEXT NOT NULL) STRICT;
PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** Rows of version 1 held no hash, but all the bytes. */
const fromVersion1 = `
ALTER TABLE quarantine ADD COLUMN hash BLOB;
PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * Sets what durability needs and makes the tables of a new file.
 * @throws {ServiceError} `STORE_SCHEMA`, `STORE_CORRUPT`: integrity is checked after an unclean stop
 */
export function prepareDatabase(database: SqliteDatabase, path: string): void {
  try {
    database.exec('PRAGMA busy_timeout = 2000');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    database.exec('PRAGMA foreign_keys = ON');
    const version = database.rows('PRAGMA user_version')[0]?.[0];
    if (version === 0 || version === 1) {
      database.exec('BEGIN IMMEDIATE');
      database.exec(version === 0 ? schema : fromVersion1);
      database.exec('COMMIT');
    } else if (version !== SCHEMA_VERSION) {
      throw new ServiceError('STORE_SCHEMA', {
        got: `version ${String(version)} in ${path}`,
        want: `${SCHEMA_VERSION}`,
      });
    }
    if (database.rows('SELECT clean FROM head')[0]?.[0] !== 1) checkIntegrity(database, path);
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    throw new ServiceError('STORE_CORRUPT', { got: path, cause });
  }
}

function checkIntegrity(database: SqliteDatabase, path: string): void {
  const answer = database.rows('PRAGMA integrity_check(1)')[0]?.[0];
  if (answer !== 'ok') throw new ServiceError('STORE_CORRUPT', { got: path });
}
