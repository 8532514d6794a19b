import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseJson } from '@showcause/core';
import type { Json } from '@showcause/core';
import { readSecretFile } from '@showcause/core/node';
import * as v from 'valibot';
import { parse as parseYaml } from 'yaml';
import { anchorOf, anchorSchema } from './config/anchor.ts';
import type { AnchorConfig } from './config/anchor.ts';
import { countersignerOf, countersignerSchema } from './config/countersigner.ts';
import type { CountersignerConfig } from './config/countersigner.ts';
import { http, milliseconds, path, url } from './config/values.ts';
import { overlayEnvironment } from './config-env.ts';
import type { Environment } from './config-env.ts';
import { ServiceError } from './errors.ts';
import { isSchemaName, parsePostgresUrl } from './postgres/address.ts';
import { nameOf } from './s3/place.ts';
import { signedFileOf } from './signed-file.ts';

const MAX_CONFIG_BYTES = 64 * 1024;
const MIN_TOKEN_CHARACTERS = 16;
/** Each has its own thread, connections and label in the metrics. */
const MAX_LOGS = 64;

const name = v.pipe(
  v.string(),
  v.maxLength(64),
  v.regex(/^[a-z0-9][a-z0-9-]*(\/[a-z0-9][a-z0-9-]*)*$/),
);
/** A step of a path and a label: `/logs/loans-eu/checkpoint`. */
const logName = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,62}$/));
const optionalPath = v.optional(v.nullable(path), null);
const kafkaTls = v.strictObject({
  caFile: optionalPath,
  certFile: optionalPath,
  keyFile: optionalPath,
  serverName: v.optional(v.nullable(v.pipe(v.string(), v.minLength(1), v.maxLength(253))), null),
});
const kafkaLogin = v.strictObject({
  mechanism: v.picklist(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']),
  username: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
  passwordFile: optionalPath,
});
const transport = v.variant('kind', [
  v.strictObject({
    kind: v.literal('embedded'),
    spools: v.pipe(v.array(path), v.minLength(1), v.maxLength(256)),
  }),
  v.strictObject({
    kind: v.literal('kafka'),
    brokers: v.pipe(
      v.array(v.pipe(v.string(), v.regex(/^[^\s:/]{1,255}:[0-9]{1,5}$/))),
      v.minLength(1),
      v.maxLength(32),
    ),
    topic: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]{1,249}$/)),
    client: v.optional(v.picklist(['kafkajs', 'platformatic']), 'kafkajs'),
    tls: v.optional(v.nullable(kafkaTls), null),
    sasl: v.optional(v.nullable(kafkaLogin), null),
    /** of a topic that this service makes */
    partitions: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1024)), 3),
    replicas: v.optional(
      v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(16))),
      null,
    ),
  }),
]);

const postgresStore = v.strictObject({
  kind: v.literal('postgres'),
  url: v.pipe(v.string(), v.maxLength(2048), v.regex(/^postgres(ql)?:/)),
  passwordFile: v.optional(v.nullable(path), null),
  caFile: v.optional(v.nullable(path), null),
  schema: v.optional(v.pipe(v.string(), v.check(isSchemaName, 'no schema name')), 'showcause'),
  /** newest signed checkpoint, kept apart from the database */
  signedFile: v.optional(path, './signed.json'),
  /** how long a stand-by waits after the last sign of life */
  leaseMs: v.optional(v.pipe(milliseconds(500), v.maxValue(60_000)), 5_000),
});
const s3Log = v.strictObject({
  kind: v.literal('s3'),
  bucket: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)),
  /** before every key, such as `loans/`; a slash is put at its end */
  prefix: v.optional(
    v.pipe(v.string(), v.regex(/^([A-Za-z0-9_-][A-Za-z0-9._-]{0,62}\/?){0,8}$/)),
    '',
  ),
  region: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,63}$/)), 'us-east-1'),
  endpoint: v.optional(v.nullable(url), null),
  /** the bucket in the path instead of the host's name: most servers of one's own want that */
  forcePathStyle: v.optional(v.boolean(), false),
  /** both, or neither for what the environment and the machine offer */
  accessKeyId: v.optional(v.nullable(v.pipe(v.string(), v.regex(/^[!-~]{1,256}$/))), null),
  secretKeyFile: v.optional(v.nullable(path), null),
  caFile: v.optional(v.nullable(path), null),
  requestMs: v.optional(v.pipe(milliseconds(100), v.maxValue(60_000)), 5_000),
  totalMs: v.optional(v.pipe(milliseconds(100), v.maxValue(600_000)), 30_000),
});
/** A path is a folder. */
const publishedLog = v.lazy((input) => (typeof input === 'object' ? s3Log : path));
/** A path is SQLite's file. */
const store = v.lazy((input) => (typeof input === 'object' ? postgresStore : path));

/** What one log is made of. */
const logMembers = {
  keys: path,
  genesis: path,
  registrations: v.pipe(v.array(path), v.maxLength(256)),
  store,
  log: publishedLog,
  public: v.boolean(),
  readerTokenFile: v.optional(v.nullable(path), null),
  producer: name,
  checkpointIntervalMs: v.optional(milliseconds(10), 200),
  transport,
  anchor: v.optional(v.nullable(anchorSchema), null),
};
/** What all logs of a service share. */
const rimMembers = {
  v: v.literal(1),
  http,
  /** where Prometheus reads `/metrics`; null: nowhere */
  metrics: v.optional(v.nullable(http), null),
  /** how long a stop goes on answering readers, not ready, before it takes no more of them */
  drainMs: v.optional(v.pipe(milliseconds(0), v.maxValue(60_000)), 0),
};

const oneLogSchema = v.strictObject({ ...rimMembers, ...logMembers });
const manyLogsSchema = v.strictObject({
  ...rimMembers,
  logs: v.pipe(
    v.array(v.strictObject({ name: logName, ...logMembers })),
    v.minLength(1),
    v.maxLength(MAX_LOGS),
  ),
});
const serviceSchema = v.lazy((input) =>
  typeof input === 'object' && input !== null && Object.hasOwn(input, 'logs')
    ? manyLogsSchema
    : oneLogSchema,
);

type Rim = Omit<ManyLogs, 'logs'>;
type ManyLogs = v.InferOutput<typeof manyLogsSchema>;
type GivenMembers = Omit<ManyLogs['logs'][number], 'name'>;
type LogMembers = Omit<GivenMembers, 'anchor'> & { anchor: AnchorConfig | null };

/** What one log is made of; every path absolute. `name` is null where the service has this log alone. */
export type LogConfig = LogMembers & { name: string | null };
/** The same with what it shares with the other logs of its service. */
export type HostedLogConfig = LogConfig & Pick<Rim, 'http' | 'metrics'>;
/** Configuration of the anchor service, of one log or of several; every path absolute. */
export type ServiceConfig =
  | (Rim & LogMembers & { logs?: undefined })
  | (Rim & { logs: (LogMembers & { name: string })[] } & {
      [member in keyof LogMembers]?: undefined;
    });
export type { CountersignerConfig };

/**
 * Reads and checks a JSON or YAML file (`.yaml`, `.yml`) with what the environment says instead, as
 * {@link overlayEnvironment} spells it behind `SHOWCAUSE_SERVE__`. Relative paths are relative to the file.
 * @throws {ServiceError} `CONFIG_FILE`, `CONFIG_MALFORMED`, `CONFIG_ENVIRONMENT`
 */
export function readServiceConfig(file: string, env: Environment = {}): ServiceConfig {
  const at = (relative: string): string => resolve(dirname(file), relative);
  const config = read(serviceSchema, file, env, 'SHOWCAUSE_SERVE__');
  if (!('logs' in config)) return { ...config, ...locate(config, at, file) };
  const logs = config.logs.map(({ name, ...members }) => ({
    name,
    ...locate(members, at, `logs ${name} in ${file}`),
  }));
  for (const [member, place] of placesOfOneLog) refuseShared(logs, member, place, file);
  return { ...config, logs };
}

/** Before all that a log answers; empty where it is the only one. */
export function pathOf(name: string | null): string {
  return name === null ? '' : `/logs/${name}`;
}

/** The logs of a service, one or several. */
export function logsOf(config: ServiceConfig): HostedLogConfig[] {
  const { http, metrics } = config;
  if (config.logs === undefined) return [{ ...config, name: null }];
  return config.logs.map((log) => ({ ...log, http, metrics }));
}

const placesOfOneLog: readonly [string, (log: LogMembers) => string][] = [
  ['name', (log) => (log as LogConfig).name ?? ''],
  ['genesis', ({ genesis }) => genesis],
  [
    'log',
    ({ log }) => (typeof log === 'string' ? log : `${log.endpoint ?? log.region} ${nameOf(log)}`),
  ],
  [
    'store',
    ({ store }) => (typeof store === 'string' ? store : `${store.url} schema ${store.schema}`),
  ],
  ['signedFile (beside an SQLite file)', signedFileOf],
];

/** @throws {ServiceError} `CONFIG_MALFORMED` when two logs would write to one place */
function refuseShared(
  logs: readonly LogMembers[],
  member: string,
  place: (log: LogMembers) => string,
  file: string,
): void {
  if (new Set(logs.map(place)).size !== logs.length)
    throw new ServiceError('CONFIG_MALFORMED', {
      got: `two logs with one ${member} in ${file}`,
      want: 'one each',
    });
}

function locate(log: GivenMembers, at: (relative: string) => string, where: string): LogMembers {
  if (!log.public && log.readerTokenFile === null)
    throw new ServiceError('CONFIG_MALFORMED', {
      got: `no readerTokenFile in ${where}`,
      want: 'one, or "public": true',
    });
  const { transport, anchor } = log;
  return {
    ...log,
    keys: at(log.keys),
    genesis: at(log.genesis),
    registrations: log.registrations.map(at),
    store: storeOf(log.store, at),
    log: publishedLogOf(log.log, at, where),
    readerTokenFile: log.readerTokenFile === null ? null : at(log.readerTokenFile),
    transport: transportOf(transport, at),
    anchor: anchor === null ? null : anchorOf(anchor, at, where),
  };
}

function transportOf(
  transport: LogMembers['transport'],
  at: (relative: string) => string,
): LogMembers['transport'] {
  if (transport.kind === 'embedded') return { ...transport, spools: transport.spools.map(at) };
  const { tls, sasl } = transport;
  if (sasl?.mechanism === 'PLAIN' && tls === null)
    throw new ServiceError('CONFIG_MALFORMED', {
      got: 'transport.sasl with PLAIN and no transport.tls',
      want: 'tls, which may be {}, or SCRAM',
    });
  const file = (relative: string | null): string | null => relative && at(relative);
  return {
    ...transport,
    tls: tls && {
      ...tls,
      caFile: file(tls.caFile),
      certFile: file(tls.certFile),
      keyFile: file(tls.keyFile),
    },
    sasl: sasl && { ...sasl, passwordFile: file(sasl.passwordFile) },
  };
}

function publishedLogOf(
  log: LogMembers['log'],
  at: (relative: string) => string,
  where: string,
): LogMembers['log'] {
  if (typeof log === 'string') return at(log);
  if ((log.accessKeyId === null) !== (log.secretKeyFile === null))
    throw new ServiceError('CONFIG_MALFORMED', {
      got: `one of accessKeyId and secretKeyFile in ${where}`,
      want: 'both, or neither',
    });
  return {
    ...log,
    prefix: log.prefix === '' || log.prefix.endsWith('/') ? log.prefix : `${log.prefix}/`,
    secretKeyFile: log.secretKeyFile === null ? null : at(log.secretKeyFile),
    caFile: log.caFile === null ? null : at(log.caFile),
  };
}

function storeOf(
  store: LogMembers['store'],
  at: (relative: string) => string,
): LogMembers['store'] {
  if (typeof store === 'string') return at(store);
  const { password } = parsePostgresUrl(store.url);
  if (password !== '' && store.passwordFile !== null)
    throw new ServiceError('CONFIG_MALFORMED', {
      got: 'two passwords of the store',
      want: 'passwordFile alone',
    });
  return {
    ...store,
    passwordFile: store.passwordFile === null ? null : at(store.passwordFile),
    caFile: store.caFile === null ? null : at(store.caFile),
    signedFile: at(store.signedFile),
  };
}

/** The same for a countersigner, behind `SHOWCAUSE_COUNTERSIGN__`. @throws {ServiceError} as {@link readServiceConfig} */
export function readCountersignerConfig(file: string, env: Environment = {}): CountersignerConfig {
  const at = (relative: string): string => resolve(dirname(file), relative);
  return countersignerOf(read(countersignerSchema, file, env, 'SHOWCAUSE_COUNTERSIGN__'), at);
}

/** The token in a 0600 file. @throws {ServiceError} `CONFIG_TOKEN` */
export function readToken(file: string): string {
  let token: string;
  try {
    token = readSecretFile(file).toString('utf8').trim();
  } catch (cause) {
    throw new ServiceError('CONFIG_TOKEN', { got: file, cause });
  }
  if (token.length < MIN_TOKEN_CHARACTERS || !/^[!-~]+$/.test(token))
    throw new ServiceError('CONFIG_TOKEN', {
      got: `${token.length} characters in ${file}`,
      want: `at least ${MIN_TOKEN_CHARACTERS} visible ones`,
    });
  return token;
}

/** @throws {ServiceError} `CONFIG_FILE` */
export function readConfigured(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (cause) {
    throw new ServiceError('CONFIG_FILE', { got: file, cause });
  }
}

function read<S extends v.GenericSchema>(
  schema: S,
  file: string,
  env: Environment,
  prefix: string,
): v.InferOutput<S> {
  const { value, given } = overlayEnvironment(readDocument(file), env, prefix);
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue) ?? 'the whole file';
  const place = given.get(where) ?? file;
  if (isMissingMember(issue))
    throw new ServiceError('CONFIG_MALFORMED', { got: `${where} missing in ${place}` });
  throw new ServiceError('CONFIG_MALFORMED', {
    got: `${where} in ${place}`,
    want: issue.expected ?? 'a lawful value',
  });
}

/** Both formats to the same strict values: no name twice, no number that a double cannot hold. */
function readDocument(file: string): Json {
  const bytes = readConfigured(file);
  if (bytes.length > MAX_CONFIG_BYTES)
    throw new ServiceError('CONFIG_MALFORMED', { got: `${bytes.length} bytes in ${file}` });
  const isYaml = /\.ya?ml$/.test(file);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return parseJson(isYaml ? JSON.stringify(parseYaml(text, { strict: true })) : text);
  } catch (cause) {
    const want = isYaml ? 'YAML 1.2 that JSON can say' : 'strict JSON';
    throw new ServiceError('CONFIG_MALFORMED', { got: `other text in ${file}`, want, cause });
  }
}

function isMissingMember({ received, path: steps }: v.BaseIssue<unknown>): boolean {
  const last = steps?.at(-1);
  return (
    received === 'undefined' &&
    last !== undefined &&
    !Object.hasOwn(last.input as object, String(last.key))
  );
}
