import * as v from 'valibot';
import { isClientRule } from '../countersigner/client-rules.ts';
import { locateSigner, optionalSigner } from '../signers/config.ts';
import { ServiceError } from '../errors.ts';
import { isLoopback } from '../loopback.ts';
import { http, milliseconds, path, url, whole } from './values.ts';

const optionalPath = v.optional(v.nullable(path), null);
/** Own certificate and key, PEM. */
const tlsMembers = { certFile: path, keyFile: path };
/** A token in clear, on a network that nobody else is on. */
const allowPlainHttp = v.optional(v.boolean(), false);
const MAX_CLIENTS = 16;
const MAX_RULE_CHARACTERS = 1_100;

/** How the anchorer reaches its countersigner; without `tls.caFile` the roots that Node knows count. */
export const countersignerAccessSchema = v.strictObject({
  url,
  tokenFile: path,
  tls: v.optional(v.nullable(v.strictObject({ ...tlsMembers, caFile: optionalPath })), null),
  allowPlainHttp,
});

export type CountersignerAccess = v.InferOutput<typeof countersignerAccessSchema>;

/** @throws {ServiceError} `CONFIG_MALFORMED` for plain HTTP beyond this machine */
export function countersignerAccessOf(
  access: CountersignerAccess,
  at: (relative: string) => string,
): CountersignerAccess {
  const { tls } = access;
  const { protocol, hostname } = new URL(access.url);
  refusePlain('anchor.countersigner.url', protocol === 'https:', hostname, access);
  return {
    ...access,
    tokenFile: at(access.tokenFile),
    tls: tls && { ...located(tls, at), caFile: tls.caFile && at(tls.caFile) },
  };
}

export const countersignerSchema = v.strictObject({
  v: v.literal(1),
  keys: path,
  policy: path,
  /** where it is given, the contract's address is computed from it and must be the policy's */
  genesis: optionalPath,
  log: path,
  readerTokenFile: optionalPath,
  tokenFile: path,
  state: path,
  /** who holds its key */
  signer: optionalSigner,
  /** a second place for the newest signed head, best on another disk */
  markFile: optionalPath,
  /** size of the contract's head when this key took over from another */
  takesOverAt: v.optional(v.nullable(whole(1, 2 ** 48 - 1)), null),
  http,
  tls: v.optional(
    v.nullable(
      v.strictObject({
        ...tlsMembers,
        /** roots of the clients' certificates */
        caFile: path,
        /** who may ask: `sha256:…` of a certificate, `dns:…` or `uri:…` of its alternative names */
        clients: v.pipe(
          v.array(
            v.pipe(
              v.string(),
              v.maxLength(MAX_RULE_CHARACTERS),
              v.check(isClientRule, 'no client'),
            ),
          ),
          v.minLength(1),
          v.maxLength(MAX_CLIENTS),
        ),
      }),
    ),
    null,
  ),
  allowPlainHttp,
  /** where `/status`, `/readyz`, `/healthz` and `/metrics` are answered, without a token; null: nowhere */
  monitor: v.optional(v.nullable(http), null),
  limits: v.optional(
    v.strictObject({
      requestsPerMinute: v.optional(whole(1, 6_000), 120),
      minSignatureIntervalMs: v.optional(milliseconds(0), 0),
      /** the anchorer waits a minute for an answer */
      requestMs: v.optional(whole(100, 50_000), 20_000),
    }),
    {},
  ),
});

/** Configuration of a countersigner; every path absolute; `log` is a folder or a URL. */
export type CountersignerConfig = v.InferOutput<typeof countersignerSchema>;

/** @throws {ServiceError} `CONFIG_MALFORMED` for plain HTTP beyond this machine */
export function countersignerOf(
  config: CountersignerConfig,
  at: (relative: string) => string,
): CountersignerConfig {
  const { tls } = config;
  refusePlain('http.host', tls !== null, config.http.host, config);
  const optional = (file: string | null): string | null => file && at(file);
  return {
    ...config,
    keys: at(config.keys),
    policy: at(config.policy),
    genesis: optional(config.genesis),
    log: /^https?:\/\//.test(config.log) ? config.log : at(config.log),
    readerTokenFile: optional(config.readerTokenFile),
    tokenFile: at(config.tokenFile),
    state: at(config.state),
    signer: locateSigner(config.signer, at),
    markFile: optional(config.markFile),
    tls: tls && { ...located(tls, at), caFile: at(tls.caFile) },
  };
}

function located<T extends { certFile: string; keyFile: string }>(
  tls: T,
  at: (relative: string) => string,
): T {
  return { ...tls, certFile: at(tls.certFile), keyFile: at(tls.keyFile) };
}

/** A token would travel in clear without somebody's word for the way. */
function refusePlain(
  member: string,
  isTls: boolean,
  host: string,
  { allowPlainHttp: isAllowed }: { allowPlainHttp: boolean },
): void {
  if (!isTls && !isAllowed && !isLoopback(host))
    throw new ServiceError('CONFIG_MALFORMED', {
      got: `${member}: plain HTTP beyond this machine`,
      want: 'TLS, or "allowPlainHttp": true where nobody else is on the way',
    });
}
