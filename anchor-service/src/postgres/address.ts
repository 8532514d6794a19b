import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { readSecretFile } from '@showcause/core/node';
import { ServiceError } from '../errors.ts';

/** Where a log lies in PostgreSQL, as the configuration says it; paths absolute. */
export interface PostgresPlace {
  /** `postgres://user@host:port/database`, `?sslmode=disable|verify-full`, `?host=/folder/of/a/socket` */
  url: string;
  /** 0600, holds the password alone; read again for each new connection */
  passwordFile: string | null;
  /** certificates that the server's must lead to, PEM; null: those of Node */
  caFile: string | null;
  /** One log, one schema. */
  schema: string;
}

export interface PostgresAddress {
  /** a path where it is the folder of a Unix socket */
  host: string;
  port: number;
  user: string;
  /** empty where the URL holds none */
  password: string;
  database: string;
  tls: boolean;
}

const DEFAULT_PORT = 5432;
const SCHEMA = /^(?!pg_)[a-z][a-z0-9_]{0,62}$/;
const parameters: readonly string[] = ['sslmode', 'host'];

export function isSchemaName(name: string): boolean {
  return SCHEMA.test(name) && name !== 'information_schema';
}

/**
 * Reads the address strictly: settings that a URL could smuggle in are refused. Over a network TLS with a checked
 * certificate is what one gets, unless `sslmode=disable` says otherwise.
 * @throws {ServiceError} `CONFIG_MALFORMED`; its text never holds the URL, which may hold a password
 */
export function parsePostgresUrl(text: string): PostgresAddress {
  const url = URL.canParse(text) ? new URL(text) : refuse('no URL');
  if (!['postgres:', 'postgresql:'].includes(url.protocol)) refuse(`scheme ${url.protocol}`);
  for (const name of url.searchParams.keys())
    if (!parameters.includes(name)) refuse(`parameter ${name}`);
  const host = url.searchParams.get('host') ?? decoded(url.hostname).replace(/^\[|\]$/g, '');
  const database = decoded(url.pathname.slice(1));
  const user = decoded(url.username);
  if (host === '' || database === '' || user === '' || database.includes('/'))
    refuse('an address without user, host or database', 'postgres://user@host/database');
  return {
    host,
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    user,
    password: decoded(url.password),
    database,
    tls: usesTls(url.searchParams.get('sslmode'), host),
  };
}

/** The address as logs and errors may show it. */
export function describePlace({ url, schema }: Pick<PostgresPlace, 'url' | 'schema'>): string {
  const { host, port, user, database } = parsePostgresUrl(url);
  return `${user}@${host}:${port}/${database}, schema ${schema}`;
}

/** @throws {ServiceError} `CONFIG_PASSWORD` */
export function readPassword({ url, passwordFile }: PostgresPlace): string {
  if (passwordFile === null) return parsePostgresUrl(url).password;
  try {
    return readSecretFile(passwordFile).toString('utf8').trimEnd();
  } catch (cause) {
    throw new ServiceError('CONFIG_PASSWORD', { got: passwordFile, cause });
  }
}

/** What `tls.connect` takes, or false. @throws {ServiceError} `CONFIG_FILE` */
export function tlsOptions({ url, caFile }: PostgresPlace): false | Record<string, string | true> {
  const { host, tls } = parsePostgresUrl(url);
  if (!tls) return false;
  const name = isIP(host) === 0 ? { servername: host } : {};
  if (caFile === null) return { rejectUnauthorized: true, ...name };
  try {
    return { rejectUnauthorized: true, ...name, ca: readFileSync(caFile, 'utf8') };
  } catch (cause) {
    throw new ServiceError('CONFIG_FILE', { got: caFile, cause });
  }
}

function usesTls(mode: string | null, host: string): boolean {
  if (mode === 'verify-full') return true;
  if (mode === 'disable') return false;
  if (mode !== null) refuse(`sslmode ${mode}`, 'disable or verify-full');
  return !host.startsWith('/') && !['localhost', '127.0.0.1', '::1'].includes(host);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return refuse('a wrong percent sign');
  }
}

function refuse(got: string, want?: string): never {
  throw new ServiceError('CONFIG_MALFORMED', {
    got: `${got} in store.url`,
    ...(want === undefined ? {} : { want }),
  });
}
