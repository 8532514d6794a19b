import { Pool } from 'pg';
import type { PoolClient, QueryArrayResult } from 'pg';
import { ServiceError } from '../errors.ts';
import { within } from '../pause.ts';
import { parsePostgresUrl, readPassword, tlsOptions } from './address.ts';
import type { PostgresPlace } from './address.ts';
import { isRefusal, storeFailure } from './failures.ts';
import { assertDurable } from './settings.ts';

/** A column as the parsers below give it. */
export type PostgresValue = null | number | string | boolean | Uint8Array;
/** A parameter. Arrays come as the Buffers of ./arrays.ts. */
export type PostgresParameter = null | number | string | Uint8Array;

export interface Statement {
  /** Prepared under this name, once for each connection. */
  name?: string;
  text: string;
  values?: readonly PostgresParameter[];
}

export interface Rows {
  rows: PostgresValue[][];
  /** rows that were changed or read */
  count: number;
}

export type Query = (statement: Statement) => Promise<Rows>;

export interface Timeouts {
  connectMs: number;
  /** of one statement, at the server */
  statementMs: number;
  lockMs: number;
  /** After this the server ends a transaction whose client says nothing more, and with it its locks. */
  idleTransactionMs: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 5_000,
  statementMs: 10_000,
  lockMs: 5_000,
  idleTransactionMs: 5_000,
};
/** How much longer than the server the client waits for the end of a statement, for connections that are half open. */
const GRACE_MS = 2_000;
const KEEP_ALIVE_MS = 10_000;
/**
 * Each log of a process has its own, once for its work and once for its readers: ten logs, with a stand-by, must fit into
 * PostgreSQL's default of 100 connections.
 */
const READERS = 2;
const READER_IDLE_MS = 30_000;
const CLOSE_WITHIN_MS = 3_000;

/** One connection that writes, in order, and a few that read beside it. */
export class Connections {
  readonly #writer: Pool;
  readonly #readers: Pool;

  constructor(place: PostgresPlace, timeouts: Timeouts = DEFAULT_TIMEOUTS) {
    this.#writer = poolOf(place, timeouts, { max: 1, idleTimeoutMillis: 0 });
    this.#readers = poolOf(place, timeouts, { max: READERS, idleTimeoutMillis: READER_IDLE_MS });
  }

  read(statement: Statement): Promise<Rows> {
    return once(this.#readers, statement);
  }

  /** One statement that is a transaction by itself. */
  write(statement: Statement): Promise<Rows> {
    return once(this.#writer, statement);
  }

  /**
   * One statement that is a transaction by itself, and durable when this resolves.
   * @throws {ServiceError} `STORE_UNKNOWN` when it was sent and its result did not come; otherwise nothing happened
   */
  async commit(statement: Statement): Promise<Rows> {
    const client = await acquire(this.#writer);
    return durably(client, () => run(client, statement));
  }

  /**
   * All of `work` or nothing.
   * @throws {ServiceError} `STORE_UNKNOWN` when COMMIT was sent and its result did not come; otherwise nothing happened
   */
  async transaction<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const client = await acquire(this.#writer);
    let result: T;
    try {
      await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
      result = await work((statement) => run(client, statement));
    } catch (error) {
      client.release(!(await isRolledBack(client, error)));
      throw storeFailure(error);
    }
    await durably(client, async () => {
      const { command } = await client.query('COMMIT');
      if (command !== 'COMMIT') throw new ServiceError('STORE_UNKNOWN', { got: command });
    });
    return result;
  }

  /** A server that is away, or a connection that is half open, does not say goodbye: it is waited for no longer than this. */
  async close(): Promise<void> {
    await within(CLOSE_WITHIN_MS, Promise.all([this.#writer.end(), this.#readers.end()]));
  }
}

function poolOf(
  place: PostgresPlace,
  timeouts: Timeouts,
  size: { max: number; idleTimeoutMillis: number },
): Pool {
  const { host, port, user, database } = parsePostgresUrl(place.url);
  const pool = new Pool({
    host,
    port,
    user,
    database,
    password: () => readPassword(place),
    ssl: tlsOptions(place),
    application_name: 'showcause',
    client_encoding: 'utf8',
    options: `-c search_path=${place.schema} -c bytea_output=hex -c statement_timeout=${timeouts.statementMs} -c lock_timeout=${timeouts.lockMs} -c idle_in_transaction_session_timeout=${timeouts.idleTransactionMs} -c default_transaction_isolation=read\\ committed`,
    connectionTimeoutMillis: timeouts.connectMs,
    query_timeout: timeouts.statementMs + GRACE_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: { getTypeParser },
    ...size,
  });
  // A connection that dies while nobody uses it leaves the pool; one in use fails its statement. Neither ends the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

const durable = new WeakSet<PoolClient>();

/**
 * A connection is looked at once, before anybody gets it. Not by the pool's own `verify`: a wait that ran out while that
 * was under way leaves the connection in nobody's hands, and the pool without it for ever.
 */
async function acquire(pool: Pool): Promise<PoolClient> {
  let client: PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw storeFailure(error);
  }
  if (durable.has(client)) return client;
  try {
    await assertDurable(client);
  } catch (error) {
    client.release(true);
    throw storeFailure(error);
  }
  durable.add(client);
  return client;
}

async function once(pool: Pool, statement: Statement): Promise<Rows> {
  const client = await acquire(pool);
  let isBroken = true;
  try {
    const rows = await run(client, statement);
    isBroken = false;
    return rows;
  } catch (error) {
    throw storeFailure(error);
  } finally {
    client.release(isBroken);
  }
}

async function run(client: PoolClient, { name, text, values }: Statement): Promise<Rows> {
  const result: QueryArrayResult<PostgresValue[]> = await client.query({
    ...(name === undefined ? {} : { name }),
    text,
    ...(values === undefined ? {} : { values: [...values] }),
    rowMode: 'array',
  });
  return { rows: result.rows, count: result.rowCount ?? 0 };
}

/** Whether the connection is fit for use again. */
async function isRolledBack(client: PoolClient, error: unknown): Promise<boolean> {
  if (!(error instanceof ServiceError) && !isRefusal(error)) return false;
  try {
    await client.query('ROLLBACK');
    return true;
  } catch {
    return false;
  }
}

/** Does what commits, then lets go of the connection. */
async function durably<T>(client: PoolClient, work: () => Promise<T>): Promise<T> {
  // A server that could not wait for its stand-by says so in a warning, and commits alone.
  let isWarned = false;
  const onNotice = ({ severity }: { severity?: string | undefined }): void => {
    isWarned ||= severity === 'WARNING';
  };
  client.on('notice', onNotice);
  try {
    const result = await work();
    if (isWarned) throw new ServiceError('STORE_UNKNOWN', { got: 'a warning' });
    client.off('notice', onNotice);
    client.release();
    return result;
  } catch (error) {
    client.off('notice', onNotice);
    client.release(!isRefusal(error));
    if (error instanceof ServiceError || isRefusal(error)) throw storeFailure(error);
    throw new ServiceError('STORE_UNKNOWN', { got: storeFailure(error).got });
  }
}

const parsers = new Map<number, (text: string) => PostgresValue>([
  [16, (text) => text === 't'],
  [17, (text) => bytesOf(Buffer.from(text.slice(2), 'hex'))],
  [20, exactNumber],
  [21, exactNumber],
  [23, exactNumber],
]);

export function getTypeParser(oid: number): (text: string) => PostgresValue {
  return parsers.get(oid) ?? ((text) => text);
}

function bytesOf(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

function exactNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new ServiceError('STORE_CORRUPT', { got: text });
  return number;
}
