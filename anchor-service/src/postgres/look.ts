import { Client } from 'pg';
import type { StoreLook } from '../doctor/store.ts';
import { describePlace, parsePostgresUrl, readPassword, tlsOptions } from './address.ts';
import type { PostgresPlace } from './address.ts';
import { DEFAULT_TIMEOUTS, getTypeParser } from './connections.ts';
import type { PostgresValue } from './connections.ts';
import { storeFailure } from './failures.ts';
import { migrations } from './migrations.ts';
import { dangerousSettings } from './settings.ts';

/**
 * A schema as it is, beside a service that works on it, whatever the settings of its server: nothing is written.
 * @throws {ServiceError} `STORE_CONNECT`, `STORE_TIMEOUT`, `CONFIG_PASSWORD`
 */
export async function lookIntoPostgres(place: PostgresPlace): Promise<StoreLook> {
  const client = clientOf(place);
  client.on('error', () => undefined);
  try {
    await client.connect();
    const rows = rowsOf(client);
    return {
      place: describePlace(place),
      schema: { found: await schemaVersion(rows, place.schema), wanted: migrations.length },
      settings: await settingsOf(rows),
      rows,
      close: () => client.end(),
    };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw storeFailure(error);
  }
}

function clientOf(place: PostgresPlace): Client {
  const { host, port, user, database } = parsePostgresUrl(place.url);
  return new Client({
    host,
    port,
    user,
    database,
    password: () => readPassword(place),
    ssl: tlsOptions(place),
    application_name: 'showcause-doctor',
    options: `-c search_path=${place.schema} -c bytea_output=hex -c statement_timeout=${DEFAULT_TIMEOUTS.statementMs}`,
    connectionTimeoutMillis: DEFAULT_TIMEOUTS.connectMs,
    query_timeout: DEFAULT_TIMEOUTS.statementMs,
    types: { getTypeParser },
  });
}

function rowsOf(client: Client): StoreLook['rows'] {
  return async (sql) => {
    try {
      const { rows } = await client.query<PostgresValue[]>({ text: sql, rowMode: 'array' });
      return rows;
    } catch (error) {
      throw storeFailure(error);
    }
  };
}

/** 0 where the service has not made its tables yet. */
async function schemaVersion(rows: StoreLook['rows'], schema: string): Promise<number> {
  const [found] = await rows(`SELECT to_regclass('${schema}.version') IS NOT NULL`);
  if (found?.[0] !== true) return 0;
  return Number((await rows('SELECT version FROM version'))[0]?.[0]);
}

async function settingsOf(rows: StoreLook['rows']): Promise<StoreLook['settings']> {
  const [values = []] = await rows(
    `SELECT current_setting('data_checksums'), ${dangerousSettings.map(({ name }) => `current_setting('${name}')`).join(', ')}`,
  );
  const [checksums, ...found] = values;
  return {
    checksums: checksums === 'on',
    dangerous: dangerousSettings
      .filter(({ value }, i) => found[i] === value)
      .map(({ name, value }) => `${name}=${value}`),
  };
}
