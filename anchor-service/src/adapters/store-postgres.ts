import { equalBytes, isJsonObject, parseAnchorEvidence, parseJson } from '@showcause/core';
import type { AnchorEvidence, Hash } from '@showcause/core';
import { ServiceError } from '../errors.ts';
import type { QuarantineReason } from '../errors.ts';
import type {
  Change,
  EpochState,
  Head,
  Leaf,
  Logger,
  Position,
  SignedCheckpoint,
  Store,
  StoreReader,
  StoredPromise,
} from '../ports.ts';
import { describePlace, isSchemaName, readPassword } from '../postgres/address.ts';
import type { PostgresPlace } from '../postgres/address.ts';
import { int8Array, textArray } from '../postgres/arrays.ts';
import { checkpointOf, statementOf } from '../postgres/change.ts';
import { Connections, DEFAULT_TIMEOUTS } from '../postgres/connections.ts';
import type { PostgresParameter, PostgresValue, Timeouts } from '../postgres/connections.ts';
import { LeaseKeeper } from '../postgres/lease.ts';
import { indexOfHash, migrate } from '../postgres/migrations.ts';
import { bytes, leafColumns, number, splitHashes, toLeaf } from '../postgres/rows.ts';
import { RecentLeaves } from '../recent-leaves.ts';

export const DEFAULT_LEASE_MS = 5_000;

export interface PostgresStoreOptions {
  logger: Logger;
  leaseMs?: number;
  timeouts?: Timeouts;
  /** Ends waiting as a stand-by. */
  signal?: AbortSignal;
  /** Called once when it begins to wait as one. */
  onStandby?: () => void;
}

export interface PostgresStore extends Store {
  /** Rejects with `STORE_FENCED` soon after another instance took over, also while nothing is written. */
  lost: Promise<never>;
}

/**
 * The store as one schema of a PostgreSQL database. `takeLease` waits as a stand-by while another instance lives; where
 * that one only seemed dead, its next write finds another lease and is refused.
 * @throws {ServiceError} `STORE_CONNECT`, `STORE_SETTINGS`, `STORE_SCHEMA`, `STORE_TIMEOUT`, `CONFIG_PASSWORD`, `CONFIG_MALFORMED`
 */
export async function openPostgresStore(
  place: PostgresPlace,
  options: PostgresStoreOptions,
): Promise<PostgresStore> {
  if (!isSchemaName(place.schema))
    throw new ServiceError('CONFIG_MALFORMED', { got: 'store.schema', want: 'a lower-case name' });
  readPassword(place);
  const { logger, leaseMs = DEFAULT_LEASE_MS, timeouts, signal, onStandby } = options;
  const connections = new Connections(place, timeouts);
  try {
    await migrate(connections, place.schema);
    await warnOfChecksums(connections, logger);
  } catch (error) {
    await connections.close();
    throw error;
  }
  logger.info({ store: describePlace(place) }, 'store is PostgreSQL');
  const lease = new LeaseKeeper({
    connections,
    logger,
    ttlMs: leaseMs,
    ...(signal === undefined ? {} : { signal }),
    ...(onStandby === undefined ? {} : { onStandby }),
  });
  return new SchemaStore(connections, lease, leaseMs);
}

/** The same schema for readers alone, also while another instance holds the log: it makes nothing and takes no lease. */
export function openPostgresReader(place: PostgresPlace, logger: Logger): StoreReader {
  const connections = new Connections(place, DEFAULT_TIMEOUTS);
  const lease = new LeaseKeeper({ connections, logger, ttlMs: DEFAULT_LEASE_MS });
  return new SchemaStore(connections, lease, DEFAULT_LEASE_MS);
}

async function warnOfChecksums(connections: Connections, logger: Logger): Promise<void> {
  const { rows } = await connections.read({ text: 'SHOW data_checksums' });
  if (rows[0]?.[0] !== 'on')
    logger.warn(
      {},
      'data_checksums are off: a damaged page is found only when its entry is hashed again',
    );
}

class SchemaStore implements PostgresStore {
  readonly lost: Promise<never>;
  readonly #connections: Connections;
  readonly #keeper: LeaseKeeper;
  readonly #leaseMs: number;
  readonly #recent = new RecentLeaves();
  #closed: Promise<void> | null = null;

  constructor(connections: Connections, keeper: LeaseKeeper, leaseMs: number) {
    this.#connections = connections;
    this.#keeper = keeper;
    this.#leaseMs = leaseMs;
    this.lost = keeper.lost;
  }

  takeLease(): Promise<number> {
    return this.#keeper.take();
  }

  async head(): Promise<Head> {
    const [row] = await this.#rows('SELECT size, peaks FROM head');
    return { size: number(row?.[0]), peaks: splitHashes(bytes(row?.[1])) };
  }

  async commit(change: Change): Promise<void> {
    const { rows } = await this.#connections.commit(statementOf(change, this.#leaseMs));
    if (rows[0]?.[0] !== 1)
      throw new ServiceError('STORE_FENCED', {
        got: `lease ${change.lease} at size ${change.oldSize}`,
      });
    this.#recent.add(change.leaves);
  }

  async leaves(from: number, count: number): Promise<readonly Leaf[]> {
    const recent = this.#recent.read(from, count);
    return recent ?? this.#leaves('WHERE idx >= $1 AND idx < $2 ORDER BY idx', from, from + count);
  }

  async leafAt({ producer, epoch, seq }: Position): Promise<Leaf | null> {
    const where = 'WHERE producer = $1 AND epoch = $2 AND seq = $3';
    return (await this.#leaves(where, producer, epoch, seq))[0] ?? null;
  }

  async hashesAt(positions: readonly Position[]): Promise<readonly (Hash | null)[]> {
    const rows = await this.#rows(
      `SELECT hash FROM unnest($1::text[], $2::int8[], $3::int8[]) WITH ORDINALITY AS wanted (producer, epoch, seq, place)
       LEFT JOIN leaves USING (producer, epoch, seq) ORDER BY place`,
      textArray(positions.map(({ producer }) => producer)),
      int8Array(positions.map(({ epoch }) => epoch)),
      int8Array(positions.map(({ seq }) => seq)),
    );
    return rows.map(([hash]) => (hash === null ? null : bytes(hash)));
  }

  async indexOf(leaf: Hash): Promise<number | null> {
    const [row] = await this.#rows(indexOfHash, leaf);
    return row === undefined || row[0] === null ? null : number(row[0]);
  }

  registrations(): Promise<readonly Leaf[]> {
    return this.#leaves('WHERE producer IS NULL AND idx > 0 ORDER BY idx');
  }

  async #leaves(where: string, ...values: PostgresParameter[]): Promise<readonly Leaf[]> {
    return (await this.#rows(`SELECT ${leafColumns} FROM leaves ${where}`, ...values)).map(toLeaf);
  }

  async epochs(producer: string): Promise<readonly EpochState[]> {
    const rows = await this.#rows(
      'SELECT epoch, seq, leaf, closed FROM epochs WHERE producer = $1 ORDER BY epoch',
      producer,
    );
    return rows.map(([epoch, seq, leaf, closed]) => ({
      producer,
      epoch: number(epoch),
      seq: number(seq),
      leaf: leaf === null ? null : bytes(leaf),
      closedAt: closed === null ? null : number(closed),
    }));
  }

  async promiseOf({ producer, epoch, seq }: Position): Promise<StoredPromise | null> {
    const [row] = await this.#rows(
      `SELECT first, last, bytes FROM promises WHERE producer = $1 AND epoch = $2 AND first <= $3 AND last >= $3
       ORDER BY first DESC, bytes LIMIT 1`,
      producer,
      epoch,
      seq,
    );
    if (row === undefined) return null;
    const firstSeq = number(row[0]);
    const count = number(row[1]) - firstSeq + 1;
    return { producer, epoch, firstSeq, count, bytes: bytes(row[2]) };
  }

  async sealed(index: number): Promise<Uint8Array | null> {
    const [row] = await this.#rows('SELECT bytes FROM sealed WHERE idx = $1', index);
    return row === undefined ? null : bytes(row[0]);
  }

  async cursor(stream: string): Promise<number> {
    const [row] = await this.#rows('SELECT position FROM cursors WHERE stream = $1', stream);
    return row === undefined ? 0 : number(row[0]);
  }

  async isQuarantined(stream: string, from: number): Promise<boolean> {
    const text = 'SELECT 1 FROM quarantine WHERE stream = $1 AND start = $2';
    return (await this.#rows(text, stream, from)).length > 0;
  }

  async quarantinedBytes(): Promise<number> {
    const [row] = await this.#rows('SELECT coalesce(sum(length(bytes)), 0) FROM quarantine');
    return number(row?.[0]);
  }

  async quarantineCounts(): Promise<Partial<Record<QuarantineReason, number>>> {
    const rows = await this.#rows('SELECT reason, count(*) FROM quarantine GROUP BY reason');
    return Object.fromEntries(rows) as Partial<Record<QuarantineReason, number>>;
  }

  async addCheckpoint(lease: number, checkpoint: SignedCheckpoint): Promise<void> {
    const { rows } = await this.#connections.commit(checkpointOf(lease, checkpoint));
    const [held, added, newest, note] = rows[0]!;
    const isSame = newest === checkpoint.size && equalBytes(bytes(note), checkpoint.note);
    if (held !== 1 || (added !== 1 && !isSame))
      throw new ServiceError('STORE_FENCED', {
        got: `lease ${lease}, checkpoint ${checkpoint.size}`,
      });
  }

  newestCheckpoint(): Promise<SignedCheckpoint | null> {
    return this.#checkpoint('ORDER BY size DESC LIMIT 1');
  }

  checkpointOf(size: number): Promise<SignedCheckpoint | null> {
    return this.#checkpoint('WHERE size = $1', size);
  }

  async #checkpoint(
    where: string,
    ...values: PostgresParameter[]
  ): Promise<SignedCheckpoint | null> {
    const [row] = await this.#rows(`SELECT size, root, note FROM checkpoints ${where}`, ...values);
    if (row === undefined) return null;
    return { size: number(row[0]), root: bytes(row[1]), note: bytes(row[2]) };
  }

  async addAnchor(evidence: AnchorEvidence): Promise<void> {
    await this.#connections.write({
      text: `INSERT INTO anchors (size, evidence) VALUES ($1, $2)
             ON CONFLICT (size) DO UPDATE SET evidence = excluded.evidence`,
      values: [evidence.size, JSON.stringify(evidence)],
    });
  }

  async newestAnchor(): Promise<AnchorEvidence | null> {
    const [row] = await this.#rows('SELECT evidence FROM anchors ORDER BY size DESC LIMIT 1');
    if (row === undefined) return null;
    const value = parseJson(String(row[0]));
    return isJsonObject(value) ? parseAnchorEvidence(value) : null;
  }

  async anchoredSizes(): Promise<readonly number[]> {
    return (await this.#rows('SELECT size FROM anchors ORDER BY size')).map(([size]) =>
      number(size),
    );
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    try {
      await this.#keeper.release();
    } catch {
      // The lease runs out by itself.
    } finally {
      await this.#connections.close();
    }
  }

  async #rows(text: string, ...values: PostgresParameter[]): Promise<PostgresValue[][]> {
    return (await this.#connections.read({ text, values })).rows;
  }
}
