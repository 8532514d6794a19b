import { ServiceError } from '../errors.ts';
import type { Connections, Query } from './connections.ts';

/**
 * Keys are compared byte by byte (COLLATE "C"): an index must not depend on the locale data of an operating system. What
 * is already ciphertext or small is not compressed (EXTERNAL). `head` is one row that is written again and again.
 */
const version1 = `
CREATE TABLE head (
  one smallint PRIMARY KEY CHECK (one = 1), size bigint NOT NULL, peaks bytea NOT NULL,
  lease bigint NOT NULL, holder text NOT NULL, lease_until timestamptz NOT NULL
) WITH (fillfactor = 20);
INSERT INTO head VALUES (1, 0, '', 0, '', '-infinity');
CREATE TABLE leaves (
  idx bigint PRIMARY KEY, hash bytea NOT NULL, entry bytea NOT NULL,
  producer text COLLATE "C", epoch bigint, seq bigint,
  CONSTRAINT leaves_position UNIQUE (producer, epoch, seq)
);
ALTER TABLE leaves ALTER COLUMN entry SET STORAGE EXTERNAL;
CREATE INDEX leaves_hash ON leaves USING hash (hash);
CREATE INDEX leaves_registrations ON leaves (idx) WHERE producer IS NULL;
CREATE TABLE sealed (idx bigint PRIMARY KEY, bytes bytea NOT NULL);
ALTER TABLE sealed ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE TABLE promises (
  producer text COLLATE "C" NOT NULL, epoch bigint NOT NULL, first bigint NOT NULL, last bigint NOT NULL,
  bytes bytea NOT NULL, PRIMARY KEY (producer, epoch, first, bytes)
);
CREATE TABLE epochs (
  producer text COLLATE "C" NOT NULL, epoch bigint NOT NULL, seq bigint NOT NULL, leaf bytea, closed bigint,
  PRIMARY KEY (producer, epoch)
) WITH (fillfactor = 50);
CREATE TABLE cursors (stream text COLLATE "C" PRIMARY KEY, position bigint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE quarantine (
  stream text COLLATE "C" NOT NULL, start bigint NOT NULL, stop bigint NOT NULL, reason text NOT NULL,
  bytes bytea NOT NULL, hash bytea NOT NULL, PRIMARY KEY (stream, start)
);
CREATE TABLE checkpoints (size bigint PRIMARY KEY, root bytea NOT NULL, note bytea NOT NULL);
CREATE TABLE anchors (size bigint PRIMARY KEY, evidence text NOT NULL);
`;

/**
 * Leaf hashes are random: an index over all of them makes every leaf of a large log write a page of its own, and the page's image with it.
 * In order of index first, by parts of 65,536 leaves, what is written stays small and near; a look-up asks each part.
 */
const version2 = `
DROP INDEX leaves_hash;
CREATE INDEX leaves_hash ON leaves ((idx / 65536), substr(hash, 1, 8));
`;

/**
 * A sealed payload of up to about a page stays in its row: moved out of it in pieces, as from 2 KB on by default, it takes more room and
 * work. Rows that are there stay as they are.
 */
const version3 = 'ALTER TABLE sealed SET (toast_tuple_target = 8160);';

/** Of the first leaf with a hash. A row a part at most: so that the parts are asked one by one, through the index. */
export const indexOfHash = `
SELECT min(found.idx) FROM generate_series(0, (SELECT size / 65536 FROM head)) AS part (number)
CROSS JOIN LATERAL (
  SELECT idx FROM leaves WHERE idx / 65536 = part.number AND substr(hash, 1, 8) = substr($1::bytea, 1, 8) AND hash = $1
  ORDER BY idx LIMIT 1
) AS found`;

/** Step i leads from version i to version i + 1; a step that was released never changes. */
export const migrations: readonly string[] = [version1, version2, version3];

/**
 * Brings a schema to this release's version, in one transaction, one instance at a time.
 * @throws {ServiceError} `STORE_SCHEMA` for a schema of a newer release, or one that holds other tables
 */
export async function migrate(
  connections: Connections,
  schema: string,
  steps: readonly string[] = migrations,
): Promise<void> {
  await connections.transaction(async (query) => {
    await query({
      text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))',
      values: [`showcause ${schema}`],
    });
    await createSchema(query, schema);
    const from = await versionOf(query, schema);
    if (from > steps.length)
      throw new ServiceError('STORE_SCHEMA', {
        got: `version ${from} in schema ${schema}`,
        want: `at most ${steps.length}`,
      });
    for (const step of steps.slice(from)) await query({ text: step });
    if (from < steps.length)
      await query({ text: 'UPDATE version SET version = $1', values: [steps.length] });
  });
}

/** A role that may not create schemas can still use one that was made for it. */
async function createSchema(query: Query, schema: string): Promise<void> {
  const { count } = await query({
    text: 'SELECT 1 FROM pg_namespace WHERE nspname = $1',
    values: [schema],
  });
  if (count === 0) await query({ text: `CREATE SCHEMA ${schema}` });
}

/** 0 for an empty schema. */
async function versionOf(query: Query, schema: string): Promise<number> {
  const { rows } = await query({
    text: 'SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind IN ($2, $3)',
    values: [schema, 'r', 'p'],
  });
  if (rows.length === 0) {
    await query({
      text: `CREATE TABLE version (one smallint PRIMARY KEY CHECK (one = 1), version integer NOT NULL);
             INSERT INTO version VALUES (1, 0)`,
    });
    return 0;
  }
  if (!rows.some(([name]) => name === 'version'))
    throw new ServiceError('STORE_SCHEMA', {
      got: `other tables in schema ${schema}`,
      want: 'a schema of its own',
    });
  return Number((await query({ text: 'SELECT version FROM version' })).rows[0]?.[0]);
}
