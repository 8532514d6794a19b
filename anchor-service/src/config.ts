import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseJson } from '@showcause/core';
import { readSecretFile } from '@showcause/core/node';
import * as v from 'valibot';
import { ServiceError } from './errors.ts';

const MAX_CONFIG_BYTES = 64 * 1024;
const MIN_TOKEN_CHARACTERS = 16;

const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
const url = v.pipe(v.string(), v.maxLength(2048), v.url(), v.regex(/^https?:/));
const http = v.strictObject({
  host: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
  port: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
});
const name = v.pipe(
  v.string(),
  v.maxLength(64),
  v.regex(/^[a-z0-9][a-z0-9-]*(\/[a-z0-9][a-z0-9-]*)*$/),
);
const milliseconds = (least: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(86_400_000));

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
  }),
]);

const anchor = v.strictObject({
  rpcUrl: url,
  countersigner: v.strictObject({ url, tokenFile: path }),
  pollMs: v.optional(milliseconds(10), 1_000),
  minAdvanceIntervalMs: v.optional(milliseconds(0), 0),
});

const serviceSchema = v.strictObject({
  v: v.literal(1),
  keys: path,
  genesis: path,
  registrations: v.pipe(v.array(path), v.maxLength(256)),
  store: path,
  log: path,
  public: v.boolean(),
  readerTokenFile: v.optional(v.nullable(path), null),
  http,
  producer: name,
  checkpointIntervalMs: v.optional(milliseconds(10), 200),
  transport,
  anchor: v.optional(v.nullable(anchor), null),
});

const countersignerSchema = v.strictObject({
  v: v.literal(1),
  keys: path,
  policy: path,
  /** where it is given, the contract's address is computed from it and must be the policy's */
  genesis: v.optional(v.nullable(path), null),
  log: path,
  readerTokenFile: v.optional(v.nullable(path), null),
  tokenFile: path,
  state: path,
  http,
});

/** Configuration of the anchor service; every path absolute. */
export type ServiceConfig = v.InferOutput<typeof serviceSchema>;
/** Configuration of a countersigner; every path absolute; `log` is a folder or a URL. */
export type CountersignerConfig = v.InferOutput<typeof countersignerSchema>;

/** Reads and checks a JSON file. Relative paths are relative to it. @throws {ServiceError} `CONFIG_FILE`, `CONFIG_MALFORMED` */
export function readServiceConfig(file: string): ServiceConfig {
  const at = (relative: string): string => resolve(dirname(file), relative);
  const config = parse(serviceSchema, readJson(file), file);
  if (!config.public && config.readerTokenFile === null)
    throw new ServiceError('CONFIG_MALFORMED', {
      got: `no readerTokenFile in ${file}`,
      want: 'one, or "public": true',
    });
  return {
    ...config,
    keys: at(config.keys),
    genesis: at(config.genesis),
    registrations: config.registrations.map(at),
    store: at(config.store),
    log: at(config.log),
    readerTokenFile: config.readerTokenFile === null ? null : at(config.readerTokenFile),
    transport:
      config.transport.kind === 'embedded'
        ? { ...config.transport, spools: config.transport.spools.map(at) }
        : config.transport,
    anchor:
      config.anchor === null
        ? null
        : {
            ...config.anchor,
            countersigner: {
              ...config.anchor.countersigner,
              tokenFile: at(config.anchor.countersigner.tokenFile),
            },
          },
  };
}

/** @throws {ServiceError} `CONFIG_FILE`, `CONFIG_MALFORMED` */
export function readCountersignerConfig(file: string): CountersignerConfig {
  const at = (relative: string): string => resolve(dirname(file), relative);
  const config = parse(countersignerSchema, readJson(file), file);
  return {
    ...config,
    keys: at(config.keys),
    policy: at(config.policy),
    genesis: config.genesis === null ? null : at(config.genesis),
    log: /^https?:\/\//.test(config.log) ? config.log : at(config.log),
    readerTokenFile: config.readerTokenFile === null ? null : at(config.readerTokenFile),
    tokenFile: at(config.tokenFile),
    state: at(config.state),
  };
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

function readJson(file: string): unknown {
  const bytes = readConfigured(file);
  if (bytes.length > MAX_CONFIG_BYTES)
    throw new ServiceError('CONFIG_MALFORMED', { got: `${bytes.length} bytes in ${file}` });
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ServiceError('CONFIG_MALFORMED', { got: `no strict JSON in ${file}`, cause });
  }
}

function parse<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  file: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue) ?? 'the whole file';
  if (isMissingMember(issue))
    throw new ServiceError('CONFIG_MALFORMED', { got: `${where} missing in ${file}` });
  throw new ServiceError('CONFIG_MALFORMED', {
    got: `${where} in ${file}`,
    want: issue.expected ?? 'a lawful value',
  });
}

function isMissingMember({ received, path: steps }: v.BaseIssue<unknown>): boolean {
  const last = steps?.at(-1);
  return (
    received === 'undefined' &&
    last !== undefined &&
    !Object.hasOwn(last.input as object, String(last.key))
  );
}
