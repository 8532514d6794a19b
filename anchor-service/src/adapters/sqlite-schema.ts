import { ServiceError } from '../errors.ts';
import type { SqliteDatabase } from '../sqlite/driver.ts';

export const SCHEMA_VERSION = 4;
/** What is written, logged and copied is whole pages, and of a small page payloads of some kilobytes leave a quarter empty. */
const PAGE_BYTES = 16_384;

/**
 * Leaf hashes are random, so that an index over all of them would write a page of its own for every leaf of a large log. In order of index
 * first, by parts, what a transaction writes stays small and near: all of the newest part at most. A look-up asks each part.
 */
const PART_LEAVES = 8192;
const hashIndex = `CREATE INDEX leaves_hash ON leaves (idx / ${PART_LEAVES}, substr(hash, 1, 8));`;

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
${hashIndex}
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
`;

/** Step i leads from version i + 1 to i + 2. Rows of version 1 held no hash of what was refused, but all the bytes. */
const migrations = [
  'ALTER TABLE quarantine ADD COLUMN hash BLOB;',
  // Its index is made anew by the next step.
  'DROP INDEX leaves_hash;',
  `DROP INDEX IF EXISTS leaves_hash; ${hashIndex}`,
];

/** Of the first leaf with a hash. */
export const indexOfHash = `
WITH RECURSIVE part (number) AS (
  VALUES (0) UNION ALL SELECT number + 1 FROM part WHERE number < (SELECT size FROM head) / ${PART_LEAVES}
)
SELECT min(idx) FROM part
CROSS JOIN leaves ON idx / ${PART_LEAVES} = number AND substr(hash, 1, 8) = substr(?1, 1, 8) AND hash = ?1`;

/**
 * Sets what durability needs and makes the tables of a new file.
 * @throws {ServiceError} `STORE_SCHEMA`, `STORE_CORRUPT`: integrity is checked after an unclean stop
 */
export function prepareDatabase(database: SqliteDatabase, path: string): void {
  try {
    database.exec('PRAGMA busy_timeout = 2000');
    database.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    database.exec('PRAGMA foreign_keys = ON');
    migrate(database, path);
    if (database.rows('SELECT clean FROM head')[0]?.[0] !== 1) checkIntegrity(database, path);
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    throw new ServiceError('STORE_CORRUPT', { got: path, cause });
  }
}

function migrate(database: SqliteDatabase, path: string): void {
  const version = database.rows('PRAGMA user_version')[0]?.[0];
  if (typeof version !== 'number' || version < 0 || version > SCHEMA_VERSION)
    throw new ServiceError('STORE_SCHEMA', {
      got: `version ${String(version)} in ${path}`,
      want: `0 to ${SCHEMA_VERSION}`,
    });
  if (version === SCHEMA_VERSION) return;
  database.exec('BEGIN IMMEDIATE');
  for (const step of version === 0 ? [schema] : migrations.slice(version - 1)) database.exec(step);
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  database.exec('COMMIT');
}

function checkIntegrity(database: SqliteDatabase, path: string): void {
  const answer = database.rows('PRAGMA integrity_check(1)')[0]?.[0];
  if (answer !== 'ok') throw new ServiceError('STORE_CORRUPT', { got: path });
}
